// Adapters in a store: their values in shards, written first, and a record that names them, written last. Half of an
// adapter is shards without a record, which `sweep` takes.

import type { StoredConfig } from '../core/model-config';
import type { Adapter, LoraConfig, LoraPair } from '../core/adapter';
import type { TokenizerSpec } from '../core/checkpoint';
import { codeBytes, type WeightTensor } from '../core/weight-kinds';
import { decodeTokenizer, encodeTokenizer } from './tokenizer-record';
import { defined } from '../core/defined';
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
  readonly source: 'trained' | 'imported' | 'mixed';
  readonly runId?: string;
  /** The form in which its instructions were put. */
  readonly template?: PromptTemplate;
}

/** A pair without its values, and where these are: A, then B, then the magnitude and the bias that it may have. */
interface StoredPair extends Omit<LoraPair, 'a' | 'b' | 'magnitude' | 'bias'> {
  readonly magnitude?: true;
  readonly bias?: true;
  /** Index into `shards`. */
  readonly shard: number;
  /** Bytes before it. */
  readonly offset: number;
}

/** A whole tensor, and the shards of its rows, one after the other. */
interface StoredWhole extends Omit<WeightTensor, 'groups'> {
  readonly parts: readonly { readonly shard: number; readonly rowStart: number; readonly rows: number }[];
}

/** The record that makes an adapter exist. Plain JSON values. */
export interface AdapterRecord extends AdapterMeta {
  readonly version: typeof VERSION;
  readonly id: string;
  readonly config: LoraConfig;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly pairs: readonly StoredPair[];
  readonly whole?: readonly StoredWhole[];
  /** The shard with the tokenizer of an adapter that has other tokens than its base. */
  readonly tokenizer?: number;
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
  add({ config, pairs, whole, tokenizer }: Adapter, meta: AdapterMeta): Promise<AdapterRecord> {
    return withLock(LOCK, async () => {
      const id = crypto.randomUUID();
      const prefix = `${ADAPTER_SHARDS}${id}/`;
      try {
        const written = await this.#write(prefix, pairs, whole, tokenizer);
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
    const { name, config, pairs, shards, whole, tokenizer } = await this.get(id);
    const readOne = (index: number) => readShard(this.#store.shards, shards[index], name);
    const read = new Map<number, Uint8Array<ArrayBuffer>>();
    for (const { shard } of pairs) if (!read.has(shard)) read.set(shard, (await readOne(shard)).slice());
    return {
      name,
      config,
      pairs: pairs.map(({ shard, offset, magnitude, bias, ...pair }) => {
        const { rank, inputs, outputs } = pair;
        const { buffer } = defined(read.get(shard), 'a shard');
        let at = offset;
        const next = (length: number) => {
          const values = new Float32Array(buffer, at, length);
          at += values.byteLength;
          return values;
        };
        const [a, b] = [next(rank * inputs), next(outputs * rank)];
        return { ...pair, a, b, ...(magnitude && { magnitude: next(outputs) }), ...(bias && { bias: next(outputs) }) };
      }),
      ...(whole && { whole: whole.map((tensor) => opened(tensor, readOne)) }),
      ...(tokenizer !== undefined && { tokenizer: decodeTokenizer(await readOne(tokenizer)) }),
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

  async #write(
    prefix: string,
    pairs: readonly LoraPair[],
    whole: readonly WeightTensor[] | undefined,
    tokenizer: TokenizerSpec | undefined,
  ): Promise<Pick<AdapterRecord, 'pairs' | 'whole' | 'tokenizer' | 'shards'>> {
    const places: StoredPair[] = [];
    const shards: StoredShard[] = [];
    let pieces: Float32Array<ArrayBuffer>[] = [];
    let size = 0;
    const put = async (bytes: Uint8Array<ArrayBuffer>) => {
      const key = `${prefix}${String(shards.length).padStart(3, '0')}`;
      return shards.push(await writeShard(this.#store.shards, key, bytes)) - 1;
    };
    const flush = async () => {
      if (pieces.length > 0) await put(new Uint8Array(await new Blob(pieces).arrayBuffer()));
      [pieces, size] = [[], 0];
    };
    for (const { a, b, magnitude, bias, ...pair } of pairs) {
      const values = [a, b, magnitude, bias].filter((each) => each !== undefined);
      const bytes = values.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (size + bytes > SHARD_BYTES) await flush();
      const has = { ...(magnitude && { magnitude: true as const }), ...(bias && { bias: true as const }) };
      places.push({ ...pair, ...has, shard: shards.length, offset: size });
      pieces.push(...values);
      size += bytes;
    }
    await flush();
    const stored: StoredWhole[] = [];
    for (const { name, kind, rows, columns, groups } of whole ?? []) {
      const parts: StoredWhole['parts'][number][] = [];
      // a file's tensors come in groups of at most a shard, without scales
      for await (const { codes, rowStart, rows: count } of groups()) {
        const bytes = codes.subarray(0, count * codeBytes(kind, columns));
        parts.push({ shard: await put(bytes), rowStart, rows: count });
      }
      stored.push({ name, kind, rows, columns, parts });
    }
    return {
      pairs: places,
      ...(whole && { whole: stored }),
      ...(tokenizer && { tokenizer: await put(encodeTokenizer(tokenizer)) }),
      shards,
    };
  }

  async #delete(lost: (key: string) => boolean): Promise<void> {
    for (const key of await this.#store.shards.keys()) if (lost(key)) await this.#store.shards.delete(key);
  }
}

/** A whole tensor, whose shards are read when its rows are asked for. */
function opened(
  { parts, ...tensor }: StoredWhole,
  readOne: (shard: number) => Promise<Uint8Array<ArrayBuffer>>,
): WeightTensor {
  const { kind, columns } = tensor;
  return {
    ...tensor,
    async *groups() {
      for (const { shard, rowStart, rows } of parts) {
        const codes = await readOne(shard);
        yield { kind, rows, columns, codes, scales: new Uint8Array(0), rowStart };
      }
    },
  };
}
