// Adapters and the models that they belong to, which come and go. With a device: adapters.gpu.test.ts.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesSource } from '../core/source';
import { madeUp } from '../formats/testing/adapter';
import { memoryStore } from '../storage/memory';
import { Adapters } from './adapters';
import { Imports } from './imports/index';
import { Library } from './models/library';
import { storeModel } from './testing/stored';

const demo = () => [bytesSource(readFileSync('public/demo-model/pronk-6m-q8_0.gguf'), 'demo.gguf')];

test('an adapter outlives its model, and belongs to it again when it comes back', { timeout: 60_000 }, async () => {
  const store = memoryStore();
  const library = new Library(store);
  const adapters = new Adapters(store, library);
  const imports = new Imports({ store });
  await storeModel({ imports }, demo(), { id: 'first' });
  const { name: modelName, config } = await library.open('first');
  const trained = { modelId: 'first', runId: 'run', modelName, model: config };
  await library.remove('first');
  const kept = await adapters.keep(madeUp(config, 1), trained);
  expect(kept).toMatchObject({ modelId: 'first', modelName });
  // without knowing what it was there is nothing to keep it by
  const unknown = adapters.keep(madeUp(config, 1), { modelId: 'first', runId: 'other' });
  await expect(unknown).rejects.toMatchObject({ code: 'missing-model' });
  await storeModel({ imports }, demo(), { id: 'again' });
  expect(await adapters.list()).toMatchObject([{ id: kept.id, modelId: 'again' }]);
  await library.rename('again', 'Another');
  expect(await adapters.list()).toMatchObject([{ modelId: 'first' }]);
});

test('a mix is kept as an adapter of its model, under its name', { timeout: 60_000 }, async () => {
  const store = memoryStore();
  const library = new Library(store);
  const adapters = new Adapters(store, library);
  await storeModel({ imports: new Imports({ store }) }, demo(), { id: 'demo' });
  const { config } = await library.open('demo');
  const kept = await Promise.all([1, 2].map((seed) => adapters.keep(madeUp(config, seed), { modelId: 'demo' })));
  const uses = kept.map(({ id }, i) => ({ id, strength: [0.5, -1][i] }));
  const { adapter, error } = await adapters.mix(uses, 'demo', { name: 'both', method: 'cat' });
  expect(adapter).toMatchObject({ name: 'both', modelId: 'demo', source: 'mixed', config: { r: 8, lora_alpha: 8 } });
  expect(error).toBeUndefined();
  expect((await adapters.list()).map(({ name }) => name)).toContain('both');
  const near = await adapters.mix(uses, 'demo', { name: 'both', method: 'svd', rank: 1 });
  expect(near.adapter.name).toBe('both (2)');
  expect(near.error?.overall).toBeGreaterThan(0.01);
  await expect(adapters.mix(uses, 'demo', { name: 'no', method: 'svd', rank: 0.5 })).rejects.toMatchObject({
    code: 'bad-mix',
  });
});
