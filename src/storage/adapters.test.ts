// Adapters in both stores: what is written comes back to the bit, what is cut off leaves nothing that stays, and what clears
// away models leaves adapters alone.
import type { StoredConfig } from '../core/model-config';
import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import type { Adapter, LoraPair } from '../core/adapter';
import { type AdapterMeta, AdapterStore } from './adapters';
import { indexedDbStore } from './indexeddb';
import { memoryStore } from './memory';
import type { Store } from './store';
import { sweep } from './stored-model';

let databases = 0;
const STORES: Record<string, () => Store> = {
  memory: () => memoryStore(),
  IndexedDB: () => indexedDbStore(`adapters-${databases++}`),
};

const pair = (layer: number, rank: number, inputs: number, outputs: number): LoraPair => ({
  layer,
  map: 'v_proj',
  rank,
  inputs,
  outputs,
  scale: 2,
  a: Float32Array.from({ length: rank * inputs }, (_, i) => Math.sin(i + layer)),
  b: Float32Array.from({ length: outputs * rank }, (_, i) => Math.cos(i * rank)),
});
const adapter: Adapter = {
  name: 'Tiny',
  config: {
    r: 3,
    lora_alpha: 6,
    lora_dropout: 0,
    target_modules: ['v_proj'],
    use_rslora: false,
    base_model_name_or_path: 'x',
  },
  pairs: [pair(0, 3, 5, 7), pair(1, 1, 9, 2)],
};
const meta: AdapterMeta = {
  name: 'Mine',
  modelId: 'model',
  modelName: 'Model',
  model: { width: 5 } as StoredConfig,
  source: 'trained',
  runId: 'run',
};

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

describe.each(Object.entries(STORES))('%s', (_, make) => {
  test('comes back, is renamed and removed', async () => {
    const store = make();
    const adapters = new AdapterStore(store);
    const { id } = await adapters.add(adapter, meta);
    await adapters.add(adapter, { ...meta, name: 'Other' });
    expect(await adapters.get(id)).toMatchObject({ ...meta, config: adapter.config });
    await adapters.rename(id, 'Yours');
    expect(await adapters.open(id)).toEqual({ ...adapter, name: 'Yours' });
    expect((await adapters.list()).map(({ name }) => name).toSorted()).toEqual(['Other', 'Yours']);
    await adapters.remove(id);
    expect(await code(adapters.open(id))).toBe('missing-adapter');
    expect((await adapters.list()).length).toBe(1);
    expect((await store.shards.keys()).length).toBe(1);
  });

  test('clearing away models leaves it, and takes nothing but halves of adapters', async () => {
    const store = make();
    const adapters = new AdapterStore(store);
    const { id } = await adapters.add(adapter, meta);
    // a page that was closed before the record
    await store.shards.put('adapter/half/000', new Uint8Array(9));
    await store.shards.put('model@1/000', new Uint8Array(9));
    expect(await sweep(store)).toBe(1);
    expect((await store.shards.keys()).length).toBe(2);
    await adapters.sweep();
    expect(await store.shards.keys()).toEqual([`adapter/${id}/000`]);
    expect((await adapters.open(id)).pairs).toEqual(adapter.pairs);
  });

  test('a damaged byte is found', async () => {
    const store = make();
    const adapters = new AdapterStore(store);
    const { id } = await adapters.add(adapter, meta);
    const [key] = await store.shards.keys();
    const source = (await store.shards.get(key!))!;
    const bytes = await source.read(0, source.size);
    bytes[40] ^= 1;
    await store.shards.put(key!, bytes);
    expect(await code(adapters.open(id))).toBe('corrupt-file');
  });
});

test('one that does not fit leaves nothing', async () => {
  const store = memoryStore(100);
  expect(await code(new AdapterStore(store).add(adapter, meta))).toBe('quota-exceeded');
  expect(await store.shards.keys()).toEqual([]);
  expect(await store.records.keys('adapters')).toEqual([]);
});
