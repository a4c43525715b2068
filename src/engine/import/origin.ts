// Where a model comes from, opened: the files that are read, how they become a checkpoint, and how they are found again.

import type { Checkpoint } from '../../formats/checkpoint';
import { openCheckpoint } from '../../formats/open';
import { baseName, type Source } from '../../formats/source';
import type { JournalFile } from '../../storage/journal';
import { type GivenSource, identify } from './identity';
import type { Digests } from './sequential';
import type { PatchTable } from './types';

export type Origin = { readonly kind: 'files'; readonly files: readonly GivenSource[] };

/** A file as it is read, with the digests that its publisher gives. */
export interface ReadFile {
  readonly source: Source;
  readonly expected?: Digests;
}

export interface OpenedOrigin {
  readonly files: readonly ReadFile[];
  /** For people: file names, or an address. */
  readonly source: string;
  readonly download: boolean;
  readonly patch?: PatchTable;
  /** The checkpoint in these sources, which are `files`' or stand in for them. */
  open(sources: readonly Source[]): Promise<Checkpoint>;
  /** What a journal keeps, to open the same again. */
  remember(): Promise<Remembered>;
}

export interface Remembered {
  readonly origin: StoredOrigin;
  readonly files: readonly JournalFile[];
  readonly handles?: readonly unknown[];
}

/** What of an origin is kept: never a token. */
export type StoredOrigin = { readonly kind: 'files' };

export async function openOrigin(origin: Origin): Promise<OpenedOrigin> {
  return openFiles(origin.files);
}

async function openFiles(given: readonly GivenSource[]): Promise<OpenedOrigin> {
  return {
    files: given.map(({ source }) => ({ source })),
    source: given.map(({ source }) => baseName(source.name)).join(', '),
    download: false,
    open: openCheckpoint,
    remember: async () => remembered({ kind: 'files' }, given),
  };
}

async function remembered(origin: StoredOrigin, given: readonly GivenSource[]): Promise<Remembered> {
  const handles = given.map(({ handle }) => handle);
  const files = await Promise.all(given.map(identify));
  return { origin, files, ...(handles.every((each) => each !== undefined) && { handles }) };
}
