// What crosses between the page and the worker: plain data and one event stream. The engine's types, never its code.
import type { ImportPlan, PendingImport, PromptStyle, Quality, SavedFile } from '../engine/imports/types';
import type { Waiting } from '../engine/models/device-wait';
import type { ModelSummary } from '../engine/models/summary';
import type { PromptSize } from '../engine/generation/prompt';
import type { AdapterUse } from '../engine/training/types';
import type { Quantize } from '../formats/checkpoint/weights';
import type { ChatStyle } from '../tokenizer/chat-styles';
import type { AccessToken } from '../hub/access';
import type { CuratedModel } from '../hub/curated';
import type { Room } from '../storage/quota';
import type { ChatMessage } from '../tokenizer/chat-message';
import type { PromptTemplate } from '../tokenizer/prompt-templates';
import type { GivenFile, Saved } from './files';
import type { TrainingApi, TrainingWorkerEvent } from './training-api';

export type {
  AccessToken,
  ChatStyle,
  CuratedModel,
  GivenFile,
  ImportPlan,
  ModelSummary,
  PendingImport,
  PromptSize,
  PromptStyle,
  PromptTemplate,
  Quality,
  Quantize,
  Room,
  Saved,
  SavedFile,
};

/** Where a model comes from. */
export type ImportOrigin =
  | { readonly kind: 'files'; readonly files: readonly GivenFile[] }
  /** `owner/name`, `owner/name@revision`, or an address of a folder; each token goes to its own server only. */
  | { readonly kind: 'hub'; readonly address: string; readonly tokens?: readonly AccessToken[] }
  /** Stanford's: the tuned model is base + diff. */
  | { readonly kind: 'weight-diff'; readonly base: readonly GivenFile[]; readonly diff: readonly GivenFile[] };

export interface DeviceSummary {
  /** e.g. `Apple M2`, `Google SwiftShader` */
  readonly name: string;
  /** A CPU that plays a GPU: slow. */
  readonly software: boolean;
  readonly features: readonly string[];
  /** Bytes of GPU buffers in use by purpose. */
  readonly memory: Readonly<Record<string, number>>;
}

/** What came of adding or subtracting two models. */
export interface SavedDiff {
  readonly files: Saved[];
  /** Of all entries of all tensors: Stanford gives 50637.1836 (± 0.01) for Alpaca 7B. */
  readonly sum: number;
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
  /** `style` is a publisher's form in place of the model's own template. */
  | { kind: 'chat'; messages: readonly Message[]; style?: ChatStyle }
  | { kind: 'instruct'; instruction: string; input: string; template: PromptTemplate }
  | { kind: 'raw'; text: string };

export interface GenerateRequest {
  /** Chosen by the caller; names the generation in events and in `stop`. */
  id: string;
  modelId: string;
  prompt: PromptRequest;
  sampling: SamplingOptions;
  stop: string[];
  /** Instead of those in use; none is the base model. */
  adapters?: readonly AdapterUse[];
  /** The answer so far, to be gone on with: by its ids, or by its text where those are not known. */
  begun?: readonly number[] | string;
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

export type ProgressTask = 'load' | 'import' | 'save' | 'verify' | 'quality' | 'measure';

/** Everything that the worker says unasked, through one subscribed callback. */
export type WorkerEvent =
  | { type: 'device'; device: DeviceSummary }
  | { type: 'device-lost'; message: string }
  /** The browser gives no adapter, and is asked again after so many seconds; undefined when there is one. */
  | { type: 'device-wait'; waiting: Waiting | undefined }
  /** A model was removed in another window. Told before the list that lacks it. */
  | { type: 'model-removed'; modelId: string; name: string }
  /** Bytes done of all; `stage` is a word to show. */
  | { type: 'progress'; task: ProgressTask; id: string; stage: string; done: number; total: number }
  /** `hasTemplate`: it brings a chat template of its own. */
  | { type: 'loaded'; modelId: string; context: number; ms: number; hasTemplate: boolean }
  | { type: 'models'; models: ModelSummary[] }
  /**
   * Text that became certain since the last event of this generation (batched per frame), and its ids. The first one of an
   * answer that is gone on with has its whole text so far.
   */
  | { type: 'text'; id: string; text: string; ids: number[]; tokens: number; tokensPerSecond: number }
  | { type: 'done'; id: string; finish: FinishReason; timing: GenerationTiming }
  | { type: 'failed'; id: string; error: ErrorData }
  /** Work begins that a model's own template or tokenizer decides the length of. The name is told of what is no model yet. */
  | { type: 'held'; work: number; model: { readonly id: string; readonly name?: string } }
  /** It has ended. */
  | { type: 'free'; work: number }
  | TrainingWorkerEvent;

/** One stored conversation or instruct run: opaque to the worker. */
export interface Stored {
  id: string;
  updatedAt: number;
  [field: string]: unknown;
}

/** The worker's surface, as `comlink` exposes it. Errors cross with their code in `name`. */
export interface WorkerApi extends TrainingApi {
  /** Opens the device, lists the models, and makes the bundled model available. `onEvent` lives as long as the worker. */
  start(onEvent: (event: WorkerEvent) => void): Promise<void>;
  /** Shows that nothing holds the worker. */
  answer(): Promise<void>;
  models(): Promise<ModelSummary[]>;
  /**
   * Loads a model to the GPU (or returns at once when it is there); progress by events. It waits where the browser gives no
   * adapter, and is rejected with `not-wanted` when another model is to be loaded meanwhile.
   */
  load(modelId: string, options?: { context?: number }): Promise<void>;
  /**
   * Looks at an origin without copying anything. Called again for a task with more files, it adds them to those that the
   * task has. A plan stays until it is started or cancelled.
   */
  planImport(taskId: string, origin: ImportOrigin): Promise<ImportPlan>;
  /** Makes a stored model of a planned task. Rejects with code `paused` when it is paused. */
  startImport(taskId: string, choice: { quantize: Quantize; name?: string }): Promise<ModelSummary>;
  /** Stops reading; the import stays among the pending ones. */
  pauseImport(taskId: string): Promise<void>;
  /** Ends a planned, running or pending import; nothing of it stays. */
  cancelImport(taskId: string): Promise<void>;
  /** Imports that an earlier visit left, or that were paused. */
  pendingImports(): Promise<PendingImport[]>;
  /** Goes on with a pending import, from the same files where they must be given again. */
  resumeImport(taskId: string, files?: readonly GivenFile[], tokens?: readonly AccessToken[]): Promise<ModelSummary>;
  /** The server that a token for an address belongs to; undefined where none may be sent. Rejects with `bad-address`. */
  tokenEndpoint(address: string): Promise<string | undefined>;
  /** Saves what a planned task's encrypted files become. A file that fails its checks is not kept. */
  saveDecrypted(taskId: string, folder?: FileSystemDirectoryHandle): Promise<Saved[]>;
  /** Makes point-alpaca's `name.<sha256>.enc` from files. */
  encrypt(
    taskId: string,
    key: GivenFile,
    files: readonly GivenFile[],
    folder?: FileSystemDirectoryHandle,
  ): Promise<Saved[]>;
  /** Saves a planned weight-diff's result as safetensors, or makes a diff from base and tuned model. */
  saveWeightDiff(
    taskId: string,
    request: { kind: 'recover' | 'make'; base: readonly GivenFile[]; other: readonly GivenFile[] },
    folder?: FileSystemDirectoryHandle,
  ): Promise<SavedDiff>;
  /** Reads a stored model from end to end against its checksums; rejects with `corrupt-file`. */
  verify(modelId: string): Promise<void>;
  /** Measures perplexity on the bundled text, and keeps it with the model. */
  measureQuality(modelId: string): Promise<Quality>;
  /** A stored model as a GGUF file. */
  exportModel(modelId: string, folder?: FileSystemDirectoryHandle): Promise<Saved[]>;
  /** Small models of the Hub that are known to work. */
  curatedModels(): Promise<readonly CuratedModel[]>;
  rename(modelId: string, name: string): Promise<void>;
  remove(modelId: string): Promise<void>;
  /** `room` is what the browser says, if anything. */
  storage(): Promise<{ usage: number; room: Room | undefined; persisted: boolean }>;
  persist(): Promise<boolean>;
  /** Asks the browser now for the adapter that is waited for. */
  askForDevice(): Promise<void>;
  /** Queues a generation; text, end and failure come as events. */
  generate(request: GenerateRequest): Promise<void>;
  stop(id: string): Promise<void>;
  /** The exact text that a prompt becomes for a model. */
  preview(modelId: string, prompt: PromptRequest): Promise<string>;
  /** What a prompt would take of a context, as it would be sent. */
  measurePrompt(
    modelId: string,
    prompt: PromptRequest,
    options: { context: number; maxTokens: number },
  ): Promise<PromptSize>;
  /** The instruct templates that Pronk brings. */
  templates(): Promise<readonly PromptTemplate[]>;
  listRecords(kind: 'chats' | 'runs'): Promise<Stored[]>;
  getRecord(kind: 'chats' | 'runs', id: string): Promise<Stored | undefined>;
  /** Resolves once it is stored. */
  putRecord(kind: 'chats' | 'runs', record: Stored): Promise<void>;
  deleteRecord(kind: 'chats' | 'runs', id: string): Promise<void>;
}

/** Its part about imports, and files that are made for the person. */
export type ImportApi = Pick<
  WorkerApi,
  | 'planImport'
  | 'startImport'
  | 'pauseImport'
  | 'cancelImport'
  | 'pendingImports'
  | 'resumeImport'
  | 'tokenEndpoint'
  | 'saveDecrypted'
  | 'encrypt'
  | 'saveWeightDiff'
  | 'exportModel'
  | 'curatedModels'
>;
