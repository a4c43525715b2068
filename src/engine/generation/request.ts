// A request for text, and the record of how it ended.
import type { Begun, GenerateOptions, GeneratedToken, Generation } from './generate';
import type { LoadOptions } from '../models/host';
import type { CalledTools } from './tool-calls';
import type { Dry } from './dry';
import type { Prompt } from './prompt';
import type { ResponseFormat } from '../forms/response-format';
import type { AdapterUse } from '../training/types';

export interface EngineRequest extends GenerateOptions {
  /** A model's id. */
  readonly model: string;
  readonly prompt: Prompt;
  /** Instead of those that the model is used with; an empty list is the base. */
  readonly adapters?: readonly AdapterUse[] | undefined;
  /** Against repeats; off without it. */
  readonly dry?: Dry | undefined;
  /** What form the answer has; any text without it. */
  readonly responseFormat?: ResponseFormat | undefined;
  /** Ends the answer to a chat where the next turn would begin, for a model that was not trained to end it; true without it. */
  readonly stopAtNextTurn?: boolean | undefined;
  /** The answer so far, which is continued: its tokens come again first. Tokens up to `maxTokens` are written beside them. */
  readonly begun?: Begun | undefined;
  /** Told as a model that is not on the GPU yet is loaded. */
  readonly onProgress?: LoadOptions['onProgress'];
}

export interface EngineGeneration extends Generation {
  /** Where the prompt has tools: what was said beside calls, and the calls. */
  readonly called?: CalledTools;
  /** Oldest messages left out so that the conversation fits the context. */
  readonly droppedMessages: number;
}

/** `Engine.generate`. */
export type Generate = (request: EngineRequest) => AsyncGenerator<GeneratedToken, EngineGeneration, void>;
