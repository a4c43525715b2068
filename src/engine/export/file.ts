// Files that are made for the person, one after another: whole ones, or none after the first that fails.
import type { Folder } from '../../storage/folder';
import { type SaveOptions, type SavedFile, writeFile } from '../save';

/** A file to write, whose bytes are made when they are wanted. */
export interface FileContent {
  readonly name: string;
  /** About how many bytes: for progress. */
  readonly size: number;
  /** How another program treats the file otherwise than Pronk, as a sentence. */
  readonly note?: string | undefined;
  pieces(): AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>;
}

export function bytesFile(name: string, bytes: Uint8Array<ArrayBuffer>): FileContent {
  return { name, size: bytes.length, pieces: () => [bytes] };
}

export function textFile(name: string, text: string): FileContent {
  return bytesFile(name, new TextEncoder().encode(text));
}

export function jsonFile(name: string, value: unknown): FileContent {
  return textFile(name, `${JSON.stringify(value, null, 2)}\n`);
}

/** @throws the signal's reason */
export async function* writeFiles(
  folder: Folder,
  files: readonly FileContent[],
  { onProgress, signal }: SaveOptions = {},
): AsyncGenerator<SavedFile, void, void> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const file of files) {
    const written = await writeFile(folder, file.name, signal, async (write) => {
      let bytes = 0;
      for await (const piece of file.pieces()) {
        signal?.throwIfAborted();
        await write(piece);
        bytes += piece.length;
        onProgress?.(Math.min(total, (done += piece.length)), total);
      }
      return { bytes, ...(file.note !== undefined && { note: file.note }) };
    });
    yield written;
    if (!written.ok) return;
  }
}

/** A name as every file system takes it. */
export function fileName(name: string): string {
  const plain = name.replaceAll(/[^\p{L}\p{N}._ ()-]+/gu, '-').replace(/^[. -]+/, '');
  return plain.slice(0, 100) || 'model';
}
