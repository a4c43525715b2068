// Decrypting files into a folder: read ahead, hashed on the way, and kept only if every checksum agrees.
import { checkHashes, readEncHash } from '../../formats/patches/enc';
import { PronkError } from '../../core/errors';
import { createHasher } from '../../core/hash';
import { type Source, baseName } from '../../core/source';
import { windows } from '../../core/stream';
import { HEADER_BYTES, keyStream, xorInto } from '../../formats/patches/xor';
import type { Folder } from '../../storage/folder';
import { wrongKey } from './key';
import { type EncryptedFile, type Patch, keyOf } from './patch';
import { type SaveOptions, type SavedFile, failed, writeFile } from '../save';

/**
 * Decrypts a patch's files one after another. A file that fails is told in its result, nothing of it stays in the folder,
 * and the others go on. A key that no file agrees with is told before anything is written.
 * @throws PronkError `missing-key`, `empty-key`; the signal's reason
 */
export async function* decryptFiles(
  patch: Patch,
  folder: Folder,
  { hashers = createHasher, onProgress, signal }: SaveOptions = {},
): AsyncGenerator<SavedFile> {
  const key = keyOf(patch);
  const wrong = await wrongKey(key, patch.files, hashers);
  const total = patch.files.reduce((sum, file) => sum + size(file), 0);
  let before = 0;
  for (const file of patch.files) {
    signal?.throwIfAborted();
    const problem = file.problem ?? wrong;
    const base = before;
    yield problem
      ? failed(file.name.plain, problem)
      : await decryptFile(file, key, folder, {
          hashers,
          onProgress: (done) => onProgress?.(base + done, total),
          signal,
        });
    before += size(file);
  }
}

/** Bytes to be decrypted. */
function size({ source, problem }: EncryptedFile): number {
  return problem ? 0 : source.size - HEADER_BYTES;
}

interface Options {
  readonly hashers: NonNullable<SaveOptions['hashers']>;
  readonly onProgress: (done: number) => void;
  readonly signal: AbortSignal | undefined;
}

function decryptFile(file: EncryptedFile, key: Source, folder: Folder, options: Options): Promise<SavedFile> {
  const { source, name, published } = file;
  const { hashers, onProgress, signal } = options;
  return writeFile(folder, name.plain, signal, async (write) => {
    const hashing = await Promise.all([hashers('sha256'), ...(published ? [hashers('md5'), hashers('md5')] : [])]);
    try {
      const [plainSha256, plainMd5, encMd5] = hashing;
      await encMd5?.update(await source.read(0, HEADER_BYTES));
      let bytes = 0;
      for await (const { cipher, plain } of decrypted(source, key, signal)) {
        await Promise.all([plainSha256.update(plain), plainMd5?.update(plain), encMd5?.update(cipher)]);
        await write(plain);
        onProgress((bytes += plain.length));
      }
      const [sha256, ...md5s] = await Promise.all(hashing.map((each) => each.digest()));
      return { bytes, sha256, problem: await problemOf(file, sha256, md5s) };
    } catch (error) {
      for (const each of hashing) each.end();
      throw error;
    }
  });
}

/** The first problem that the checksums of a file show. @param md5s of the decrypted and the encrypted file, if it is a published one */
async function problemOf({ source, name, published }: EncryptedFile, sha256: string, md5s: readonly string[]) {
  try {
    checkHashes(baseName(source.name), name, await readEncHash(source), sha256);
  } catch (error) {
    if (error instanceof PronkError) return error;
    throw error;
  }
  if (!published || (md5s[0] === published.md5 && md5s[1] === published.encMd5)) return undefined;
  return new PronkError('hash-mismatch', `${name.whole} does not have its published MD5. Download it again.`);
}

/** Ciphertext and plaintext side by side, both read ahead. */
async function* decrypted(source: Source, key: Source, signal: AbortSignal | undefined) {
  const stream = windows(keyStream(key, source.size - HEADER_BYTES), { signal });
  try {
    for await (const { bytes: cipher } of windows(source, { start: HEADER_BYTES, signal })) {
      const { value } = await stream.next();
      if (!value || value.bytes.length !== cipher.length) throw new RangeError('The windows do not fit together');
      // The key's bytes become the plaintext's: the ciphertext is still to be hashed.
      xorInto(value.bytes, cipher);
      yield { cipher, plain: value.bytes };
    }
  } finally {
    await stream.return(undefined);
  }
}
