// Shards with checksums: written in one pass, verified the first time that a part of one is read.

import { xxhash128 } from 'hash-wasm';
import { PronkError } from '../formats/errors';
import type { Source } from '../formats/source';
import { CHUNK_BYTES, type StoredShard } from './manifest';
import type { ShardStore } from './store';

/** Stores bytes under a key, with a checksum for each 4 MiB. */
export async function writeShard(store: ShardStore, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<StoredShard> {
  const checksums: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    checksums.push(await xxhash128(bytes.subarray(at, at + CHUNK_BYTES)));
  }
  await store.put(key, new Blob([bytes]));
  return { key, bytes: bytes.length, checksums };
}

/**
 * A stored shard as a source that never returns a damaged byte.
 * @throws PronkError `corrupt-file`, here or from a read; the message names `model`
 */
export async function openShard(store: ShardStore, shard: StoredShard, model: string): Promise<Source> {
  const source = await store.get(shard.key);
  const damaged = (how: string) => {
    const message = `The stored copy of ${model} is damaged (${how}). Remove it and import it again.`;
    return new PronkError('corrupt-file', message);
  };
  if (!source) throw damaged('a part of it is gone');
  if (source.size !== shard.bytes) throw damaged('a part of it has another length');
  const verified = new Set<number>();

  const check = async (bytes: Uint8Array, chunk: number) => {
    if ((await xxhash128(bytes)) !== shard.checksums[chunk]) throw damaged('its checksums disagree');
    verified.add(chunk);
  };
  return {
    name: shard.key,
    size: shard.bytes,
    async read(start, end) {
      const [first, last] = [Math.floor(start / CHUNK_BYTES), Math.ceil(end / CHUNK_BYTES)];
      const chunks = Array.from({ length: last - first }, (_, i) => first + i);
      if (chunks.every((chunk) => verified.has(chunk))) return source.read(start, end);
      // Whole chunks are read once; what the neighbouring tensors need of them later is read without hashing again.
      const base = first * CHUNK_BYTES;
      const span = await source.read(base, Math.min(last * CHUNK_BYTES, shard.bytes));
      for (const chunk of chunks.filter((each) => !verified.has(each))) {
        const at = (chunk - first) * CHUNK_BYTES;
        await check(span.subarray(at, at + CHUNK_BYTES), chunk);
      }
      return span.subarray(start - base, end - base);
    },
  };
}
