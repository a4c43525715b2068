// Parquet, row group by row group. What reads it is loaded only where such a file is given.
import type { FileMetaData } from 'hyparquet';
import { PronkError } from '../../core/errors';
import type { Source } from '../../core/source';
import { badDataset } from './bad-dataset';
import type { Listed, ListedFile } from './records';

/** Rows that are held at once beside those that were read. */
const PART = 5000;

/** Which rows and columns are read. */
export interface ParquetOptions {
  /** All without it. */
  readonly columns?: readonly string[] | undefined;
  /** Rows at most. */
  readonly most?: number | undefined;
}

/**
 * Files whose rows follow each other.
 * @throws PronkError `bad-dataset` for a file that is damaged; the lists throw it too
 */
export async function readParquetFiles(
  sources: readonly Source[],
  { most = Infinity, columns }: ParquetOptions,
): Promise<ListedFile> {
  const notes: string[] = [];
  async function* lists(): AsyncGenerator<readonly Listed[]> {
    let left = most;
    for (const [i, source] of sources.entries()) {
      const { lists: own, rows } = await openParquet(source, { columns, most: left });
      for await (const list of own) yield list;
      const more = rows > left || i < sources.length - 1;
      left -= Math.min(rows, left);
      if (left > 0) continue;
      if (more) notes.push(`Only the first ${most.toLocaleString('en')} rows were read, as was asked.`);
      return;
    }
  }
  return { container: 'Parquet', lists: lists(), notes };
}

/** @throws PronkError `bad-dataset` for a file that is damaged; the lists throw it too */
export async function readParquet(source: Source): Promise<ListedFile> {
  return openParquet(source, {});
}

async function openParquet(
  source: Source,
  { columns, most = Infinity }: ParquetOptions,
): Promise<ListedFile & { readonly rows: number }> {
  const [{ parquetMetadataAsync }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = {
    byteLength: source.size,
    async slice(start: number, end = source.size) {
      const from = start < 0 ? source.size + start : start;
      const bytes = await source.read(from, Math.min(end, source.size));
      return bytes.slice().buffer;
    },
  };
  const metadata = await orDamaged(source, () => parquetMetadataAsync(file));
  const rows = countRows(metadata);
  async function* lists(): AsyncGenerator<Listed[]> {
    const { parquetReadObjects } = await import('hyparquet');
    for (let [rowStart, end] = [0, Math.min(rows, most)]; rowStart < end; rowStart += PART) {
      const range = { rowStart, rowEnd: Math.min(rowStart + PART, end), ...(columns && { columns: [...columns] }) };
      const records = await orDamaged(source, () => parquetReadObjects({ file, metadata, compressors, ...range }));
      yield records.map((record) => ({ record: plain(record) }));
    }
  }
  return { container: 'Parquet', lists: lists(), rows };
}

function countRows({ num_rows: rows }: FileMetaData): number {
  return Number(rows);
}

async function orDamaged<T>({ name }: Source, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    // a server's, or a limit's
    if (error instanceof PronkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${name} cannot be read as Parquet (${reason.replace(/\.$/, '')}). Download it again, or save its rows as JSON Lines.`;
    throw badDataset(message, error);
  }
}

/** Values as JSON has them: whole numbers are numbers, dates and bytes text. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
