// A store that lasts as long as its process: for tests, and for browsers that refuse to keep anything.

import { PronkError } from '../core/errors';
import { blobSource } from '../core/source';
import { type RecordKind, type Store, RECORD_KINDS } from './store';
import { noRoom } from './quota';

/** An empty store. @param quota bytes of shards that it takes */
export function memoryStore(quota = Infinity): Store {
  const records = Object.fromEntries(RECORD_KINDS.map((kind) => [kind, new Map()])) as Record<
    RecordKind,
    Map<string, unknown>
  >;
  const shards = new Map<string, Blob>();
  const used = () => [...shards.values()].reduce((sum, blob) => sum + blob.size, 0);
  return {
    records: {
      get: async <T>(kind: RecordKind, key: string) => structuredClone(records[kind].get(key)) as T | undefined,
      set: async (kind, key, value) => void records[kind].set(key, structuredClone(value)),
      delete: async (kind, key) => void records[kind].delete(key),
      keys: async (kind) => [...records[kind].keys()],
    },
    shards: {
      async put(key, data) {
        const blob = data instanceof Blob ? data : new Blob([data]);
        const missing = used() - (shards.get(key)?.size ?? 0) + blob.size - quota;
        if (missing > 0) throw new PronkError('quota-exceeded', noRoom(blob.size, missing));
        shards.set(key, blob);
      },
      get: async (key) => {
        const blob = shards.get(key);
        return blob && blobSource(blob, key);
      },
      delete: async (key) => void shards.delete(key),
      keys: async () => [...shards.keys()],
    },
    estimate: async () => ({ used: used(), quota: quota === Infinity ? undefined : quota }),
    persist: async () => false,
  };
}
