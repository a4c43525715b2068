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
  /** The chunk that the latest read ended in, which the next one mostly begins in. */
  let tail: Chunk | undefined;

  const check = async (bytes: Uint8Array, chunk: number) => {
    if (verified.has(chunk)) return;
    if ((await xxhash128(bytes)) !== shard.checksums[chunk]) throw damaged('its checksums disagree');
    verified.add(chunk);
  };

  /** Whole chunks; what is at hand of the first one is not read again. */
  async function chunks(first: number, end: number, known: Chunk | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const base = first * CHUNK_BYTES;
    const from = known?.index === first ? base + CHUNK_BYTES : base;
    const reading = from < end ? source!.read(from, end) : new Uint8Array(0);
    const [head, rest] = await Promise.all([from > base ? known!.bytes : new Uint8Array(0), reading]);
    for (let at = 0; at < rest.length; at += CHUNK_BYTES) {
      await check(rest.subarray(at, at + CHUNK_BYTES), (from + at) / CHUNK_BYTES);
    }
    return joined(head, rest);
  }

  return {
    name: shard.key,
    size: shard.bytes,
    async read(start, end) {
      if (start === end) return new Uint8Array(0);
      const [first, last] = [Math.floor(start / CHUNK_BYTES), Math.floor((end - 1) / CHUNK_BYTES)];
      const span = chunks(first, Math.min((last + 1) * CHUNK_BYTES, shard.bytes), tail);
      // a read that follows may begin before this one is there
      const bytes = span.then((all) => all.slice((last - first) * CHUNK_BYTES));
      bytes.catch(() => {});
      tail = end < shard.bytes ? { index: last, bytes } : undefined;
      const base = first * CHUNK_BYTES;
      return (await span).subarray(start - base, end - base);
    },
  };
}

interface Chunk {
  readonly index: number;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

function joined(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!a.length || !b.length) return a.length ? a : b;
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}
