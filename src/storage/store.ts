// Where things are kept between visits: small records by kind, and large byte ranges. IndexedDB, memory, or files.

import type { Source } from '../core/source';

/**
 * The subject of a record, with a database for each. `runs` are the Instruct page's, `trainings` training runs,
 * `tuning` the kernel shapes that were chosen for a device and those that were tried.
 */
export const RECORD_KINDS = [
  'models',
  'imports',
  'chats',
  'runs',
  'trainings',
  'adapters',
  'datasets',
  'tuning',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** Small values that can be cloned structurally, by kind and key. */
interface RecordStore {
  /** The value as it was set; what it is, is its writer's knowledge. */
  get<T>(kind: RecordKind, key: string): Promise<T | undefined>;
  set(kind: RecordKind, key: string, value: unknown): Promise<void>;
  delete(kind: RecordKind, key: string): Promise<void>;
  keys(kind: RecordKind): Promise<string[]>;
}

/** Shards of training runs have keys that begin with this; they are cleared away by whoever holds the lock of training. */
export const TRAINING_SHARDS = 'training/';
/** Prefix of the keys of adapters' shards. */
export const ADAPTER_SHARDS = 'adapter/';

/** Large immutable values, usually of 64 MiB, that are read in parts. */
export interface ShardStore {
  /** @throws PronkError `quota-exceeded`, saying how much room is missing */
  put(key: string, data: Blob | Uint8Array<ArrayBuffer>): Promise<void>;
  get(key: string): Promise<Source | undefined>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

/** Bytes; undefined where it cannot be known. */
export interface StorageEstimate {
  readonly used: number | undefined;
  readonly quota: number | undefined;
}

export interface Store {
  readonly records: RecordStore;
  readonly shards: ShardStore;
  estimate(): Promise<StorageEstimate>;
  /** Asks that the browser evict nothing of this; whether it agreed. */
  persist(): Promise<boolean>;
}
