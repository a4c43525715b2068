// A file of examples, whichever form it has: told by what it contains, and by its name only where contents leave it open.
import { baseName, type Source } from '../../core/source';
import { keepsDolly } from '../dolly';
import type { ColumnMapping, Example, RowProblem } from '../types';
import { badDataset } from './bad-dataset';
import { parseTable } from './csv';
import { FORMS, type Form } from './form-of';
import { readJson } from './json';
import { readParquet, readParquetFiles } from './parquet';
import { readRecords, type Unread } from './rows';
import { readTextPieces, readWholeText, startsWith, type TextFile } from './text';

/** What `--from` may say: the form of the records, or how the file lists them. */
export const DATASET_FORMATS = [...(Object.keys(FORMS) as Form[]), 'csv', 'tsv', 'txt'] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

export interface ReadOptions {
  /** In place of what the file looks like. */
  readonly format?: DatasetFormat | undefined;
  readonly mapping?: ColumnMapping | undefined;
  /** The encoding of a text that is neither UTF-8 nor UTF-16. */
  readonly encoding?: string | undefined;
}

export interface ReadRows {
  readonly kind: 'rows';
  /** What the file was taken for, e.g. `Alpaca JSON`. */
  readonly format: string;
  /** Those that can be read. */
  readonly rows: readonly Example[];
  /** The index in the file of each row's record. */
  readonly places: readonly number[];
  /** Records that cannot be read, in the file's order. */
  readonly unread: readonly Unread[];
  /** Conversions within rows; `row` is the index of the record in the file. */
  readonly conversions: readonly RowProblem[];
  /** Records that a conversion left out. */
  readonly dropped: number;
  /** Sentences about what was noticed. */
  readonly notes: readonly string[];
}

/** Rows; or, where nothing says what its columns are, the columns. */
export type DatasetRead =
  | ReadRows
  | {
      readonly kind: 'columns';
      readonly columns: readonly string[];
      readonly sample: readonly Readonly<Record<string, string>>[];
    };

const PARQUET = 'PAR1';

/** @throws PronkError `bad-dataset` where no row can be read */
export async function readDataset(source: Source, options: ReadOptions = {}): Promise<DatasetRead> {
  const file: TextFile = { source, encoding: options.encoding };
  const read = (await isParquet(source))
    ? await readRecords(await readParquet(source), source.name, options)
    : await readText(file, options);
  return withoutUnusable(read, source.name);
}

/**
 * Rows of files that follow each other, as datasets are published; of Parquet files no more is read than is asked for.
 * @param options.most rows at most
 * @throws PronkError `bad-dataset` where no row can be read
 */
export async function readParts(
  sources: readonly Source[],
  { most, ...options }: ReadOptions & { readonly most: number },
): Promise<DatasetRead> {
  const [first] = sources;
  if (!first) throw badDataset('There are no files of rows.');
  if (!(await isParquet(first))) return firstRows(await readDataset(first, options), most);
  const named = Object.values(options.mapping ?? {}).filter((column) => column !== undefined);
  const columns = named.length > 0 ? named : undefined;
  const listed = await readParquetFiles(sources, { most, columns });
  return withoutUnusable(await readRecords(listed, first.name, options), first.name);
}

async function isParquet(source: Source): Promise<boolean> {
  return startsWith(await source.read(0, Math.min(PARQUET.length, source.size)), PARQUET);
}

function firstRows(read: DatasetRead, most: number): DatasetRead {
  if (read.kind === 'columns' || read.rows.length <= most) return read;
  const places = read.places.slice(0, most);
  const last = places.at(-1) ?? 0;
  const before = <T extends { readonly place: number }>(list: readonly T[]) =>
    list.filter(({ place }) => place <= last);
  return {
    ...read,
    rows: read.rows.slice(0, most),
    places,
    unread: before(read.unread),
    conversions: read.conversions.filter(({ row }) => row <= last),
    notes: [...read.notes, `Only the first ${most.toLocaleString('en')} rows were read, as was asked.`],
  };
}

function withoutUnusable(read: DatasetRead, name: string): DatasetRead {
  if (read.kind === 'columns') return read;
  if (read.rows.length === 0) throw nothingRead(read.unread, name);
  const dolly = read.format.startsWith(FORMS.dolly) ? read.rows.map(keepsDolly) : undefined;
  if (!dolly) return read;
  const rows = read.rows.filter((_, row) => dolly[row]);
  return {
    ...read,
    rows,
    places: read.places.filter((_, row) => dolly[row]),
    dropped: read.rows.length - rows.length,
  };
}

async function readText(file: TextFile, options: ReadOptions): Promise<DatasetRead> {
  const container = await containerOf(file, options.format);
  if (container === 'txt') return readPlainText(file);
  const listed = container === 'json' ? await readJson(file) : await readTable(file, container);
  return readRecords(listed, file.source.name, options);
}

function nothingRead(unread: readonly Unread[], name: string): Error {
  const [first] = unread;
  if (!first) return badDataset(`${name} has no rows.`);
  const others = unread.length === 1 ? '' : ` None of the ${unread.length} rows of ${name} can be read.`;
  return badDataset(`Row ${first.place + 1} ${first.message.replace(/^It /, '')}${others}`);
}

/** @throws PronkError `bad-dataset` for an empty file */
async function containerOf(file: TextFile, format: DatasetFormat | undefined): Promise<'json' | 'csv' | 'tsv' | 'txt'> {
  const { name } = file.source;
  let first = '';
  for await (const piece of readTextPieces(file)) {
    // record separators, which some programs write before each line
    first = piece.replaceAll('\u001E', ' ').trimStart().slice(0, 1);
    if (first !== '') break;
  }
  if (first === '') throw badDataset(`${name} is empty. A dataset has at least one row.`);
  if (format === 'csv' || format === 'tsv' || format === 'txt') return format;
  const extension = /\.(csv|tsv|tab|txt|text|md|jsonl?|ndjson)$/i.exec(name)?.[1]?.toLowerCase();
  if (extension === 'csv') return 'csv';
  if (extension === 'tsv' || extension === 'tab') return 'tsv';
  const looksLikeJson = first === '[' || first === '{';
  const isText = extension === 'txt' || extension === 'text' || extension === 'md';
  if (isText && !(looksLikeJson && format !== undefined)) return 'txt';
  if (looksLikeJson) return 'json';
  if (extension === undefined) return format === undefined ? 'txt' : 'csv';
  throw badDataset(
    `${name} is not JSON: it begins with ${JSON.stringify(first)}. A dataset is [{…}, {…}] or a {…} on each line.`,
  );
}

async function readTable(file: TextFile, container: 'csv' | 'tsv') {
  const text = await readWholeText(file);
  return {
    container: container.toUpperCase(),
    ...parseTable(text, file.source.name, container === 'tsv' ? '\t' : ''),
  };
}

/** Paragraphs; lines where there are no empty lines in between. */
async function readPlainText(file: TextFile): Promise<DatasetRead> {
  const text = (await readWholeText(file)).replaceAll(/\r\n?/g, '\n');
  const paragraphs = text.split(/\n[^\S\n]*\n\s*/).map((each) => each.trim());
  const parts = (paragraphs.filter(Boolean).length > 1 ? paragraphs : text.split('\n')).filter(
    (part) => part.trim() !== '',
  );
  const what = paragraphs.filter(Boolean).length > 1 ? 'paragraph' : 'line';
  return {
    kind: 'rows',
    format: 'Plain text',
    rows: parts.map((part) => ({ kind: 'text', text: part })),
    places: parts.map((_, row) => row),
    unread: [],
    conversions: [],
    dropped: 0,
    notes: [`Each ${what} of ${baseName(file.source.name)} is a row.`],
  };
}
