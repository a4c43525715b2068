// Rows of a dataset on the Hub: its subsets and splits, and one of them read, as much as is asked for and no more.
import { badDataset } from '../../data/read/bad-dataset';
import { type DatasetRead, readParts, type ReadOptions } from '../../data/read/index';
import { PronkError } from '../../core/errors';
import type { Source } from '../../core/source';
import { Access, type AccessToken } from '../../hub/access';
import { chosenSplit, type DatasetSplit, listDataset, parseDatasetAddress } from '../../hub/datasets';
import { expired } from '../../hub/failures';
import { openRemote, type RemoteOptions } from '../../hub/repository';
import type { HubDataset, HubRows } from './types';

/** Rows that are read where nobody says how many. */
const USUAL_ROWS = 10_000;
/** Bytes that reading a split may take: pictures and sounds in its columns would fill the memory. */
const MOST_BYTES = 1 << 30;
/** A file of text is read whole. */
const MOST_TEXT_BYTES = 256 << 20;
/** Bytes of column chunks that are kept: rows are read some at a time, often more than once from one chunk. */
const KEPT_BYTES = 128 << 20;

type Opening = Pick<RemoteOptions, 'fetch' | 'endpoint' | 'signal' | 'backoff' | 'retries'>;

/**
 * What there is of a dataset.
 * @param address `owner/name`, or what else `parseDatasetAddress` reads
 * @throws PronkError `bad-address`, `not-found`, `private`, `gated`, `bad-token`, `network`, `unsupported-format`
 */
export async function lookUpDataset(
  address: string,
  tokens: readonly AccessToken[] = [],
  opening: Opening = {},
): Promise<HubDataset> {
  const parsed = parseDatasetAddress(address);
  const access = new Access(tokens);
  const { name, licence, splits } = await listDataset(parsed, { ...opening, access, manner: () => 'look' });
  const meant = chosenSplit(splits, parsed);
  return {
    id: parsed.id,
    name,
    ...(licence !== undefined && { licence }),
    splits: splits.map(({ subset, split, partial, bytes }) => ({ subset, split, partial, bytes })),
    meant: { subset: meant.subset, split: meant.split },
    notes: access.refusedBy.map((host) => `${expired(host)} What everybody may read is read without it.`),
  };
}

/**
 * Reads rows of one split.
 * @returns what was read, and a name for it
 * @throws PronkError as `lookUpDataset`; `bad-dataset`
 */
export async function readHubRows(
  { address, subset, split, rows = USUAL_ROWS, tokens = [] }: HubRows,
  options: ReadOptions = {},
  opening: Opening = {},
): Promise<{ readonly read: DatasetRead; readonly name: string }> {
  const parsed = parseDatasetAddress(address);
  const wanted = { ...parsed, ...(subset !== undefined && { subset }), ...(split !== undefined && { split }) };
  const remote = { ...opening, access: new Access(tokens) };
  const { name, splits } = await listDataset(parsed, remote);
  const chosen = chosenSplit(splits, wanted);
  checkSize(chosen);
  const counted = { bytes: 0 };
  const sources = chosen.files.map((file) => lazily(file, () => openRemote(file, remote), counted));
  const read = await readParts(sources, { ...options, most: rows });
  const parts = [name, ...(chosen.subset === 'default' || chosen.subset === 'files' ? [] : [chosen.subset])];
  return { read: withNotes(read, chosen), name: [...parts, chosen.split].join(' · ') };
}

function withNotes(read: DatasetRead, { partial }: DatasetSplit): DatasetRead {
  if (read.kind === 'columns' || !partial) return read;
  return { ...read, notes: [...read.notes, 'The Hub’s copy of this split ends before the dataset does.'] };
}

/** @throws PronkError `bad-dataset` */
function checkSize({ files: [file] }: DatasetSplit): void {
  if (!file || file.path.endsWith('.parquet') || file.size <= MOST_TEXT_BYTES) return;
  throw badDataset(
    `${file.path} has ${Math.round(file.size / 1e6)} MB of text, and such files are read whole. Take a smaller file of the dataset, or save some of its rows as JSON Lines and add that file.`,
  );
}

/** A file that is opened when it is read, with what was read last kept, and all of it counted. */
function lazily(
  { path, size }: { readonly path: string; readonly size: number },
  open: () => Promise<{ readonly source: Source }>,
  counted: { bytes: number },
): Source {
  let opened: Promise<Source> | undefined;
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    name: path,
    size,
    async read(start, end) {
      const key = `${start}-${end}`;
      const known = kept.get(key);
      if (known) return known.slice();
      counted.bytes += end - start;
      if (counted.bytes > MOST_BYTES) throw tooLarge(path);
      opened ??= open().then(({ source }) => source);
      const bytes = await (await opened).read(start, end);
      kept.set(key, bytes);
      let total = [...kept.values()].reduce((sum, each) => sum + each.length, 0);
      for (const [oldest, each] of kept) {
        if (total <= KEPT_BYTES) break;
        kept.delete(oldest);
        total -= each.length;
      }
      return bytes.slice();
    },
  };
}

function tooLarge(path: string): PronkError {
  return badDataset(
    `The rows that were asked for take more than 1 GB of ${path}. Ask for fewer rows, or name the columns that are needed: others are not read then.`,
  );
}
