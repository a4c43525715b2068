// Text from a model, and the prompts that it is made from.
import type { ResponseFormat } from '../../engine/forms/response-format';
import type { Generation } from '../../engine/generation/generate';
import type { Prompt, PromptSize } from '../../engine/generation/prompt';
import type { EngineGeneration, EngineRequest } from '../../engine/generation/request';
import type { Sampling } from '../../ops/sample/sampling';
import type { Thinking } from '../../tokenizer/thinking';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';

export type { ChatMessage } from '../../tokenizer/chat-message';
export type { ResponseFormat };
export type { TokenLogprobs } from '../../engine/generation/token-logprobs';
export type { ChatStyle } from '../../tokenizer/chat-styles';
export type { Prompt, PromptTemplate };

/** `stop`: EOS or a stop string; `length`: max tokens or context full; `abort`: the person pressed Stop. */
export type FinishReason = Generation['finish'];

/** Sampling controls with the limit on new tokens; names as in Hugging Face transformers. */
export interface SamplingOptions extends Sampling {
  readonly maxTokens: number;
}

type Asked =
  | 'prompt'
  | 'adapters'
  | 'begun'
  | 'thinkingBudget'
  | 'adjustments'
  | 'dry'
  | 'topLogprobs'
  | 'beams'
  | 'responseFormat';

export interface GenerateRequest extends Pick<EngineRequest, Asked> {
  /** Chosen by the caller; names the generation in events and in `stop`. */
  readonly id: string;
  readonly modelId: string;
  readonly sampling: SamplingOptions;
  readonly stop: readonly string[];
}

/** The thinking of a model: `switchable` where it can be turned on and off. */
export type ModelThinking = Pick<Thinking, 'switchable'>;

/** A thought as it grows: its tokens, and the time since its first one. */
export interface ThoughtFigures {
  readonly tokens: number;
  readonly ms: number;
}

/** Tokens and times of a generation; `firstTokenMs` includes the queue and the loading. */
export type GenerationTiming = Pick<
  EngineGeneration,
  'promptTokens' | 'cachedTokens' | 'completionTokens' | 'droppedMessages' | 'firstTokenMs' | 'tokensPerSecond'
>;

export interface GenerationVerbs {
  /** Queues a generation; text, end and failure come as events. */
  start(request: GenerateRequest): Promise<void>;
  stop(id: string): Promise<void>;
}

export interface PromptVerbs {
  /** The exact text that a prompt becomes for a model. */
  preview(modelId: string, prompt: Prompt): Promise<string>;
  /** Tokens that a prompt takes of a context, as it would be sent. */
  measure(modelId: string, prompt: Prompt, context: number, maxTokens: number): Promise<PromptSize>;
  /** The fault of a form of answers and its place; undefined for a sound form. No model is needed. */
  checkFormat(format: ResponseFormat): Promise<string | undefined>;
  /** The instruct templates that Pronk brings. */
  templates(): Promise<readonly PromptTemplate[]>;
}
