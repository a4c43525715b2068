// The .enc container of pointnetwork/point-alpaca (encrypt.py): 32 bytes SHA-256 of the plaintext, then the plaintext
// XORed with a key file. Chunks of 10 MiB of both are paired one to one. When the key ends it is read from its beginning
// again, and a last, partial key chunk repeats *inside* its data chunk. So the stream is not key[p mod length], but
//
//   c = ⌊p / C⌋   k = c mod ⌈keyLength / C⌉   L = min(C, keyLength − k·C)   stream[p] = key[k·C + (p mod C) mod L]
//
// which can be read at random.

import { PronkError, corruptFile } from '../../core/errors';
import { type HasherFactory, createHasher } from '../../core/hash';
import { type Source, baseName } from '../../core/source';
import { windows } from '../../core/stream';

/** Bytes in front of the ciphertext. */
export const HEADER_BYTES = 32;

/** C: what is read of data and key at once by the program that defines the format. */
const CHUNK_BYTES = 10 << 20;

/**
 * The key's bytes as they meet a plaintext of `size` bytes. What a read returns is new memory, never the key's own.
 * @throws PronkError `empty-key`
 */
export function keyStream(key: Source, size: number): Source {
  if (key.size === 0) {
    const message = `${key.name || 'The key'} is empty, so it cannot be the key. Choose the file that was used as the key.`;
    throw new PronkError('empty-key', message);
  }
  const keyChunks = Math.ceil(key.size / CHUNK_BYTES);
  return {
    name: key.name,
    size,
    async read(start, end) {
      if (!(start >= 0 && start <= end && end <= size)) {
        throw new RangeError(`Bytes ${start} to ${end} of a key stream asked for, which has ${size}`);
      }
      const chunk = Math.floor(start / CHUNK_BYTES);
      const [from, to] = [start - chunk * CHUNK_BYTES, end - chunk * CHUNK_BYTES];
      const at = (chunk % keyChunks) * CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES, key.size - at);
      // the common case, in one piece: a range within a chunk, and the key does not end in it
      if (to <= length) return key.read(at + from, at + to);
      const result = new Uint8Array(end - start);
      for (let position = start; position < end; ) {
        const next = Math.min(end, (Math.floor(position / CHUNK_BYTES) + 1) * CHUNK_BYTES);
        await readInChunk(position, result.subarray(position - start, next - start));
        position = next;
      }
      return result;
    },
  };

  /** Fills `target` from `position`, all of it within one data chunk. */
  async function readInChunk(position: number, target: Uint8Array): Promise<void> {
    const chunk = Math.floor(position / CHUNK_BYTES);
    const at = (chunk % keyChunks) * CHUNK_BYTES;
    const length = Math.min(CHUNK_BYTES, key.size - at);
    const offset = (position - chunk * CHUNK_BYTES) % length;
    // one period at most is read, in two parts; the rest repeats it
    const first = Math.min(target.length, length - offset);
    target.set(await key.read(at + offset, at + offset + first));
    let filled = Math.min(target.length, length);
    if (filled > first) target.set(await key.read(at, at + filled - first), first);
    for (; filled < target.length; filled *= 2) target.copyWithin(filled, 0, Math.min(filled, target.length - filled));
  }
}

/** `target` ^= `other`; both of one length. */
export function xorInto(target: Uint8Array, other: Uint8Array): void {
  const aligned = target.byteOffset % 4 === 0 && other.byteOffset % 4 === 0;
  const words = aligned ? target.length >>> 2 : 0;
  const to = new Uint32Array(target.buffer, aligned ? target.byteOffset : 0, words);
  const from = new Uint32Array(other.buffer, aligned ? other.byteOffset : 0, words);
  for (let i = 0; i < words; i++) to[i] ^= from[i];
  for (let i = words * 4; i < target.length; i++) target[i] ^= other[i];
}

/**
 * The plaintext of an .enc file, decrypted where it is read. Nothing is verified here.
 * @throws PronkError `corrupt-file` for a file without a whole header, `empty-key`
 */
export function xorSource(cipher: Source, key: Source, name: string): Source {
  if (cipher.size < HEADER_BYTES) throw corruptFile(cipher.name, 'it ends within its header');
  const size = cipher.size - HEADER_BYTES;
  const stream = keyStream(key, size);
  return {
    name,
    size,
    async read(start, end) {
      const both = [stream.read(start, end), cipher.read(HEADER_BYTES + start, HEADER_BYTES + end)] as const;
      const [bytes, data] = await Promise.all(both);
      xorInto(bytes, data);
      return bytes;
    },
  };
}

/**
 * The .enc file of a plaintext, header included, encrypted where it is read.
 * @param sha256 of the plaintext, 64 hexadecimal digits; the file is named after it
 * @throws PronkError `empty-key`
 */
export function encSource(plain: Source, key: Source, sha256: string): Source {
  const header = Uint8Array.from({ length: HEADER_BYTES }, (_, i) => parseInt(sha256.slice(2 * i, 2 * i + 2), 16));
  const stream = keyStream(key, plain.size);
  return {
    name: `${baseName(plain.name)}.${sha256}.enc`,
    size: HEADER_BYTES + plain.size,
    async read(start, end) {
      const [from, to] = [Math.max(0, start - HEADER_BYTES), Math.max(0, end - HEADER_BYTES)];
      const [bytes, data] = await Promise.all([stream.read(from, to), plain.read(from, to)]);
      xorInto(bytes, data);
      if (start >= HEADER_BYTES) return bytes;
      const result = new Uint8Array(end - start);
      result.set(header.subarray(start, Math.min(end, HEADER_BYTES)));
      result.set(bytes, result.length - bytes.length);
      return result;
    },
  };
}

/** SHA-256 of a whole source, a window at a time. @param onProgress called with the bytes of each window */
export async function sha256Of(
  source: Source,
  hashers: HasherFactory = createHasher,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (bytes: number) => void } = {},
): Promise<string> {
  const hasher = await hashers('sha256');
  try {
    for await (const { bytes } of windows(source, { signal: options.signal })) {
      await hasher.update(bytes);
      options.onProgress?.(bytes.length);
    }
    return await hasher.digest();
  } catch (error) {
    hasher.end();
    throw error;
  }
}
