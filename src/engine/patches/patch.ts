// Encrypted files and their key, found among the files that somebody gave, in whatever order and however renamed.
import { type EncName, checkHashes, parseEncName, readEncHash } from '../../formats/patches/enc';
import { PronkError, corruptFile } from '../../core/errors';
import { PUBLISHED_FILES, PUBLISHED_KEY, type PublishedFile, publishedFile } from '../../formats/patches/point-alpaca';
import { type Source, baseName } from '../../core/source';
import { HEADER_BYTES, xorSource } from '../../formats/patches/xor';
import type { PatchFile, PatchTable } from '../imports/types';

/** An encrypted file that was given. */
export interface EncryptedFile {
  readonly source: Source;
  /** The decrypted file's name and digest, from the encrypted file's name. */
  readonly name: EncName;
  /** One of the twelve that point-alpaca published: its whole name, hash included, is in the table. */
  readonly published?: PublishedFile;
  /** Why it cannot be decrypted. */
  readonly problem?: PronkError;
}

/** Encrypted files with their key, if it was among what was given. */
export interface Patch {
  readonly key?: Source;
  /** Published ones first, in the table's order; then by name. */
  readonly files: readonly EncryptedFile[];
  readonly table: PatchTable;
}

/** A decrypted view of a file, and the checksum that its bytes must have. */
export interface PlainFile {
  readonly source: Source;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** Finds encrypted files and their key. Only headers are read; what is wrong with a file is said in the table. */
export async function sortPatch(files: readonly Source[]): Promise<Patch> {
  const encrypted = files.filter((file) => parseEncName(file.name));
  const others = files.filter((file) => !parseEncName(file.name));
  return makePatch(await findKey(others), encrypted);
}

/** The patch of a key that is known to be one. Files whose names are not those of encrypted files are left out. */
export async function makePatch(key: Source | undefined, files: readonly Source[]): Promise<Patch> {
  const checked = await Promise.all(files.map(check));
  const found = apart(withoutCopies(checked.filter((file) => file !== undefined)));
  const sorted = found.toSorted((a, b) => rank(a) - rank(b) || compare(a.name.whole, b.name.whole));
  return {
    ...(key && { key }),
    files: sorted,
    table: { ...(key && { key: { name: baseName(key.name), size: key.size } }), files: rows(sorted) },
  };
}

/**
 * The plaintexts of a patch's files, decrypted where they are read and verified by whoever reads them.
 * @throws PronkError `missing-key`; what is wrong with the first file that is wrong
 */
export function openPatch(patch: Patch): PlainFile[] {
  const key = keyOf(patch);
  return patch.files.map(({ source, name, problem }) => {
    if (problem) throw problem;
    return { source: xorSource(source, key, name.plain), sha256: name.sha256 };
  });
}

/** @throws PronkError `missing-key` */
export function keyOf({ key, files }: Patch): Source {
  if (key) return key;
  const published = files.some((file) => file.published);
  const what = published ? `the file ${PUBLISHED_KEY.name} of LLaMA-7B` : 'the file that they were encrypted with';
  throw new PronkError('missing-key', `The key of the encrypted files is missing. Add ${what} together with them.`);
}

async function check(source: Source): Promise<EncryptedFile | undefined> {
  const name = parseEncName(source.name);
  if (!name) return undefined;
  const published = publishedFile(name.whole);
  const file = { source, name, ...(published && { published }) };
  try {
    checkHashes(baseName(source.name), name, await readEncHash(source));
    const expected = published?.bytes;
    if (expected !== undefined && source.size !== HEADER_BYTES + expected) {
      throw corruptFile(name.whole, `it has ${source.size} bytes, and ${HEADER_BYTES + expected} were published`);
    }
    return file;
  } catch (error) {
    if (error instanceof PronkError) return { ...file, problem: error };
    throw error;
  }
}

/** One of each: of two copies of a file the one that is whole, or else the longer one. */
function withoutCopies(files: readonly EncryptedFile[]): EncryptedFile[] {
  const best = new Map<string, EncryptedFile>();
  for (const file of files) {
    const other = best.get(file.name.whole);
    if (!other || better(file, other)) best.set(file.name.whole, file);
  }
  return [...best.values()];
}

function better(a: EncryptedFile, b: EncryptedFile): boolean {
  if (!a.problem !== !b.problem) return !a.problem;
  return a.source.size - b.source.size > 0 || (a.source.size === b.source.size && a.source.name < b.source.name);
}

/** Different files that would be written under one name: a published one goes before, else none of them is taken. */
function apart(files: readonly EncryptedFile[]): EncryptedFile[] {
  return files.map((file) => {
    const rivals = files.filter((other) => other !== file && other.name.plain === file.name.plain);
    if (file.problem || !rivals.length || file.published) return file;
    const message = `${file.name.whole} and ${rivals[0].name.whole} both decrypt to ${file.name.plain}. Decrypt them one at a time.`;
    return { ...file, problem: new PronkError('name-conflict', message) };
  });
}

/** Rows for the page: the published files once one of them was given, those that are missing too, then the others. */
function rows(files: readonly EncryptedFile[]): PatchFile[] {
  const row = ({ source, name, published, problem }: EncryptedFile): PatchFile => ({
    name: name.plain,
    size: source.size,
    published: published !== undefined,
    state: problem ? 'bad' : 'present',
    ...(problem && { problem: problem.message }),
  });
  const given = new Map(files.map((file) => [file.published, file]));
  const known = files.some((file) => file.published) ? PUBLISHED_FILES : [];
  return [
    ...known.map((each): PatchFile => {
      const file = given.get(each);
      return file ? row(file) : { name: each.plain, published: true, state: 'missing' };
    }),
    ...files.filter((file) => !file.published).map(row),
  ];
}

/**
 * The biggest of Meta's files by name, else the biggest that is PyTorch's by its first bytes, else the only other file
 * that there is.
 */
async function findKey(files: readonly Source[]): Promise<Source | undefined> {
  const biggestFirst = files
    .filter((file) => file.size > 0)
    .toSorted((a, b) => b.size - a.size || compare(a.name, b.name));
  const meta = biggestFirst.find((file) => /^consolidated\.00\b.*\.pth/i.test(baseName(file.name)));
  if (meta) return meta;
  for (const file of biggestFirst) {
    const head = await file.read(0, Math.min(2, file.size));
    if ((head[0] === 0x50 && head[1] === 0x4b) || (head[0] === 0x80 && head[1] === 2)) return file;
  }
  return biggestFirst.length === 1 ? biggestFirst[0] : undefined;
}

function rank({ published }: EncryptedFile): number {
  return published ? PUBLISHED_FILES.indexOf(published) : PUBLISHED_FILES.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
