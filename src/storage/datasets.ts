// Datasets in a store: a head each, and the rows in chunks that are never written twice. An edit writes new chunks, then the
// head that names them, then takes the old ones away; so whatever moment a page dies at, the rows are those before or after.

import { PronkError } from '../core/errors';
import { ifUnlocked, withLock } from './locks';
import type { Store } from './store';

const VERSION = 1;
const LOCK = 'pronk-datasets';
/** Most rows of a chunk, and most characters of its JSON unless one row has more. */
const CHUNK_ROWS = 512;
const CHUNK_SIZE = 1 << 20;

interface Chunk {
  readonly key: string;
  readonly rows: number;
  /** Rows among them that are marked; absent where none is. */
  readonly marked?: number;
}

/** What is known of a dataset beside its rows. */
export interface DatasetMeta {
  readonly name: string;
  /** What its file was taken for. */
  readonly format: string;
}

/** The record that makes a dataset exist. Plain JSON values. */
export interface DatasetHead extends DatasetMeta {
  readonly version: typeof VERSION;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly editedAt: number;
  readonly chunks: readonly Chunk[];
}

/** Rows are plain JSON values, and their writer's knowledge. */
export class DatasetStore<Row> {
  readonly #store: Store;
  readonly #isMarked: (row: Row) => boolean;

  /** @param isMarked rows that heads count apart */
  constructor(store: Store, isMarked: (row: Row) => boolean = () => false) {
    this.#store = store;
    this.#isMarked = isMarked;
  }

  /** All heads, the newest first; what an edit that was cut off has left is cleared away. */
  async list(): Promise<DatasetHead[]> {
    await ifUnlocked(LOCK, () => this.#sweep());
    const keys = await this.#store.records.keys('datasets');
    const heads = await Promise.all(keys.filter((key) => !isChunk(key)).map((key) => this.#find(key)));
    return heads.filter((head) => head !== undefined).toSorted((a, b) => b.addedAt - a.addedAt);
  }

  /** @throws PronkError `missing-dataset` */
  async get(id: string): Promise<DatasetHead> {
    const head = await this.#find(id);
    if (head) return head;
    throw new PronkError('missing-dataset', 'This dataset is no longer here. Add its file again.');
  }

  /** Stores a new dataset. @throws PronkError `quota-exceeded` */
  add(meta: DatasetMeta, rows: readonly Row[]): Promise<DatasetHead> {
    return withLock(LOCK, async () => {
      const now = Date.now();
      const head = { ...meta, version: VERSION, id: crypto.randomUUID(), addedAt: now, editedAt: now } as const;
      return this.#commit(head, [], await this.#write(head.id, rows));
    });
  }

  /** Rows `start` to `end`, as far as there are any. @throws PronkError `missing-dataset`, `corrupt-file` */
  async rows(id: string, start = 0, end = Infinity): Promise<Row[]> {
    // a chunk that is gone was replaced since its head was read
    try {
      return await this.#rowsOf(await this.get(id), start, end);
    } catch (error) {
      if (!(error instanceof PronkError) || error.code !== 'corrupt-file') throw error;
      return this.#rowsOf(await this.get(id), start, end);
    }
  }

  /**
   * Replaces `remove` rows at `at` by others; those beyond the end are not there.
   * @throws PronkError `missing-dataset`, `quota-exceeded`
   */
  replace(id: string, at: number, remove: number, rows: readonly Row[]): Promise<DatasetHead> {
    return withLock(LOCK, async () => {
      const head = await this.get(id);
      const place = clamp(at, 0, countRows(head));
      const [first, from] = chunkAt(head.chunks, place);
      const [last, to] = chunkAt(head.chunks, clamp(place + remove, place, countRows(head)));
      // the chunks that are cut, and one more where rows are added after the last
      const old = head.chunks.slice(first, last + 1);
      const kept = await Promise.all(old.map((chunk) => this.#read(head, chunk)));
      const [before, after] = [kept[0]?.slice(0, from) ?? [], kept[last - first]?.slice(to) ?? []];
      const written = await this.#write(id, [...before, ...rows, ...after]);
      const chunks = [...head.chunks.slice(0, first), ...written, ...head.chunks.slice(last + 1)];
      return this.#commit({ ...head, editedAt: Date.now() }, old, written, chunks);
    });
  }

  /** @throws PronkError `missing-dataset` */
  rename(id: string, name: string): Promise<void> {
    return withLock(LOCK, async () => {
      await this.#store.records.set('datasets', id, { ...(await this.get(id)), name });
    });
  }

  remove(id: string): Promise<void> {
    return withLock(LOCK, async () => {
      const head = await this.#find(id);
      await this.#store.records.delete('datasets', id);
      if (head) await this.#delete(head.chunks);
    });
  }

  async #find(id: string): Promise<DatasetHead | undefined> {
    const head = await this.#store.records.get<DatasetHead>('datasets', id);
    return head?.version === VERSION ? head : undefined;
  }

  async #rowsOf(head: DatasetHead, start: number, end: number): Promise<Row[]> {
    const rows: Row[] = [];
    let at = 0;
    for (const chunk of head.chunks) {
      if (at < end && at + chunk.rows > start) {
        const read = await this.#read(head, chunk);
        for (const row of read.slice(Math.max(0, start - at), end - at)) rows.push(row);
      }
      at += chunk.rows;
    }
    return rows;
  }

  async #read({ name }: DatasetHead, { key, rows }: Chunk): Promise<Row[]> {
    const read = await this.#store.records.get<Row[]>('datasets', key);
    if (read?.length === rows) return read;
    throw new PronkError(
      'corrupt-file',
      `Rows of the dataset ${name} are missing from the browser's storage. Add its file again.`,
    );
  }

  /** New chunks; none is left where one cannot be written. */
  async #write(id: string, rows: readonly Row[]): Promise<Chunk[]> {
    const written: Chunk[] = [];
    try {
      for (const part of parts(rows)) {
        const key = `${id}/${crypto.randomUUID()}`;
        const marked = part.filter(this.#isMarked).length;
        written.push({ key, rows: part.length, ...(marked > 0 && { marked }) });
        await this.#store.records.set('datasets', key, part);
      }
    } catch (error) {
      await this.#delete(written).catch(() => {});
      throw error;
    }
    return written;
  }

  /** The head, which makes the new chunks count; then the old ones go. */
  async #commit(
    head: Omit<DatasetHead, 'chunks'>,
    old: readonly Chunk[],
    written: readonly Chunk[],
    chunks = written,
  ): Promise<DatasetHead> {
    const made: DatasetHead = { ...head, chunks };
    try {
      await this.#store.records.set('datasets', head.id, made);
    } catch (error) {
      await this.#delete(written).catch(() => {});
      throw error;
    }
    // what is left behind is swept
    await this.#delete(old).catch(() => {});
    return made;
  }

  async #delete(chunks: readonly Chunk[]): Promise<void> {
    for (const { key } of chunks) await this.#store.records.delete('datasets', key);
  }

  /** Chunks that no head names. */
  async #sweep(): Promise<void> {
    const keys = await this.#store.records.keys('datasets');
    const chunks = keys.filter(isChunk);
    const heads = await Promise.all(
      keys.filter((key) => !isChunk(key)).map((key) => this.#store.records.get<DatasetHead>('datasets', key)),
    );
    const named = new Set(heads.flatMap((head) => head?.chunks.map(({ key }) => key) ?? []));
    for (const key of chunks) if (!named.has(key)) await this.#store.records.delete('datasets', key);
  }
}

export function countRows({ chunks }: Pick<DatasetHead, 'chunks'>): number {
  return chunks.reduce((sum, { rows }) => sum + rows, 0);
}

export function countMarked({ chunks }: Pick<DatasetHead, 'chunks'>): number {
  return chunks.reduce((sum, { marked = 0 }) => sum + marked, 0);
}

function isChunk(key: string): boolean {
  return key.includes('/');
}

/** The chunk that a row lies in and its place there; the end of the last one for the row after all. */
function chunkAt(chunks: readonly Chunk[], row: number): [chunk: number, place: number] {
  let before = 0;
  for (const [i, { rows }] of chunks.entries()) {
    if (row < before + rows || i === chunks.length - 1) return [i, row - before];
    before += rows;
  }
  return [0, 0];
}

/** Rows in chunks of about one size. */
function* parts<Row>(rows: readonly Row[]): Generator<Row[]> {
  let part: Row[] = [];
  let size = 0;
  for (const row of rows) {
    const length = JSON.stringify(row).length;
    if (part.length === CHUNK_ROWS || (part.length > 0 && size + length > CHUNK_SIZE)) {
      yield part;
      [part, size] = [[], 0];
    }
    part.push(row);
    size += length;
  }
  if (part.length > 0) yield part;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
