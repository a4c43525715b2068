// What an unfinished import leaves: where it was, so that it goes on after a reload, a crash or a pause. It is written
// before the first shard and after each one, and removed once the model's manifest stands.

import type { Quantize } from '../formats/checkpoint/weights';
import type { Written } from './model-writer';
import type { Store } from './store';

export const JOURNAL_VERSION = 1;

/** A file that an import reads, and how it is known again. */
export interface JournalFile {
  /** With folders where they are known. */
  readonly path: string;
  readonly size: number;
  /** XXH3-128 of its first, middle and last 64 KiB. */
  readonly sample: string;
}

/** Digests of a file's first `at` bytes, to be gone on with. */
export interface JournalHash {
  readonly at: number;
  /** By algorithm, in hexadecimal. */
  readonly states: Readonly<Record<string, string>>;
  /** XXH3-128 of each window of so many bytes before `at`: what is read again must be the same. */
  readonly window?: number;
  readonly sums?: readonly string[];
}

/** Plain JSON values but for the handles. */
export interface Journal {
  readonly version: typeof JOURNAL_VERSION;
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** What the files were opened as: the importer's business. */
  readonly origin: unknown;
  readonly files: readonly JournalFile[];
  /** Find the files without asking, in browsers that have them; opaque here. */
  readonly handles?: readonly unknown[];
  readonly quantize: Quantize;
  /** Tells the files' bytes from others; the model's manifest will have it too. */
  readonly identity?: string;
  /** The prefix of the shards' keys. */
  readonly prefix: string;
  readonly written: Written;
  /** States of the files that are hashed on the way, in their order. */
  readonly hashes: readonly JournalHash[];
  /** The quality meter's sums. */
  readonly errors: Readonly<Record<string, readonly [difference: number, total: number]>>;
  /** Bytes read of all. */
  readonly done: number;
  readonly total: number;
}

export async function listJournals(store: Store): Promise<Journal[]> {
  const ids = await store.records.keys('imports');
  const found = await Promise.all(ids.map((id) => readJournal(store, id)));
  return found.filter((journal) => journal !== undefined);
}

export async function readJournal(store: Store, id: string): Promise<Journal | undefined> {
  const journal = await store.records.get<Journal>('imports', id);
  return journal?.version === JOURNAL_VERSION ? journal : undefined;
}

export function writeJournal(store: Store, journal: Journal): Promise<void> {
  return store.records.set('imports', journal.id, journal);
}

export function removeJournal(store: Store, id: string): Promise<void> {
  return store.records.delete('imports', id);
}
