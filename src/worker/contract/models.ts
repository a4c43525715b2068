// Models: those that are here, those on their way in, and files that are made of them.
import type { Origin } from '../../engine/imports/origin';
import type { ImportPlan, PendingImport, Quality } from '../../engine/imports/types';
import type { PrecisionChoice } from '../../engine/models/host';
import type { ModelSummary } from '../../engine/models/summary';
import type { SavedFile } from '../../engine/save';
import type { Quantize } from '../../formats/checkpoint/weights';
import type { AccessToken } from '../../hub/access';
import type { CuratedModel } from '../../hub/curated';

export type { PromptStyle } from '../../engine/imports/types';
export type {
  AccessToken,
  CuratedModel,
  ImportPlan,
  ModelSummary,
  PendingImport,
  PrecisionChoice,
  Quality,
  Quantize,
  SavedFile,
};

/** A file that the person gave. */
export interface GivenFile {
  readonly file: File;
  /** With the folders that it lies in, where they are known. */
  readonly path: string;
  /** Finds the file again after a reload, in browsers that have such handles. */
  readonly handle?: FileSystemFileHandle;
}

/** Where a model comes from, with the page's files. */
export type ImportOrigin = Origin<GivenFile>;

/** The result of adding or subtracting two models. */
interface SavedDiff {
  readonly files: SavedFile[];
  /** The sum of all entries of all tensors: Stanford gives 50637.1836 (± 0.01) for Alpaca 7B. */
  readonly sum: number;
}

export interface ModelVerbs {
  list(): Promise<ModelSummary[]>;
  /**
   * Loads a model to the GPU (or returns at once when it is there); progress by events. It waits where the browser gives no
   * adapter, and is rejected with `not-wanted` when another model is to be loaded meanwhile.
   */
  load(modelId: string, options?: { context?: number; precision?: PrecisionChoice }): Promise<void>;
  rename(modelId: string, name: string): Promise<void>;
  remove(modelId: string): Promise<void>;
  /** Reads a stored model from end to end against its checksums; rejects with `corrupt-file`. */
  verify(modelId: string): Promise<void>;
  /** Measures perplexity on the bundled text, and keeps it with the model. */
  measureQuality(modelId: string): Promise<Quality>;
  /** A stored model as a GGUF file. */
  export(modelId: string, folder?: FileSystemDirectoryHandle): Promise<SavedFile[]>;
}

export interface ImportVerbs {
  /**
   * Looks at an origin without copying anything. Called again for a task with more files, it adds them to those that the
   * task has. A plan stays until it is started or cancelled.
   */
  plan(taskId: string, origin: ImportOrigin): Promise<ImportPlan>;
  /** Makes a stored model of a planned task. Rejects with code `paused` when it is paused. */
  start(taskId: string, choice: { quantize: Quantize; name?: string }): Promise<ModelSummary>;
  /** Stops reading; the import stays among the pending ones. */
  pause(taskId: string): Promise<void>;
  /** Ends a planned, running or pending import, or what `patches` makes under this id; nothing of it stays. */
  cancel(taskId: string): Promise<void>;
  /** Imports that an earlier visit left, or that were paused. */
  pending(): Promise<PendingImport[]>;
  /** Goes on with a pending import, from the same files where they must be given again. */
  resume(taskId: string, files?: readonly GivenFile[], tokens?: readonly AccessToken[]): Promise<ModelSummary>;
}

/** Files that are made for the person; they are written into the folder, or come along to be downloaded. */
export interface PatchVerbs {
  /** Saves what a planned task's encrypted files become. A file that fails its checks is not kept. */
  decrypt(taskId: string, folder?: FileSystemDirectoryHandle): Promise<SavedFile[]>;
  /** Makes point-alpaca's `name.<sha256>.enc` from files. */
  encrypt(
    taskId: string,
    key: GivenFile,
    files: readonly GivenFile[],
    folder?: FileSystemDirectoryHandle,
  ): Promise<SavedFile[]>;
  /** Saves base + diff as safetensors, or makes a diff from base and tuned model. */
  saveWeightDiff(
    taskId: string,
    request: { kind: 'recover' | 'make'; base: readonly GivenFile[]; other: readonly GivenFile[] },
    folder?: FileSystemDirectoryHandle,
  ): Promise<SavedDiff>;
}

export interface HubVerbs {
  /** Small models of the Hub that are known to work. */
  curated(): Promise<readonly CuratedModel[]>;
  /** The server that a token for an address belongs to; undefined where none may be sent. Rejects with `bad-address`. */
  tokenEndpoint(address: string): Promise<string | undefined>;
}
