// Models in a store. Weights are written first and the manifest last: it is the commit record, so that a model is there
// whole or not at all, whenever the page is closed. Conversion happened before; loading moves bytes and computes nothing.

import type { ModelConfig, TokenizerSpec } from '../formats/checkpoint';
import type { Source } from '../formats/source';
import type { WeightTensor } from '../quant/kinds';
import { listJournals } from './journal';
import {
  CHUNK_BYTES,
  MANIFEST_VERSION,
  type Manifest,
  type ModelMeta,
  type StoredGroup,
  type StoredTensor,
  checkManifest,
} from './manifest';
import { ModelWriter, type Written, shardKey } from './model-writer';
import { openShard, writeShard } from './shards';
import type { Store } from './store';
import { decodeTokenizer, encodeTokenizer } from './tokenizer-record';

export interface WriteOptions {
  /** Called with the weight bytes stored so far. */
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
  if (old) await deleteShards(store, shardKeys(old)).catch(() => undefined);
  return manifest;
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
    const source = await openShard(store.shards, shard, name);
    for (let at = 0; at < shard.bytes; at += CHUNK_BYTES) {
      signal?.throwIfAborted();
      await source.read(at, Math.min(at + CHUNK_BYTES, shard.bytes));
      onProgress(Math.min(done + at + CHUNK_BYTES, bytes), bytes);
    }
    done += shard.bytes;
  }
  onProgress(bytes, bytes);
}

/**
 * Deletes shards that neither a manifest nor an import's journal names. Only to be called while nothing is stored without
 * a journal, in any tab. Returns how many were deleted.
 */
export async function sweep(store: Store): Promise<number> {
  // keys first: what is begun after this is not among them
  const keys = await store.shards.keys();
  const journals = await listJournals(store);
  const manifests = await listModels(store);
  const named = new Set(manifests.flatMap(shardKeys));
  const lost = keys.filter((key) => !named.has(key) && !journals.some(({ prefix }) => key.startsWith(`${prefix}/`)));
  await deleteShards(store, lost);
  return lost.length;
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

type Bytes = Uint8Array<ArrayBuffer>;

function stored({ name, kind, rows, columns, groups }: StoredTensor, shard: (index: number) => Promise<Source>) {
  const tensor: WeightTensor = {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      let next = groups[0] && read(groups[0]);
      for (const [i, group] of groups.entries()) {
        const bytes = next!;
        // one group is read and verified while the one before it is worked on
        next = groups[i + 1] && read(groups[i + 1]);
        next?.catch(() => {});
        yield split(group, await bytes);
      }
    },
  };
  return tensor;

  /** Scales follow their codes: one read for both. */
  async function read({ shard: index, codesOffset, codesBytes, scalesOffset, scalesBytes }: StoredGroup) {
    const source = await shard(index);
    return source.read(codesOffset, scalesBytes ? scalesOffset + scalesBytes : codesOffset + codesBytes);
  }

  function split(
    { rowStart, codesOffset, codesBytes, scalesOffset, scalesBytes, ...group }: StoredGroup,
    bytes: Bytes,
  ) {
    const scalesAt = scalesOffset - codesOffset;
    const codes = bytes.subarray(0, codesBytes);
    const scales = scalesBytes ? bytes.subarray(scalesAt, scalesAt + scalesBytes) : new Uint8Array(0);
    return { kind, rowStart, rows: group.rows, columns, codes, scales };
  }
}
