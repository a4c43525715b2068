// Where a model comes from, opened: the files that are read, how they become a checkpoint, and how they are found again.

import type { Checkpoint } from '../../core/checkpoint';
import { parseEncName } from '../../formats/patches/enc';
import type { HasherFactory } from '../../core/hash';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { baseName, type Source } from '../../core/source';
import { diffCheckpoint } from '../../formats/patches/weight-diff';
import { Access, type AccessToken } from '../../hub/access';
import { chooseFiles } from '../../hub/choose';
import { changedFile, expired } from '../../hub/failures';
import { listRepository, openRemote } from '../../hub/repository';
import { TEMPLATES_FOLDER } from '../../hub/remote';
import type { Manner, Wait } from '../../hub/transport';
import type { JournalFile } from '../../storage/journal';
import { wrongKey } from '../patches/key';
import { keyOf, openPatch, type Patch, sortPatch } from '../patches/patch';
import { type GivenSource, identify } from './identity';
import type { Digests } from './sequential';

/** Where a model comes from; `Given` is what a file is given as. */
export type Origin<Given = GivenSource> =
  | { readonly kind: 'files'; readonly files: readonly Given[] }
  | {
      readonly kind: 'hub';
      /** `owner/name`, `owner/name@revision`, or an address of a folder. */
      readonly address: string;
      /** Access tokens, of which each goes to its own server only; kept in memory, never stored here. */
      readonly tokens?: readonly AccessToken[] | undefined;
      /** One of several GGUF files. */
      readonly variant?: string | undefined;
      /** Samples of the files from the beginning of the import, where the address names no commit. */
      readonly samples?: readonly JournalFile[] | undefined;
    }
  /** A fine-tuned model as its base and the difference, the way Stanford published Alpaca. */
  | { readonly kind: 'weight-diff'; readonly base: readonly Given[]; readonly diff: readonly Given[] };

/** A file as it is read, with the digests that its publisher gives. */
interface ReadFile {
  readonly source: Source;
  readonly expected?: Digests;
}

export interface OpenedOrigin {
  readonly files: readonly ReadFile[];
  /** For people: file names, or an address. */
  readonly source: string;
  readonly download: boolean;
  readonly licence?: string;
  /** Encrypted files, where it is some. */
  readonly patch?: Patch;
  /** Equal for origins of the same bytes. */
  identity(): Promise<string>;
  /** The checkpoint in these sources, which are `files`' or stand in for them. */
  open(sources: readonly Source[]): Promise<Checkpoint>;
  /** Peculiarities that opening it found, as sentences. */
  notes?(): readonly string[];
  /** From here on reading goes through bad times by itself, where looking has an answer within seconds. */
  begin?(onWait: (wait: Wait) => void): void;
  /** Ends requests that are under way; the sources are of no use after it. */
  abort?(reason: unknown): void;
  /** The part of an origin that a journal keeps, to open the same files again. */
  remember(): Promise<Remembered>;
}

interface Remembered {
  readonly origin: StoredOrigin;
  readonly files: readonly JournalFile[];
  readonly handles?: readonly unknown[];
}

/** An origin as a journal keeps it: never with a token. */
export type StoredOrigin =
  | { readonly kind: 'files' }
  /** The address names a commit, where the server has such: the same bytes at any later time. */
  | {
      readonly kind: 'hub';
      readonly address: string;
      readonly variant?: string | undefined;
      /** Samples of files at any other address, which may be replaced at any time. */
      readonly samples?: readonly JournalFile[] | undefined;
    }
  /** The first `baseFiles` files are the base's. */
  | { readonly kind: 'weight-diff'; readonly baseFiles: number };

/** Everything that opening needs besides the origin. */
export interface OpenOptions {
  readonly hashers: HasherFactory;
  /** For addresses; the global one without it. */
  readonly fetch?: typeof fetch | undefined;
  /** The address of the Hub or of a mirror of it. */
  readonly endpoint?: string | undefined;
  /** Ends the requests of an address. */
  readonly signal?: AbortSignal | undefined;
  /** Told while a server is waited for. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** An import that was begun goes on. */
  readonly resumes?: boolean | undefined;
}

export async function openOrigin(origin: Origin, options: OpenOptions): Promise<OpenedOrigin> {
  if (origin.kind === 'hub') return openHub(origin, options);
  if (origin.kind === 'weight-diff') return openWeightDiff(origin);
  const { files } = origin;
  const { hashers } = options;
  return files.some(({ source }) => parseEncName(source.name)) ? openEncrypted(files, hashers) : openFiles(files);
}

function openFiles(inputs: readonly GivenSource[]): OpenedOrigin {
  return {
    files: inputs.map(({ source }) => ({ source })),
    source: namesOf(inputs),
    download: false,
    identity: () => identityOf(inputs),
    open: openCheckpoint,
    remember: () => remembered({ kind: 'files' }, inputs),
  };
}

/** Encrypted files are read decrypted. What is wrong with them is an error of `open`, so that a plan can show the table. */
async function openEncrypted(inputs: readonly GivenSource[], hashers: HasherFactory): Promise<OpenedOrigin> {
  const patch = await sortPatch(inputs.map(({ source }) => source));
  let files: readonly ReadFile[] = [];
  let problem: unknown;
  try {
    const key = keyOf(patch);
    files = openPatch(patch).map(({ source, sha256 }, i) => {
      const md5 = patch.files[i].published?.md5;
      return { source, expected: { sha256, ...(md5 !== undefined && { md5 }) } };
    });
    problem = await wrongKey(key, patch.files, hashers);
  } catch (error) {
    problem = error;
  }
  // of the files beside them, only the key is used
  const sources = [...patch.files.map(({ source }) => source), ...(patch.key ? [patch.key] : [])];
  return {
    files,
    source: sources.map(({ name }) => baseName(name)).join(', '),
    download: false,
    identity: () => identityOf(inputs.filter(({ source }) => sources.includes(source))),
    patch,
    async open(decrypted) {
      if (problem) throw problem;
      return openCheckpoint(decrypted);
    },
    remember: () => remembered({ kind: 'files' }, inputs),
  };
}

/** Files that are read where they lie, window by window: nothing is downloaded twice, or stored as it comes. */
async function openHub(
  { address, tokens, variant, samples }: Origin & { kind: 'hub' },
  { fetch, endpoint, signal, onWait, resumes = false }: OpenOptions,
): Promise<OpenedOrigin> {
  const controller = new AbortController();
  const end = () => controller.abort(signal?.reason);
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  const access = new Access(tokens);
  let manner: Manner = resumes ? 'resume' : 'look';
  let tellWait = onWait;
  const remote = {
    access,
    fetch,
    endpoint,
    signal: controller.signal,
    manner: () => manner,
    onWait: (wait: Wait) => tellWait?.(wait),
  };
  const repository = await listRepository(address, remote);
  const choice = chooseFiles(repository.files, { path: repository.path, variant });
  const folder = baseName(repository.name);
  const opened = await Promise.all(
    choice.files.map((file) => openRemote(file, remote, `${folder}/${nameBeside(file.path)}`)),
  );
  const { licence, revision } = repository;
  // what a query has may be a key
  const place = repository.address.replace(/\?.*/, '');
  const identifyAll = () =>
    Promise.all(opened.map(({ source }, i) => identify({ source, path: choice.files[i].path })));
  if (samples) checkSame(samples, await identifyAll());
  return {
    files: opened.map(({ source, sha256 }) => ({ source, ...(sha256 !== undefined && { expected: { sha256 } }) })),
    source: place,
    download: true,
    identity: async () => {
      const sizes = revision === undefined ? choice.files.map(({ path, size }) => `${path} ${size}`) : [];
      return [place, choice.variant ?? '', ...sizes].join('\n');
    },
    ...(licence !== undefined && { licence }),
    open: openCheckpoint,
    notes: () => access.refusedBy.map((host) => `${expired(host)} What everybody may read is read without it.`),
    begin(tell) {
      manner = 'read';
      tellWait = tell;
    },
    abort: (reason) => controller.abort(reason),
    remember: async () => ({
      origin: {
        kind: 'hub',
        address: repository.address,
        variant: choice.variant,
        ...(revision === undefined && { samples: await identifyAll() }),
      },
      files: [],
    }),
  };
}

/** A file's name in the folder of its model, whose named templates lie in a folder of their own. */
function nameBeside(path: string): string {
  const name = baseName(path);
  return path.endsWith(`${TEMPLATES_FOLDER}/${name}`) ? `${TEMPLATES_FOLDER}/${name}` : name;
}

/** @throws PronkError `changed-file` unless files are those of the beginning */
function checkSame(before: readonly JournalFile[], now: readonly JournalFile[]): void {
  const same = (a: JournalFile, b: JournalFile) => a.path === b.path && a.size === b.size && a.sample === b.sample;
  const other = now.find((file) => !before.some((each) => same(each, file))) ?? before[now.length];
  if (other) throw changedFile(other.path, 'it is not the one that the import was begun with');
}

/** base + diff is computed row by row while both are read. */
function openWeightDiff({ base, diff }: Origin & { kind: 'weight-diff' }): OpenedOrigin {
  const inputs = [...base, ...diff];
  return {
    files: inputs.map(({ source }) => ({ source })),
    source: `${namesOf(base)} + ${namesOf(diff)}`,
    download: false,
    identity: () => identityOf(inputs),
    async open(sources) {
      const [from, change] = [sources.slice(0, base.length), sources.slice(base.length)];
      return diffCheckpoint(await openCheckpoint(from), await openCheckpoint(change), 'recover');
    },
    remember: () => remembered({ kind: 'weight-diff', baseFiles: base.length }, inputs),
  };
}

/** An identity from the files' contents: neither their names nor their order matter. */
async function identityOf(inputs: readonly GivenSource[]): Promise<string> {
  const known = await Promise.all(inputs.map(identify));
  return known
    .map(({ size, sample }) => `${size}:${sample}`)
    .toSorted()
    .join(' ');
}

function namesOf(inputs: readonly GivenSource[]): string {
  return inputs.map(({ source }) => baseName(source.name)).join(', ');
}

async function remembered(origin: StoredOrigin, inputs: readonly GivenSource[]): Promise<Remembered> {
  const handles = inputs.map(({ handle }) => handle);
  const files = await Promise.all(inputs.map(identify));
  return { origin, files, ...(handles.every((each) => each !== undefined) && { handles }) };
}
