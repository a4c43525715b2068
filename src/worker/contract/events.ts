// What the worker says unasked.
import type { Waiting } from '../../engine/models/device-wait';
import type { ModelSummary } from '../../engine/models/summary';
import type { AdapterSummary, TrainingEvent } from '../../engine/training/types';
import type { TokenLogprobs } from '../../engine/generation/token-logprobs';
import type { CalledTools } from '../../engine/generation/tool-calls';
import type { FinishReason, GenerationTiming, ModelThinking, ThoughtFigures } from './generation';

export interface DeviceSummary {
  /** e.g. `Apple M2`, `Google SwiftShader` */
  readonly name: string;
  /** A CPU that plays a GPU: slow. */
  readonly software: boolean;
  readonly features: readonly string[];
  /** Bytes of GPU buffers in use by purpose. */
  readonly memory: Readonly<Record<string, number>>;
}

export interface ErrorData {
  code: string;
  message: string;
}

export type ProgressTask = 'load' | 'import' | 'save' | 'verify' | 'quality' | 'measure';

/** Everything that the worker says, through one subscribed callback. */
export type WorkerEvent =
  | { type: 'device'; device: DeviceSummary }
  | { type: 'device-lost'; message: string }
  /** The browser gives no adapter, and is asked again after so many seconds; undefined when there is one. */
  | { type: 'device-wait'; waiting: Waiting | undefined }
  /** A model was removed in another window. Told before the list that lacks it. */
  | { type: 'model-removed'; modelId: string; name: string }
  /** Bytes done of all; `stage` is a word to show. */
  | { type: 'progress'; task: ProgressTask; id: string; stage: string; done: number; total: number }
  /** `hasTemplate`: it brings a chat template of its own; `thinking`: that one speaks of thoughts. */
  | { type: 'loaded'; modelId: string; context: number; ms: number; hasTemplate: boolean; thinking?: ModelThinking }
  | { type: 'models'; models: ModelSummary[] }
  /**
   * Text that became certain since the last event of this generation (batched per frame), and its ids. The first one of an
   * answer that is gone on with has its whole text so far. `reasoning` is what became certain of a thought; its figures
   * come with it.
   */
  | {
      type: 'text';
      id: string;
      text: string;
      reasoning?: string;
      thought?: ThoughtFigures;
      ids: number[];
      /** Where `topLogprobs` asks for them: one an id, null for those that the answer had before. */
      logprobs?: (TokenLogprobs | null)[];
      tokens: number;
      tokensPerSecond: number;
    }
  /** `called`: what was said beside calls, and the calls, where the prompt has tools. */
  | { type: 'done'; id: string; finish: FinishReason; timing: GenerationTiming; called?: CalledTools }
  | { type: 'failed'; id: string; error: ErrorData }
  /** Work begins that a model's own template or tokenizer decides the length of. The name is told of what is no model yet. */
  | { type: 'held'; work: number; model: { readonly id: string; readonly name?: string } }
  /** It has ended. */
  | { type: 'free'; work: number }
  | { type: 'training'; event: TrainingEvent }
  | { type: 'adapters'; adapters: readonly AdapterSummary[] };
