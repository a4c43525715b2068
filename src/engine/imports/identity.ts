// Recognizing a file by its size and a sample of its bytes, whatever its name is by now.

import { xxhash128 } from 'hash-wasm';
import type { Source } from '../../core/source';
import type { JournalFile } from '../../storage/journal';

const SAMPLE_BYTES = 64 << 10;

/** A file that a person chose for an import. */
export interface GivenSource {
  readonly source: Source;
  /** With folders where they are known. */
  readonly path: string;
  /** Finds the file again after a reload; a `FileSystemFileHandle` in browsers that have them. */
  readonly handle?: unknown;
}

export async function identify({ source, path }: GivenSource): Promise<JournalFile> {
  const { size } = source;
  const starts = [0, Math.floor((size - SAMPLE_BYTES) / 2), size - SAMPLE_BYTES].map((at) => Math.max(0, at));
  const parts = await Promise.all([...new Set(starts)].map((at) => source.read(at, Math.min(size, at + SAMPLE_BYTES))));
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { path, size, sample: await xxhash128(bytes) };
}

/**
 * Finds the files of an earlier visit among others, in the order and under the names of that visit.
 * @returns also the names of those that are missing
 */
export async function recognise(
  wanted: readonly JournalFile[],
  given: readonly GivenSource[],
): Promise<{ readonly found: GivenSource[]; readonly missing: string[] }> {
  const sizes = new Set(wanted.map(({ size }) => size));
  const candidates = given.filter(({ source }) => sizes.has(source.size));
  const known = await Promise.all(candidates.map(async (each) => ({ each, ...(await identify(each)) })));
  const found: GivenSource[] = [];
  const missing: string[] = [];
  for (const { path, size, sample } of wanted) {
    const match = known.find((file) => file.size === size && file.sample === sample);
    if (match) found.push({ ...match.each, source: { ...renamed(match.each.source, path) }, path });
    else missing.push(path);
  }
  return { found, missing };
}

function renamed(source: Source, name: string): Source {
  return { name, size: source.size, read: (start, end) => source.read(start, end) };
}
