// What crosses between the page and the worker: plain data and one event stream. The engine's types, never its code.
import type { ModelSummary } from '../engine/library';
import type { ChatMessage } from '../tokenizer/chat-template';
import type { PromptTemplate } from '../tokenizer/prompt-templates';

export type { ModelSummary, PromptTemplate };

export interface DeviceSummary {
  /** e.g. `Apple M2`, `Google SwiftShader` */
  readonly name: string;
  /** A CPU that plays a GPU: slow. */
  readonly software: boolean;
  readonly features: readonly string[];
  /** Bytes of GPU buffers in use by purpose. */
  readonly memory: Readonly<Record<string, number>>;
}

/** Sampling controls; names and meanings as in Hugging Face transformers. */
export interface SamplingOptions {
  /** 0 is greedy. */
  temperature: number;
  /** 0 is off. */
  topK: number;
  /** 1 is off. */
  topP: number;
  /** 0 is off. */
  minP: number;
  /** 1 is off. */
  repetitionPenalty: number;
  maxTokens: number;
  /** One seed, one text. */
  seed: number;
}

export type Message = ChatMessage;
export type Role = Message['role'];

/** What to generate from: a chat, an instruction through a template, or raw text. */
export type PromptRequest =
  | { kind: 'chat'; messages: readonly Message[] }
  | { kind: 'instruct'; instruction: string; input: string; template: PromptTemplate }
  | { kind: 'raw'; text: string };

export interface GenerateRequest {
  /** Chosen by the caller; names the generation in events and in `stop`. */
  id: string;
  modelId: string;
  prompt: PromptRequest;
  sampling: SamplingOptions;
  stop: string[];
}

export interface GenerationTiming {
  promptTokens: number;
  /** Prompt tokens that were found in the cache. */
  cachedTokens: number;
  completionTokens: number;
  /** Oldest messages left out so that the conversation fits the context. */
  droppedMessages: number;
  firstTokenMs: number;
  tokensPerSecond: number;
}

/** `stop`: EOS or a stop string; `length`: max tokens or context full; `abort`: the person pressed Stop. */
export type FinishReason = 'stop' | 'length' | 'abort';

export interface ErrorData {
  code: string;
  message: string;
}

/** Everything that the worker says unasked, through one subscribed callback. */
export type WorkerEvent =
  | { type: 'device'; device: DeviceSummary }
  | { type: 'device-lost'; message: string }
  /** Bytes done of all; `stage` is a word to show. */
  | { type: 'progress'; task: 'load' | 'import'; id: string; stage: string; done: number; total: number }
  | { type: 'loaded'; modelId: string; context: number; ms: number }
  | { type: 'models'; models: ModelSummary[] }
  /** Text that became certain since the last event of this generation (batched per frame). */
  | { type: 'text'; id: string; text: string; tokens: number; tokensPerSecond: number }
  | { type: 'done'; id: string; finish: FinishReason; timing: GenerationTiming }
  | { type: 'failed'; id: string; error: ErrorData };

/** One stored conversation or instruct run: opaque to the worker. */
export interface Stored {
  id: string;
  updatedAt: number;
  [field: string]: unknown;
}

/** The worker's surface, as `comlink` exposes it. Errors cross with their code in `name`. */
export interface WorkerApi {
  /** Opens the device, lists the models, and makes the bundled model available. `onEvent` lives as long as the worker. */
  start(onEvent: (event: WorkerEvent) => void): Promise<void>;
  models(): Promise<ModelSummary[]>;
  /** Loads a model to the GPU (or returns at once when it is there); progress by events. */
  load(modelId: string): Promise<void>;
  /** Reads dropped files, stores them as a model, and returns it. Nothing is kept when it fails. */
  importFiles(files: File[], taskId: string): Promise<ModelSummary>;
  cancelImport(taskId: string): Promise<void>;
  rename(modelId: string, name: string): Promise<void>;
  remove(modelId: string): Promise<void>;
  storage(): Promise<{ usage: number; quota: number; persisted: boolean }>;
  persist(): Promise<boolean>;
  /** Queues a generation; text, end and failure come as events. */
  generate(request: GenerateRequest): Promise<void>;
  stop(id: string): Promise<void>;
  /** The exact text that a prompt becomes for a model. */
  preview(modelId: string, prompt: PromptRequest): Promise<string>;
  /** The instruct templates that Pronk brings. */
  templates(): Promise<readonly PromptTemplate[]>;
  listRecords(kind: 'chats' | 'runs'): Promise<Stored[]>;
  putRecord(kind: 'chats' | 'runs', record: Stored): Promise<void>;
  deleteRecord(kind: 'chats' | 'runs', id: string): Promise<void>;
}
