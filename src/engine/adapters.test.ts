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
