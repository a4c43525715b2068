// Plans and states of imports: plain data, so that it can cross to the page.

import type { ErrorCode } from '../../core/error-codes';
import type { Architecture } from '../../core/model-config';
import type { Checkpoint } from '../../core/checkpoint';
import type { Quantize } from '../../formats/checkpoint/weights';
import type { Precision } from '../../ops/tuning';
import type { Room } from '../../storage/quota';

export type { PromptStyle, Quality } from '../../storage/manifest';

/** One way of storing a model, and what it takes. */
export interface ImportChoice {
  readonly quantize: Quantize;
  /** Bytes in the store, the tokenizer's included: as many as the model will be said to take. */
  readonly storedBytes: number;
  /** Bytes of weights on the GPU. */
  readonly weightBytes: number;
  /** Whether it can be run here, as far as can be known. */
  readonly fits: boolean;
  /** Why it does not fit, as a sentence. */
  readonly problem?: string;
  /** A clause about values that `keep` rounds; absent where it keeps every bit. */
  readonly rounds?: string;
  /** A possible problem, as a sentence: browsers do not say for sure how much can be stored. */
  readonly warning?: string;
}

/** A model that is there already and was made of the same files. */
export interface SameModel {
  readonly id: string;
  readonly name: string;
  /** Quantization that it is stored in, where that is known. */
  readonly quantize?: Quantize;
}

/** One encrypted file, given or still missing. */
export interface PatchFile {
  /** The decrypted file's name. */
  readonly name: string;
  /** Bytes of the encrypted file; undefined for one that is missing. */
  readonly size?: number;
  /** One of the twelve that point-alpaca published. */
  readonly published: boolean;
  readonly state: 'missing' | 'present' | 'bad' | 'done';
  /** The file's fault, as a sentence. */
  readonly problem?: string;
}

export interface PatchTable {
  readonly key?: { readonly name: string; readonly size: number };
  readonly files: readonly PatchFile[];
}

/** The model in a set of files, the ways to store it, and their costs. Nothing was copied yet. */
export interface ImportPlan {
  readonly name: string;
  /** A sentence: `A Hugging Face folder with 3 PyTorch files, LLaMA, 6.7 billion parameters.` */
  readonly what: string;
  /** Undefined while files are missing. */
  readonly model?: {
    readonly container: Checkpoint['container'];
    readonly architecture: Architecture;
    readonly parameters: number;
    readonly layers: number;
    readonly vocabSize: number;
    /** Positions that the model was trained for, and the ones that it is loaded with unless asked otherwise. */
    readonly contextLength: number;
    readonly defaultContext: number;
    /** Bytes of KV cache for each position. */
    readonly cacheBytes: Readonly<Record<Precision, number>>;
    readonly licence?: string;
  };
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /** Bytes that will be read, or downloaded. */
  readonly readBytes: number;
  readonly download: boolean;
  /** Smallest first; empty while files are missing. */
  readonly choices: readonly ImportChoice[];
  readonly recommended?: Quantize;
  /** Those that were given and are no part of it, by name. */
  readonly unused?: readonly string[];
  /** Made of the same files, and here already. */
  readonly already?: readonly SameModel[];
  /** Storage that the browser reports, and estimated memory of the GPU; undefined where they are not known. */
  readonly room?: Room;
  readonly gpuBytes?: number;
  readonly device?: string;
  /** Why nothing can be made of it yet, or at all. */
  readonly problem?: { readonly code: ErrorCode; readonly message: string };
  /** Peculiarities of the files that are no problem, as sentences. */
  readonly notes?: readonly string[];
  /** For encrypted files. */
  readonly patch?: PatchTable;
}

/** An import that was paused, or cut off by a reload or a crash. */
export interface PendingImport {
  readonly id: string;
  readonly name: string;
  /** Bytes read of all. */
  readonly done: number;
  readonly total: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The condition for resuming: `permission` is a click, after which the browser asks; `files` are the same ones again. */
  readonly needs: 'nothing' | 'permission' | 'files';
  /** `FileSystemFileHandle`s to ask permission for, where `needs` says so. */
  readonly handles?: readonly unknown[];
  readonly files: readonly { readonly name: string; readonly size: number }[];
}
