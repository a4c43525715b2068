// The page's own records: conversations and instruct runs.
import type { Store } from '../storage/store';
import type { Stored } from './api';

export type PageRecords = 'chats' | 'runs';

/** All records of a kind, the newest first. */
export async function listRecords(store: Store, kind: PageRecords): Promise<Stored[]> {
  const keys = await store.records.keys(kind);
  const all = await Promise.all(keys.map((key) => store.records.get<Stored>(kind, key)));
  return all.filter((each) => each !== undefined).toSorted((a, b) => b.updatedAt - a.updatedAt);
}
