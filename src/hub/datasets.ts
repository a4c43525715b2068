// Datasets on the Hub: which subsets and splits one has, and the files that hold their rows. The Hub keeps a copy of most
// datasets as Parquet on a branch of its own, in folders `subset/split`; of the others, their own files are taken.

import { PronkError } from '../core/errors';
import { baseName } from '../core/source';
import { HUB } from './access';
import { isHubName } from './address';
import { listHub } from './hub-api';
import type { RemoteFile, Repository } from './remote';
import type { RemoteOptions } from './repository';

/** What a person says of a dataset. */
export interface DatasetAddress {
  /** `owner/name` */
  readonly id: string;
  readonly subset?: string;
  readonly split?: string;
}

/** Some rows of a dataset that belong together. */
export interface DatasetSplit {
  readonly subset: string;
  readonly split: string;
  /** Whether the Hub's copy ends before the dataset does: it does so at 5 GB. */
  readonly partial: boolean;
  /** In the order of their rows. */
  readonly files: readonly RemoteFile[];
  /** Bytes of all of them. */
  readonly bytes: number;
}

export interface RemoteDataset extends Omit<Repository, 'files' | 'path'> {
  /** The first one is meant where nobody says which. */
  readonly splits: readonly DatasetSplit[];
}

/** The Hub's branch with its copy. */
const PARQUET = 'refs/convert/parquet';
const ROWS = /\.(parquet|jsonl|ndjson|json|csv|tsv)$/i;
/** JSON that says something about a dataset. */
const ABOUT = /^(dataset_infos?|metadata|config|package|statistics)\.json$/i;

/**
 * Reads `owner/name`, `owner/name/subset`, `owner/name/subset/split`, `hf:` or `hf://datasets/` in front of one, or the
 * address of a dataset's page.
 * @throws PronkError `bad-address`
 */
export function parseDatasetAddress(text: string): DatasetAddress {
  const given = text.trim();
  const [, path] =
    /^(?:hf:(?:\/\/datasets\/)?|https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/datasets\/)?([^?#]*)/i.exec(given) ??
    [];
  const [owner = '', name = '', ...rest] = (path ?? '').split('/').filter(Boolean).map(decoded);
  const id = `${owner}/${name}`;
  if (!isHubName(id)) {
    const shown = given.length > 80 ? `${given.slice(0, 80)}…` : given;
    throw new PronkError(
      'bad-address',
      `“${shown}” does not say which dataset. Give its name on the Hub (owner/name), or the address of its page.`,
    );
  }
  // the page's own addresses
  const [subset, split] =
    rest[0] === 'viewer' ? rest.slice(1) : ['tree', 'blob', 'resolve'].includes(rest[0] ?? '') ? [] : rest;
  return { id, ...(subset !== undefined && { subset }), ...(split !== undefined && { split }) };
}

/**
 * A dataset of the Hub at its commit now.
 * @throws PronkError `not-found`, `private`, `gated`, `bad-token`, `network`, `refused`; `unsupported-format` where there are no
 * files that can be read; the signal's reason
 */
export async function listDataset({ id }: DatasetAddress, options: RemoteOptions = {}): Promise<RemoteDataset> {
  const list = (revision: string) =>
    listHub({ kind: 'hub', id, revision }, options.endpoint ?? HUB, options, 'datasets');
  const copy = await list(PARQUET).catch((error: unknown) => {
    if (error instanceof PronkError && error.code === 'not-found') return undefined;
    throw error;
  });
  const inCopy = copy ? splitsOf(copy.files) : [];
  const { files, path: _, ...repository } = copy && inCopy.length > 0 ? copy : await list('main');
  const splits = inCopy.length > 0 ? inCopy : ownFiles(files);
  if (splits.length === 0) {
    throw new PronkError(
      'unsupported-format',
      `The dataset ${id} has no files of rows that Pronk reads (Parquet, JSON, JSON Lines, CSV). Save its rows as JSON Lines with the library datasets, and add that file.`,
    );
  }
  return { ...repository, splits };
}

/**
 * The split that is meant: by name, else the first one.
 * @throws PronkError `not-found` naming those that there are
 */
export function chosenSplit(
  splits: readonly DatasetSplit[],
  { subset, split }: Omit<DatasetAddress, 'id'>,
): DatasetSplit {
  const inSubset = splits.filter((each) => subset === undefined || each.subset === subset);
  const found = inSubset.find((each) => split === undefined || each.split === split);
  if (found) return found;
  const some = (names: readonly string[]) => [...new Set(names)].slice(0, 20).join(', ');
  throw new PronkError(
    'not-found',
    inSubset.length === 0
      ? `The dataset has no subset ${subset}. It has ${some(splits.map((each) => each.subset))}.`
      : `The dataset has no split ${split} there. It has ${some(inSubset.map((each) => each.split))}.`,
  );
}

/** `default/train/0000.parquet`, `default/partial-train/0000.parquet`; training rows first. */
function splitsOf(files: readonly RemoteFile[]): DatasetSplit[] {
  const found = new Map<string, RemoteFile[]>();
  for (const file of files) {
    const [subset, split, name, ...more] = file.path.split('/');
    if (subset === undefined || split === undefined || !name?.endsWith('.parquet') || more.length > 0) continue;
    const key = `${subset}/${split}`;
    found.set(key, [...(found.get(key) ?? []), file]);
  }
  const splits = Array.from(found, ([key, parts]) => {
    const [subset, folder] = key.split('/');
    const partial = folder.startsWith('partial-');
    return splitOf(subset, folder.replace(/^partial-/, ''), partial, parts);
  });
  return splits.toSorted(
    (a, b) =>
      rank(a.subset, 'default') - rank(b.subset, 'default') ||
      order(a.subset, b.subset) ||
      rank(a.split, 'train') - rank(b.split, 'train') ||
      order(a.split, b.split),
  );
}

/** Files of a dataset that has no copy, each by itself. */
function ownFiles(files: readonly RemoteFile[]): DatasetSplit[] {
  const rows = files.filter(({ path }) => ROWS.test(path) && !ABOUT.test(baseName(path)));
  return rows
    .map((file) => splitOf('files', file.path, false, [file]))
    .toSorted((a, b) => Number(/train/i.test(b.split)) - Number(/train/i.test(a.split)) || order(a.split, b.split));
}

function splitOf(subset: string, split: string, partial: boolean, files: readonly RemoteFile[]): DatasetSplit {
  const sorted = files.toSorted((a, b) => order(a.path, b.path));
  return { subset, split, partial, files: sorted, bytes: sorted.reduce((sum, { size }) => sum + size, 0) };
}

const rank = (name: string, first: string) => (name === first ? 0 : 1);
const order = (a: string, b: string) => (a < b ? -1 : Number(a > b));

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
