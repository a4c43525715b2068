// Shards with checksums: written in one pass, and verified whole when a part of one is read. A large read is several times
// as fast as many small ones, and row groups out of a whole shard need no copying.

import { xxhash128 } from 'hash-wasm';
import { PronkError } from '../core/errors';
import type { Source } from '../core/source';
import { CHUNK_BYTES, type StoredShard } from './manifest';
import type { ShardStore } from './store';

type Bytes = Uint8Array<ArrayBuffer>;

/** Stores bytes under a key, with a checksum for each 4 MiB. */
export async function writeShard(store: ShardStore, key: string, bytes: Bytes): Promise<StoredShard> {
  const checksums: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    checksums.push(await xxhash128(bytes.subarray(at, at + CHUNK_BYTES)));
  }
  await store.put(key, new Blob([bytes]));
  return { key, bytes: bytes.length, checksums };
}

/** Shards that are held in memory: the one that is read, the next, and the one before, which a layer may reach back to. */
const KEPT_SHARDS = 3;

/** A model's shards, read through a few whole ones in memory. */
export class ShardReader {
  readonly #store: ShardStore;
  readonly #shards: readonly StoredShard[];
  readonly #model: string;
  /** Verified shards by index, the one used last at the end. */
  readonly #kept = new Map<number, Promise<Bytes>>();

  /** @param model its name, for messages */
  constructor(store: ShardStore, shards: readonly StoredShard[], model: string) {
    this.#store = store;
    this.#shards = shards;
    this.#model = model;
  }

  /**
   * Bytes `start` to `end` of a shard: a view, to be read and not written to. The next shard is read meanwhile.
   * @throws PronkError `corrupt-file` for a shard that is gone, cut off, or has other bytes than were stored
   */
  async read(index: number, start: number, end: number): Promise<Bytes> {
    const reading = this.#get(index);
    if (index + 1 < this.#shards.length) void this.#get(index + 1).catch(() => {});
    return (await reading).subarray(start, end);
  }

  #get(index: number): Promise<Bytes> {
    const found = this.#kept.get(index) ?? readShard(this.#store, this.#shards[index], this.#model);
    this.#kept.delete(index);
    this.#kept.set(index, found);
    // a failure is for whoever reads, and is not remembered
    found.catch(() => this.#kept.delete(index));
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_SHARDS) break;
      this.#kept.delete(old);
    }
    return found;
  }
}

/** All of a shard, verified. @throws PronkError `corrupt-file`, the message naming `model` */
export async function readShard(store: ShardStore, shard: StoredShard, model: string): Promise<Bytes> {
  const source: Source | undefined = await store.get(shard.key);
  const damaged = (how: string) => {
    const message = `The stored copy of ${model} is damaged (${how}). Remove it and import it again.`;
    return new PronkError('corrupt-file', message);
  };
  if (!source) throw damaged('a part of it is gone');
  if (source.size !== shard.bytes) throw damaged('a part of it has another length');
  const bytes = await source.read(0, shard.bytes).catch((error: unknown) => {
    throw error instanceof PronkError ? damaged('a part of it cannot be read') : error;
  });
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const checksum = await xxhash128(bytes.subarray(at, at + CHUNK_BYTES));
    if (checksum !== shard.checksums[at / CHUNK_BYTES]) throw damaged('its checksums disagree');
  }
  return bytes;
}
