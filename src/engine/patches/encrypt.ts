// Encrypting files into a folder. The checksum stands in the name and the header, so that each file is read twice.
import { createHasher } from '../../core/hash';
import { type Source, baseName } from '../../core/source';
import { windows } from '../../core/stream';
import { encSource, keyStream, sha256Of } from '../../formats/patches/xor';
import type { Folder } from '../../storage/folder';
import { type SaveOptions, type SavedFile, failed, writeFile } from '../save';

/**
 * Encrypts files one after another, each to `name.<SHA-256>.enc`; results have that name, the bytes of the encrypted file
 * and the checksum of the plain one. A file that fails is told in its result, and the others go on.
 * @throws PronkError `empty-key`; the signal's reason
 */
export async function* encryptFiles(
  key: Source,
  files: readonly Source[],
  folder: Folder,
  { hashers = createHasher, onProgress, signal }: SaveOptions = {},
): AsyncGenerator<SavedFile> {
  // an empty key is no file's fault
  keyStream(key, 0);
  const total = 2 * files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  const progress = (bytes: number) => onProgress?.(Math.min((done += bytes), total), total);
  for (const file of files) {
    let sha256: string;
    try {
      sha256 = await sha256Of(file, hashers, { signal, onProgress: progress });
    } catch (error) {
      signal?.throwIfAborted();
      yield failed(baseName(file.name), error);
      continue;
    }
    const enc = encSource(file, key, sha256);
    yield await writeFile(folder, enc.name, signal, async (write) => {
      for await (const { bytes } of windows(enc, { signal })) {
        await write(bytes);
        progress(bytes.length);
      }
      return { bytes: enc.size, sha256 };
    });
  }
}
