// Models in both stores: what is written comes back to the bit, or an error says why; what fails leaves nothing.
import type { ModelConfig } from '../core/model-config';
import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import type { TokenizerSpec } from '../core/checkpoint';
import type { Source } from '../core/source';
import type { PackedRows, WeightKind, WeightTensor } from '../core/weight-kinds';
import { packRows } from '../quant/repack';
import { indexedDbStore } from './indexeddb';
import type { Manifest } from './manifest';
import { memoryStore } from './memory';
import { type Store, TRAINING_SHARDS } from './store';
import { listModels, openStoredModel, removeModel, sweep, writeModel } from './stored-model';

let databases = 0;
const STORES: Record<string, () => Store> = {
  memory: () => memoryStore(),
  IndexedDB: () => indexedDbStore(`test-${databases++}`),
};

const tokenizer: TokenizerSpec = {
  definition: { kind: 'sentencepiece', model: Uint8Array.of(0, 255, 128, 7) },
  bosId: 1,
  eosIds: [2],
  addBos: true,
  specialTokens: { bos_token: '<s>' },
};
const meta = {
  name: 'Tiny',
  config: { architecture: 'llama', hiddenSize: 96 } as ModelConfig,
  source: 'tiny.gguf',
  addedAt: 1,
  tokenizer,
};

/** A tensor in row groups of `step` rows. */
function tensorOf(name: string, kind: WeightKind, rows: number, columns: number, step = rows): WeightTensor {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i + name.length));
  return {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      for (let start = 0; start < rows; start += step) {
        const count = Math.min(step, rows - start);
        const part = values.slice(start * columns, (start + count) * columns);
        const packed: PackedRows = packRows(part, kind, count, columns);
        yield { ...packed, rowStart: start };
      }
    },
  };
}

/** Kinds with and without scales, groups that do not come out even, and a last one that ends off the alignment. */
const tensors = () => [
  tensorOf('embedding', 'q8', 101, 96, 40),
  tensorOf('qkv', 'q4m', 33, 96),
  tensorOf('odd', 'f16', 5, 86, 2),
  tensorOf('norm', 'f32', 1, 90),
];

async function contents(list: readonly WeightTensor[]) {
  const all = [];
  for (const { name, kind, rows, columns, groups } of list) {
    for await (const group of groups()) all.push({ name, tensor: [kind, rows, columns], ...group });
  }
  return all;
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

/** A store in which the `n`-th write of a shard fails. */
function failingAt(store: Store, n: number): Store {
  let writes = 0;
  const put: Store['shards']['put'] = async (key, data) => {
    if (writes++ === n) throw new Error('The disk is on fire');
    return store.shards.put(key, data);
  };
  return { ...store, shards: { ...store.shards, put } };
}

/** A store that flips one byte of the shards that are read. */
function damaged(store: Store, at: number): Store {
  const get = async (key: string): Promise<Source | undefined> => {
    const source = await store.shards.get(key);
    return (
      source && {
        ...source,
        read: async (start, end) => {
          const bytes = await source.read(start, end);
          if (at >= start && at < end) bytes[at - start] ^= 1;
          return bytes;
        },
      }
    );
  };
  return { ...store, shards: { ...store.shards, get } };
}

for (const [name, make] of Object.entries(STORES)) {
  describe(name, () => {
    test.each([undefined, 4096])(
      'a model comes back to the bit, with shards of at most %s bytes',
      async (shardBytes) => {
        const store = make();
        const progress: number[] = [];
        const manifest = await writeModel(store, 'tiny', meta, tensors(), {
          ...(shardBytes && { shardBytes }),
          onProgress: (bytes) => progress.push(bytes),
        });
        expect(manifest.parameters).toBe(101 * 96 + 33 * 96 + 5 * 86 + 90);
        expect(manifest.shards.length).toBe(shardBytes ? 4 : 1);
        expect(progress).toEqual(progress.toSorted((a, b) => a - b));
        const model = await openStoredModel(store, 'tiny');
        expect(model.tokenizer).toEqual(tokenizer);
        expect(model.config).toEqual(meta.config);
        const wanted = await contents(tensors());
        expect(await contents(model.tensors)).toEqual(wanted);
        // and again, when every checksum was verified before
        expect(await contents(model.tensors)).toEqual(wanted);
        expect((await listModels(store)).map(({ id, bytes }) => [id, bytes])).toEqual([['tiny', manifest.bytes]]);
      },
    );

    test('a damaged byte is found, wherever it is', async () => {
      const store = make();
      const { shards } = await writeModel(store, 'tiny', meta, tensors());
      for (const at of [0, 1, Math.floor(shards[0].bytes / 2), shards[0].bytes - 1]) {
        const broken = damaged(store, at);
        const read = async () => contents((await openStoredModel(broken, 'tiny')).tensors);
        expect(await code(read())).toBe('corrupt-file');
      }
      expect(await code(openStoredModel(damaged(store, 3), 'tiny'))).toBe('corrupt-file');
    });

    test('a shard that is gone, and a model that never was, say so', async () => {
      const store = make();
      const { shards } = await writeModel(store, 'tiny', meta, tensors());
      await store.shards.delete(shards[0].key);
      const model = await openStoredModel(store, 'tiny');
      expect(await code(contents(model.tensors))).toBe('corrupt-file');
      expect(await code(openStoredModel(store, 'other'))).toBe('missing-model');
    });

    test('a model of another version is refused', async () => {
      const store = make();
      const manifest = await writeModel(store, 'tiny', meta, tensors());
      await store.records.set('models', 'tiny', { ...manifest, version: 0 });
      expect(await code(openStoredModel(store, 'tiny'))).toBe('unsupported-version');
    });

    test('a write that fails, at whichever shard, leaves nothing', async () => {
      for (const n of [0, 1, 2, 3, 4]) {
        const store = make();
        const write = writeModel(failingAt(store, n), 'tiny', meta, tensors(), { shardBytes: 4096 });
        await expect(write).rejects.toThrow('on fire');
        expect(await store.shards.keys()).toEqual([]);
        expect(await listModels(store)).toEqual([]);
      }
    });

    test('a write that is aborted leaves nothing, and an older model untouched', async () => {
      const store = make();
      await writeModel(store, 'tiny', { ...meta, name: 'Old' }, tensors());
      const before = await store.shards.keys();
      const controller = new AbortController();
      const write = writeModel(store, 'tiny', meta, tensors(), {
        shardBytes: 4096,
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      await expect(write).rejects.toThrow(/abort/i);
      expect((await store.shards.keys()).toSorted()).toEqual(before.toSorted());
      const model = await openStoredModel(store, 'tiny');
      expect(model.manifest.name).toBe('Old');
      expect(await contents(model.tensors)).toHaveLength(8);
    });

    test('a model replaces one of its id, whose shards go', async () => {
      const store = make();
      await writeModel(store, 'tiny', meta, tensors());
      const manifest = await writeModel(store, 'tiny', { ...meta, name: 'New' }, tensors().slice(1));
      const named = [...manifest.shards, manifest.tokenizer].map(({ key }) => key);
      expect((await store.shards.keys()).toSorted()).toEqual(named.toSorted());
      expect((await openStoredModel(store, 'tiny')).manifest.name).toBe('New');
    });

    test('removing takes one model and leaves the others', async () => {
      const store = make();
      await writeModel(store, 'a', meta, tensors());
      await writeModel(store, 'b', meta, tensors());
      await removeModel(store, 'a');
      await removeModel(store, 'never there');
      expect((await listModels(store)).map(({ id }) => id)).toEqual(['b']);
      expect(await contents((await openStoredModel(store, 'b')).tensors)).toHaveLength(8);
      expect(await store.shards.keys()).toHaveLength(2);
    });

    test('sweeping takes what no manifest names, and nothing else', async () => {
      const store = make();
      await writeModel(store, 'kept', meta, tensors());
      await store.shards.put('lost@1234/000', new Uint8Array(10));
      await store.shards.put(`${TRAINING_SHARDS}run/000`, new Uint8Array(10));
      expect(await sweep(store)).toBe(1);
      expect(await store.shards.keys()).toContain(`${TRAINING_SHARDS}run/000`);
      expect(await sweep(store)).toBe(0);
      expect(await contents((await openStoredModel(store, 'kept')).tensors)).toHaveLength(8);
    });

    test('rows that are not what their tensor says are refused', async () => {
      const store = make();
      const short = { ...tensorOf('x', 'f32', 4, 8), rows: 5 };
      await expect(writeModel(store, 'tiny', meta, [short])).rejects.toThrow('4 of its 5 rows');
      const wrong = { ...tensorOf('x', 'f32', 4, 8), columns: 12 };
      await expect(writeModel(store, 'tiny', meta, [wrong])).rejects.toThrow(RangeError);
      expect(await store.shards.keys()).toEqual([]);
    });

    test('records are copies, by kind', async () => {
      const { records } = make();
      const chat = { id: 'x', messages: [{ role: 'user', content: 'Hello' }] };
      await records.set('chats', 'x', chat);
      chat.messages.length = 0;
      expect(await records.get<Manifest>('models', 'x')).toBeUndefined();
      expect(await records.get('chats', 'x')).toEqual({ id: 'x', messages: [{ role: 'user', content: 'Hello' }] });
      expect(await records.keys('chats')).toEqual(['x']);
      await records.delete('chats', 'x');
      expect(await records.keys('chats')).toEqual([]);
    });
  });
}
