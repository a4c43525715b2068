// The page's own records: conversations, and what Instruct has written.
import type { Store } from '../storage/store';
import type { RecordVerbs, Stored } from './contract';

export function recordVerbs({ records }: Store): RecordVerbs {
  return {
    async list(kind) {
      const keys = await records.keys(kind);
      const all = await Promise.all(keys.map((key) => records.get<Stored>(kind, key)));
      return all.filter((each) => each !== undefined).toSorted((a, b) => b.updatedAt - a.updatedAt);
    },
    get: (kind, id) => records.get<Stored>(kind, id),
    put: (kind, record) => records.set(kind, record.id, record),
    delete: (kind, id) => records.delete(kind, id),
  };
}
