// Training data as `dataset` and `train` take it from a file: what cannot be read becomes a line each, or with `--strict` an end.
import { UnknownEncoding } from '../../data/read/bad-dataset';
import { type DatasetRead, readDataset, type ReadOptions, type ReadRows } from '../../data/read/index';
import { isEncoding } from '../../data/read/text';
import type { RowProblem } from '../../data/types';
import { PronkError } from '../../core/errors';
import { readHubRows } from '../../engine/training/hub-datasets';
import { HUB } from '../../hub/access';
import { isDatasetPage } from '../../hub/address';
import { number, type Options, UsageError } from '../arguments';
import { fileAt } from '../node-store/files';
import type { Print } from '../print';

/** Options of commands that read training data. */
export const DATA_OPTIONS = {
  data: 'text',
  encoding: 'text',
  strict: 'flag',
  subset: 'text',
  split: 'text',
  rows: number({ min: 1, whole: true }),
} as const;

/** What is read of a dataset on the Hub. */
type HubOptions = Pick<Options<typeof DATA_OPTIONS>, 'subset' | 'split' | 'rows'>;

/**
 * The rows of a file, or of a dataset on the Hub (`hf:owner/name`).
 * @throws PronkError `bad-dataset` where no row can be read, or the columns are not known; what reading from the Hub throws
 * @throws UsageError for options of the Hub's beside a file
 */
export async function readData(path: string, options: ReadOptions = {}, hub: HubOptions = {}): Promise<ReadRows> {
  const read = await readFrom(path, options, hub).catch((error: unknown) => {
    if (!(error instanceof UnknownEncoding)) throw error;
    throw new PronkError('bad-dataset', `${error.message} For example: --encoding windows-1252.`, { cause: error });
  });
  if (read.kind === 'rows') return read;
  const message =
    `The columns of ${path} are ${read.columns.join(', ')}; which of them are instruction, input and output is not clear. ` +
    'Say it to the command dataset (--instruction COLUMN --input COLUMN --output COLUMN, or --text COLUMN); with --out FILE it writes a file that train reads.';
  throw new PronkError('bad-dataset', message);
}

/** Where the Hub is, and the token for it, as Hugging Face's own programs are told. */
const { HF_ENDPOINT: endpoint = HUB, HF_TOKEN: token } = process.env;

async function readFrom(path: string, options: ReadOptions, { subset, split, rows }: HubOptions): Promise<DatasetRead> {
  if (!isDatasetPage(path)) {
    const [name] = Object.entries({ subset, split, rows }).find(([, value]) => value !== undefined) ?? [];
    if (name !== undefined) throw new UsageError(`--${name} is for datasets on the Hub: --data hf:owner/name.`);
    return readDataset(await fileAt(path), options);
  }
  const tokens = token === undefined ? [] : [{ endpoint: new URL(endpoint).origin, value: token }];
  const wanted = {
    address: path,
    tokens,
    ...(subset !== undefined && { subset }),
    ...(split !== undefined && { split }),
    ...(rows !== undefined && { rows }),
  };
  try {
    return (await readHubRows(wanted, options, { endpoint })).read;
  } catch (error) {
    if (!(error instanceof PronkError) || !['gated', 'private', 'bad-token'].includes(error.code)) throw error;
    throw new PronkError(error.code, `${error.message} The variable HF_TOKEN gives a token here.`, { cause: error });
  }
}

/** @throws UsageError for a name that is none of the Web's encodings */
export function checkedEncoding(encoding: string | undefined): string | undefined {
  if (encoding === undefined || isEncoding(encoding)) return encoding;
  throw new UsageError(
    `--encoding is utf-8, utf-16le, windows-1252, shift_jis or another that the Web knows, not ${encoding}.`,
  );
}

/** Problems that reading found in rows, in the file's order; `row` counts from 1, as people do. */
export function readProblems({ unread, conversions }: ReadRows): RowProblem[] {
  return [...unread.map(({ place, code, message }) => ({ row: place, code, message })), ...conversions]
    .toSorted((a, b) => a.row - b.row)
    .map(({ row, code, message }) => ({ row: row + 1, code, message }));
}

export function printProblems(problems: readonly RowProblem[], print: Print): void {
  for (const { row, code, message } of problems) print({ row, code, message });
}

/**
 * @param refused rows that the model cannot read, numbered from 1
 * @throws PronkError `bad-dataset` for a file with rows that cannot be read
 */
export function refuseUnread({ unread }: ReadRows, path: string, refused: readonly RowProblem[] = []): void {
  const rows = [...unread.map(({ place }) => place + 1), ...refused.map(({ row }) => row)];
  if (rows.length === 0) return;
  const howMany = rows.length === 1 ? 'a row' : `${rows.length} rows`;
  const message = `${path} has ${howMany} that cannot be read, the first of them row ${rows.reduce((a, b) => Math.min(a, b))}. Correct them, or leave --strict out to go on without.`;
  throw new PronkError('bad-dataset', message);
}

/** How often each name is there. */
export function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
