// The store of the page: idb-keyval with one database per kind, shards as Blobs, which browsers keep in files and read
// in parts without copying them through the JavaScript heap.

import { type UseStore, createStore, del, get, keys, set } from 'idb-keyval';
import { PronkError } from '../core/errors';
import { blobSource } from '../core/source';
import { noRoom } from './quota';
import { RECORD_KINDS, type RecordKind, type StorageEstimate, type Store } from './store';

/** The store in this origin's IndexedDB. @param prefix of the databases' names */
export function indexedDbStore(prefix = 'pronk'): Store {
  const open = (kind: string) => createStore(`${prefix}-${kind}`, kind);
  const records = Object.fromEntries(RECORD_KINDS.map((kind) => [kind, lazily(() => open(kind))])) as Record<
    RecordKind,
    () => UseStore
  >;
  const shards = lazily(() => open('shards'));
  let asBuffers = false;
  return {
    records: {
      get: (kind, key) => get(key, records[kind]()),
      set: (kind, key, value) => guarded(() => set(key, value, records[kind]())),
      delete: (kind, key) => del(key, records[kind]()),
      keys: (kind) => keys<string>(records[kind]()),
    },
    shards: {
      async put(key, data) {
        const blob = data instanceof Blob ? data : new Blob([data]);
        const putBuffer = async () => set(key, await blob.arrayBuffer(), shards());
        await guarded(async () => {
          if (asBuffers) return putBuffer();
          try {
            await set(key, blob, shards());
          } catch (error) {
            if (!refusesBlobs(error)) throw error;
            await putBuffer();
            asBuffers = true;
          }
        }, blob.size);
      },
      async get(key) {
        const value = await get<Blob | ArrayBuffer>(key, shards());
        return value && blobSource(value instanceof Blob ? value : new Blob([value]), key);
      },
      delete: (key) => del(key, shards()),
      keys: () => keys<string>(shards()),
    },
    estimate,
    persist: async () => (await globalThis.navigator?.storage?.persist?.()) ?? false,
  };
}

/** WebKit, at times and in private windows, cannot write Blobs to IndexedDB; it can write their bytes. */
function refusesBlobs(error: unknown): boolean {
  return error instanceof Error && (error.name === 'UnknownError' || error.name === 'DataCloneError');
}

async function estimate(): Promise<StorageEstimate> {
  const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  return { used: usage, quota };
}

/** Runs a write, of some size if it is large, naming what is missing when the quota is exceeded. */
async function guarded(write: () => Promise<void>, size?: number): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'QuotaExceededError') throw error;
    const { used, quota } = await estimate();
    const missing = used === undefined || quota === undefined ? undefined : (size ?? 0) - (quota - used);
    throw new PronkError('quota-exceeded', noRoom(size, missing), { cause: error });
  }
}

/** Databases are opened when first used: a page that only chats has no need of `pronk-datasets`. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
