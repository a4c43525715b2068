// Adapters in a store: their values in shards, written first, and a record that names them, written last. Half of an
// adapter is shards without a record, which `sweep` takes.

import type { StoredConfig } from '../core/model-config';
import type { Adapter, LoraConfig, LoraPair } from '../core/adapter';
import { PronkError } from '../core/errors';
import { ifUnlocked, withLock } from './locks';
import type { StoredShard } from './manifest';
import { readShard, writeShard } from './shards';
import type { PromptTemplate } from '../tokenizer/prompt-templates';
import { ADAPTER_SHARDS, type Store } from './store';

const VERSION = 1;
const LOCK = 'pronk-adapters';
/** A shard is closed before it would grow beyond this; one pair always fits. */
const SHARD_BYTES = 64 << 20;

/** What is known of an adapter beside its values. */
export interface AdapterMeta {
  readonly name: string;
  /** The model that it was trained on or first used with, and what that is: it may be removed. */
  readonly modelId: string;
  readonly modelName: string;
  readonly model: StoredConfig;
  readonly source: 'trained' | 'imported';
  readonly runId?: string;
  /** The form in which its instructions were put. */
  readonly template?: PromptTemplate;
}

/** A pair without its values, and where these are: A, then B. */
interface StoredPair extends Omit<LoraPair, 'a' | 'b'> {
  /** Index into `shards`. */
  readonly shard: number;
  /** Bytes before it. */
  readonly offset: number;
}

/** The record that makes an adapter exist. Plain JSON values. */
export interface AdapterRecord extends AdapterMeta {
  readonly version: typeof VERSION;
  readonly id: string;
  readonly config: LoraConfig;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly pairs: readonly StoredPair[];
  readonly shards: readonly StoredShard[];
}

export class AdapterStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All adapters, the newest first. */
  async list(): Promise<AdapterRecord[]> {
    const ids = await this.#store.records.keys('adapters');
    const found = await Promise.all(ids.map((id) => this.#find(id)));
    return found.filter((each) => each !== undefined).toSorted((a, b) => b.addedAt - a.addedAt);
  }

  /** @throws PronkError `missing-adapter` */
  async get(id: string): Promise<AdapterRecord> {
    const found = await this.#find(id);
    if (found) return found;
    throw new PronkError('missing-adapter', 'This adapter is no longer here. Import it again, or choose another.');
  }

  /** Stores an adapter. Nothing of it stays when it fails. @throws PronkError `quota-exceeded` */
  add({ config, pairs }: Adapter, meta: AdapterMeta): Promise<AdapterRecord> {
    return withLock(LOCK, async () => {
      const id = crypto.randomUUID();
      const prefix = `${ADAPTER_SHARDS}${id}/`;
      try {
        const written = await this.#write(prefix, pairs);
        const record: AdapterRecord = { ...meta, version: VERSION, id, config, addedAt: Date.now(), ...written };
        await this.#store.records.set('adapters', id, record);
        return record;
      } catch (error) {
        await this.#delete((key) => key.startsWith(prefix)).catch(() => {});
        throw error;
      }
    });
  }

  /** An adapter with its values, verified. @throws PronkError `missing-adapter`, `corrupt-file` */
  async open(id: string): Promise<Adapter> {
    const { name, config, pairs, shards } = await this.get(id);
    const read: Uint8Array<ArrayBuffer>[] = [];
    for (const shard of shards) read.push((await readShard(this.#store.shards, shard, name)).slice());
    return {
      name,
      config,
      pairs: pairs.map(({ shard, offset, ...pair }) => {
        const { rank, inputs, outputs } = pair;
        const { buffer } = read[shard];
        const a = new Float32Array(buffer, offset, rank * inputs);
        return { ...pair, a, b: new Float32Array(buffer, offset + a.byteLength, outputs * rank) };
      }),
    };
  }

  /** @throws PronkError `missing-adapter` */
  rename(id: string, name: string): Promise<void> {
    return withLock(LOCK, async () => {
      await this.#store.records.set('adapters', id, { ...(await this.get(id)), name });
    });
  }

  /** Its record first, so that an interruption leaves only shards. */
  remove(id: string): Promise<void> {
    return withLock(LOCK, async () => {
      await this.#store.records.delete('adapters', id);
      await this.#delete((key) => key.startsWith(`${ADAPTER_SHARDS}${id}/`));
    });
  }

  /** Clears away what storing an adapter left when it was cut off, unless one is being stored. */
  async sweep(): Promise<void> {
    await ifUnlocked(LOCK, async () => {
      const named = new Set((await this.list()).flatMap(({ shards }) => shards.map(({ key }) => key)));
      await this.#delete((key) => key.startsWith(ADAPTER_SHARDS) && !named.has(key));
    });
  }

  async #find(id: string): Promise<AdapterRecord | undefined> {
    const record = await this.#store.records.get<AdapterRecord>('adapters', id);
    return record?.version === VERSION ? record : undefined;
  }

  async #write(prefix: string, pairs: readonly LoraPair[]): Promise<Pick<AdapterRecord, 'pairs' | 'shards'>> {
    const places: StoredPair[] = [];
    const shards: StoredShard[] = [];
    let pieces: Float32Array<ArrayBuffer>[] = [];
    let size = 0;
    const flush = async () => {
      if (pieces.length === 0) return;
      const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
      shards.push(await writeShard(this.#store.shards, `${prefix}${String(shards.length).padStart(3, '0')}`, bytes));
      [pieces, size] = [[], 0];
    };
    for (const { a, b, ...pair } of pairs) {
      const bytes = a.byteLength + b.byteLength;
      if (size + bytes > SHARD_BYTES) await flush();
      places.push({ ...pair, shard: shards.length, offset: size });
      pieces.push(a, b);
      size += bytes;
    }
    await flush();
    return { pairs: places, shards };
  }

  async #delete(lost: (key: string) => boolean): Promise<void> {
    for (const key of await this.#store.shards.keys()) if (lost(key)) await this.#store.shards.delete(key);
  }
}
