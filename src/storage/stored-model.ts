// Models in a store. Weights are written first and the manifest last: it is the commit record, so that a model is there
// whole or not at all, whenever the page is closed. Conversion happened before; loading moves bytes and computes nothing.

import type { ModelConfig, TokenizerSpec } from '../formats/checkpoint';
import type { Source } from '../formats/source';
import { type PackedRows, type WeightTensor, codeBytes, scaleBytes } from '../quant/kinds';
import {
  MANIFEST_VERSION,
  type Manifest,
  type ModelMeta,
  type StoredGroup,
  type StoredShard,
  type StoredTensor,
  checkManifest,
} from './manifest';
import { openShard, writeShard } from './shards';
import type { Store } from './store';
import { decodeTokenizer, encodeTokenizer } from './tokenizer-record';

/** Offsets are multiples of this, so that a shard could be bound as it lies. */
const ALIGNMENT = 256;
const SHARD_BYTES = 64 << 20;

export interface WriteOptions {
  /** Called with the weight bytes written so far. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** A shard is closed before it would grow beyond this (one row group always fits); for tests. */
  readonly shardBytes?: number;
}

/** A model ready to be loaded. */
export interface StoredModel {
  readonly manifest: Manifest;
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerSpec;
  readonly tensors: readonly WeightTensor[];
}

/**
 * Stores a model, replacing one of the same id once the new one is complete. When it fails or is aborted nothing of it
 * stays, and an older model of that id is untouched. Two writers of one id must be kept apart by a lock.
 * @throws PronkError `quota-exceeded`; whatever reading the tensors throws; the signal's reason
 */
export async function writeModel(
  store: Store,
  id: string,
  meta: ModelMeta & { readonly tokenizer: TokenizerSpec },
  tensors: Iterable<WeightTensor> | AsyncIterable<WeightTensor>,
  options: WriteOptions = {},
): Promise<Manifest> {
  // A name of its own for each attempt: an older model's shards are never overwritten.
  const writer = new ShardWriter(store, `${id}@${crypto.randomUUID().slice(0, 8)}`, options);
  try {
    const directory: StoredTensor[] = [];
    let parameters = 0;
    for await (const tensor of tensors) {
      directory.push(await writer.addTensor(tensor));
      parameters += tensor.rows * tensor.columns;
    }
    const { tokenizer: spec, ...known } = meta;
    const { shards, tokenizer } = await writer.finish(encodeTokenizer(spec));
    const bytes = shards.reduce((sum, shard) => sum + shard.bytes, tokenizer.bytes);
    const old = await store.records.get<Manifest>('models', id);
    options.signal?.throwIfAborted();
    const manifest = {
      ...known,
      version: MANIFEST_VERSION,
      id,
      parameters,
      bytes,
      tensors: directory,
      shards,
      tokenizer,
    };
    await store.records.set('models', id, manifest);
    if (old) await deleteShards(store, shardKeys(old)).catch(() => undefined);
    return manifest as Manifest;
  } catch (error) {
    await deleteShards(store, writer.keys).catch(() => undefined);
    throw error;
  }
}

/**
 * Opens a stored model; tensors are read, and their checksums verified, when they are asked for.
 * @throws PronkError `missing-model`, `unsupported-version`, `corrupt-file`
 */
export async function openStoredModel(store: Store, id: string): Promise<StoredModel> {
  const manifest = checkManifest(await store.records.get<Manifest>('models', id), id);
  const { name, config } = manifest;
  const opened = new Map<number, Promise<Source>>();
  const shard = (index: number) => {
    const source = opened.get(index) ?? openShard(store.shards, manifest.shards[index], name);
    opened.set(index, source);
    return source;
  };
  const source = await openShard(store.shards, manifest.tokenizer, name);
  const tokenizer = decodeTokenizer(await source.read(0, source.size));
  return { manifest, config, tokenizer, tensors: manifest.tensors.map((tensor) => stored(tensor, shard)) };
}

/** Every model's manifest. */
export async function listModels(store: Store): Promise<Manifest[]> {
  const ids = await store.records.keys('models');
  const found = await Promise.all(ids.map((id) => store.records.get<Manifest>('models', id)));
  return found.filter((manifest) => manifest !== undefined);
}

/** Removes a model: the manifest first, so that an interruption leaves only shards, which `sweep` takes. */
export async function removeModel(store: Store, id: string): Promise<void> {
  const manifest = await store.records.get<Manifest>('models', id);
  await store.records.delete('models', id);
  if (manifest) await deleteShards(store, shardKeys(manifest));
}

/**
 * Deletes shards that no manifest names, left by a page that was closed while importing. Only to be called while no
 * import runs, in any tab. Returns how many were deleted.
 */
export async function sweep(store: Store): Promise<number> {
  const manifests = await listModels(store);
  const named = new Set(manifests.flatMap(shardKeys));
  const lost = (await store.shards.keys()).filter((key) => !named.has(key));
  await deleteShards(store, lost);
  return lost.length;
}

function shardKeys({ shards, tokenizer }: Manifest): string[] {
  return [...shards, tokenizer].map((shard) => shard.key);
}

async function deleteShards(store: Store, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.shards.delete(key);
}

function stored({ name, kind, rows, columns, groups }: StoredTensor, shard: (index: number) => Promise<Source>) {
  const tensor: WeightTensor = {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      for (const group of groups) {
        // Scales follow their codes: one read for both.
        const { rowStart, codesOffset, codesBytes, scalesOffset, scalesBytes } = group;
        const source = await shard(group.shard);
        const bytes = await source.read(
          codesOffset,
          scalesBytes ? scalesOffset + scalesBytes : codesOffset + codesBytes,
        );
        const scalesAt = scalesOffset - codesOffset;
        const codes = bytes.subarray(0, codesBytes);
        const scales = scalesBytes ? bytes.subarray(scalesAt, scalesAt + scalesBytes) : new Uint8Array(0);
        yield { kind, rowStart, rows: group.rows, columns, codes, scales };
      }
    },
  };
  return tensor;
}

/** Packs row groups into shards, in order, holding one shard in memory. */
class ShardWriter {
  /** Of everything begun, for clearing away. */
  readonly keys: string[] = [];
  private readonly store: Store;
  private readonly prefix: string;
  private readonly options: WriteOptions;
  private readonly limit: number;
  private readonly shards: StoredShard[] = [];
  private pieces: { at: number; bytes: Uint8Array }[] = [];
  private size = 0;
  private written = 0;

  constructor(store: Store, prefix: string, options: WriteOptions) {
    this.store = store;
    this.prefix = prefix;
    this.options = options;
    this.limit = options.shardBytes ?? SHARD_BYTES;
  }

  async addTensor(tensor: WeightTensor): Promise<StoredTensor> {
    const { name, kind, rows, columns } = tensor;
    const groups: StoredGroup[] = [];
    let next = 0;
    for await (const group of tensor.groups()) {
      this.options.signal?.throwIfAborted();
      const { rowStart, codes, scales } = group;
      const whole =
        codes.length === group.rows * codeBytes(kind, columns) &&
        scales.length === scaleBytes(kind, group.rows, columns);
      if (rowStart !== next || group.kind !== kind || group.columns !== columns || !whole) {
        throw new RangeError(`The row group at ${rowStart} of ${name} is not what its tensor says`);
      }
      next += group.rows;
      groups.push({ rowStart, rows: group.rows, ...(await this.addGroup(group)) });
    }
    if (next !== rows) throw new RangeError(`${name} came with ${next} of its ${rows} rows`);
    return { name, kind, rows, columns, groups };
  }

  async finish(tokenizer: Uint8Array<ArrayBuffer>) {
    await this.flush();
    return { shards: this.shards, tokenizer: await this.write('tokenizer', tokenizer) };
  }

  private async addGroup({ codes, scales }: PackedRows): Promise<Omit<StoredGroup, 'rowStart' | 'rows'>> {
    const scalesAt = align(codes.length);
    if (this.size && align(this.size) + scalesAt + scales.length > this.limit) await this.flush();
    const codesOffset = align(this.size);
    const scalesOffset = codesOffset + scalesAt;
    this.pieces.push({ at: codesOffset, bytes: codes }, { at: scalesOffset, bytes: scales });
    this.size = scales.length ? scalesOffset + scales.length : codesOffset + codes.length;
    const { length: codesBytes } = codes;
    return { shard: this.shards.length, codesOffset, codesBytes, scalesOffset, scalesBytes: scales.length };
  }

  private async flush(): Promise<void> {
    if (!this.size) return;
    const bytes = new Uint8Array(this.size);
    for (const piece of this.pieces) if (piece.bytes.length) bytes.set(piece.bytes, piece.at);
    [this.pieces, this.size] = [[], 0];
    this.shards.push(await this.write(String(this.shards.length).padStart(3, '0'), bytes));
    this.written += bytes.length;
    this.options.onProgress?.(this.written);
  }

  private async write(part: string, bytes: Uint8Array<ArrayBuffer>): Promise<StoredShard> {
    this.options.signal?.throwIfAborted();
    const key = `${this.prefix}/${part}`;
    this.keys.push(key);
    return writeShard(this.store.shards, key, bytes);
  }
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
