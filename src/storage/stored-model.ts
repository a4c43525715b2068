// Models in a store. Weights are written first and the manifest last: it is the commit record, so that a model is there
// whole or not at all, whenever the page is closed. Conversion happened before; loading moves bytes and computes nothing.

import { fromStoredConfig, toStoredConfig, type ModelConfig } from '../core/model-config';
import { xxhash128 } from 'hash-wasm';
import type { TokenizerSpec } from '../core/checkpoint';
import type { WeightTensor } from '../core/weight-kinds';
import { listJournals } from './journal';
import {
  MANIFEST_VERSION,
  type Manifest,
  type ModelMeta,
  type StoredGroup,
  type StoredTensor,
  checkManifest,
} from './manifest';
import { ModelWriter, type Written, shardKey } from './model-writer';
import { readShard, ShardReader, writeShard } from './shards';
import { ADAPTER_SHARDS, type Store, TRAINING_SHARDS } from './store';
import { decodeTokenizer, encodeTokenizer } from './tokenizer-record';

export interface WriteOptions {
  /** Called with the weight bytes stored so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
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
 * Stores a model in one go, replacing one of the same id once the new one is complete. When it fails or is aborted nothing
 * of it stays, and an older model of that id is untouched. Two writers of one id must be kept apart by a lock.
 * @throws PronkError `quota-exceeded`; whatever reading the tensors throws; the signal's reason
 */
export async function writeModel(
  store: Store,
  id: string,
  meta: ModelMeta & { readonly tokenizer: TokenizerSpec },
  tensors: Iterable<WeightTensor> | AsyncIterable<WeightTensor>,
  { onProgress, signal, shardBytes }: WriteOptions = {},
): Promise<Manifest> {
  const prefix = newPrefix(id);
  const writer = new ModelWriter(store.shards, prefix, {
    ...(shardBytes !== undefined && { shardBytes }),
    onStored: ({ shards }) => onProgress?.(totalBytes(shards)),
  });
  try {
    for await (const tensor of tensors) {
      for await (const group of tensor.groups()) {
        signal?.throwIfAborted();
        await writer.add(tensor, group);
      }
    }
    const written = await writer.finish();
    signal?.throwIfAborted();
    return await commitModel(store, id, prefix, meta, written);
  } catch (error) {
    await writer.settled();
    await deletePrefix(store, prefix).catch(() => undefined);
    throw error;
  }
}

/** A prefix of its own for each attempt: an older model's shards are never overwritten. */
export function newPrefix(id: string): string {
  return `${id}@${crypto.randomUUID().slice(0, 8)}`;
}

/** Makes a model of what a writer has stored, in place of an older one of that id. */
export async function commitModel(
  store: Store,
  id: string,
  prefix: string,
  { tokenizer: spec, ...known }: ModelMeta & { readonly tokenizer: TokenizerSpec },
  { shards, tensors }: Written,
): Promise<Manifest> {
  const tokenizer = await writeShard(store.shards, shardKey(prefix, 'tokenizer'), encodeTokenizer(spec));
  const manifest: Manifest = {
    ...known,
    config: toStoredConfig(known.config),
    version: MANIFEST_VERSION,
    id,
    parameters: tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0),
    bytes: totalBytes(shards) + tokenizer.bytes,
    tensors,
    shards,
    tokenizer,
  };
  const old = await store.records.get<Manifest>('models', id);
  await store.records.set('models', id, manifest);
  const kept = new Set(shardKeys(manifest));
  const lost = old ? shardKeys(old).filter((key) => !kept.has(key)) : [];
  await deleteShards(store, lost).catch(() => undefined);
  return manifest;
}

/**
 * Opens a stored model; tensors are read, and their checksums verified, when they are asked for.
 * @throws PronkError `missing-model`, `unsupported-version`, `corrupt-file`
 */
export async function openStoredModel(store: Store, id: string): Promise<StoredModel> {
  const manifest = checkManifest(await store.records.get<Manifest>('models', id), id);
  const { name } = manifest;
  const config = fromStoredConfig(manifest.config);
  const tokenizer = decodeTokenizer(await readShard(store.shards, manifest.tokenizer, name));
  const reader = new ShardReader(store.shards, manifest.shards, name);
  return { manifest, config, tokenizer, tensors: manifest.tensors.map((tensor) => stored(tensor, reader)) };
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
 * Reads a model from end to end.
 * @param onProgress told the bytes read so far
 * @throws PronkError `corrupt-file` where a checksum disagrees, `missing-model`
 */
export async function verifyModel(
  store: Store,
  id: string,
  onProgress: (done: number, total: number) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const { name, shards, tokenizer, bytes } = checkManifest(await store.records.get<Manifest>('models', id), id);
  let done = 0;
  for (const shard of [...shards, tokenizer]) {
    signal?.throwIfAborted();
    await readShard(store.shards, shard, name);
    onProgress((done += shard.bytes), bytes);
  }
}

/**
 * Deletes shards that neither a manifest nor an import's journal names, and that are no training run's or adapter's. Only
 * to be called while nothing is stored without a journal, in any tab. Returns how many were deleted.
 */
export async function sweep(store: Store): Promise<number> {
  // keys first: what is begun after this is not among them
  const keys = await store.shards.keys();
  const journals = await listJournals(store);
  const manifests = await listModels(store);
  const named = new Set(manifests.flatMap(shardKeys));
  const kept = [TRAINING_SHARDS, ADAPTER_SHARDS, ...journals.map(({ prefix }) => `${prefix}/`)];
  const lost = keys.filter((key) => !named.has(key) && !kept.some((prefix) => key.startsWith(prefix)));
  await deleteShards(store, lost);
  return lost.length;
}

/** XXH3-128 of a model's checksums: equal for equal contents. */
export function contentsDigest({ shards }: Pick<Manifest, 'shards'>): Promise<string> {
  return xxhash128(shards.flatMap(({ checksums }) => checksums).join());
}

function shardKeys({ shards, tokenizer }: Manifest): string[] {
  return [...shards, tokenizer].map((shard) => shard.key);
}

/** Deletes all that was stored under a prefix. */
export async function deletePrefix(store: Store, prefix: string): Promise<void> {
  const keys = await store.shards.keys();
  await deleteShards(
    store,
    keys.filter((key) => key.startsWith(`${prefix}/`)),
  );
}

function totalBytes(shards: readonly { readonly bytes: number }[]): number {
  return shards.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function deleteShards(store: Store, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.shards.delete(key);
}

function stored({ name, kind, rows, columns, groups }: StoredTensor, reader: ShardReader) {
  const tensor: WeightTensor = {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      for (const group of groups) yield await read(group);
    },
  };
  return tensor;

  /** Scales follow their codes: one read for both. */
  async function read(group: StoredGroup) {
    const { rowStart, rows: count, codesOffset, codesBytes, scalesOffset, scalesBytes } = group;
    const end = scalesBytes ? scalesOffset + scalesBytes : codesOffset + codesBytes;
    const bytes = await reader.read(group.shard, codesOffset, end);
    const scalesAt = scalesOffset - codesOffset;
    const codes = bytes.subarray(0, codesBytes);
    const scales = scalesBytes ? bytes.subarray(scalesAt, scalesAt + scalesBytes) : new Uint8Array(0);
    return { kind, rowStart, rows: count, columns, codes, scales };
  }
}
