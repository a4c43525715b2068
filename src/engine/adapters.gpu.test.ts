// Adapters through the engine: imported, put in use, asked for by a request, combined, and gone.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAdapter } from '../headless/dawn';
import { modelFiles } from '../headless/node-store/files';
import { openAdapter } from '../gpu/device';
import { writePeft } from '../formats/adapters/index';
import { bytesSource } from '../core/source';
import { madeUp } from '../formats/testing/adapter';
import { GREEDY } from '../ops/sample/sampling';
import { memoryStore } from '../storage/memory';
import { createEngine, type Engine, type EngineRequest } from './index';
import { storeModel } from './testing/stored';
import { TALES } from '../testing/fixtures';

describe('adapters in the engine', () => {
  let engine: Engine;
  let model: string;
  let ids: string[];

  beforeAll(async () => {
    engine = createEngine({ store: memoryStore(), gpu: async () => openAdapter(await findAdapter()) });
    model = await storeModel(engine, await modelFiles(TALES));
    const { config } = await engine.models.open(model);
    const files = await Promise.all(
      writePeft(madeUp(config, 1), config).map(async ({ name, pieces }) =>
        bytesSource(new Uint8Array(await new Blob([...pieces]).arrayBuffer()), `mine/${name}`),
      ),
    );
    const imported = await engine.adapters.import(files, model);
    expect(imported).toMatchObject({ name: 'mine', modelName: 'tales', source: 'imported' });
    const kept = await engine.adapters.keep(madeUp(config, 2), { modelId: model, runId: 'run', name: 'Trained' });
    expect(kept).toMatchObject({ name: 'Trained', source: 'trained', runId: 'run', parameters: kept.bytes / 4 });
    ids = [imported.id, kept.id];
  });
  afterAll(() => engine.close());

  const text = async (adapters?: EngineRequest['adapters']) => {
    const tokens = engine.generate({
      model,
      prompt: { kind: 'raw', text: 'Once' },
      sampling: GREEDY,
      maxTokens: 30,
      adapters,
    });
    for (;;) {
      const next = await tokens.next();
      if (next.done) return next.value.text;
    }
  };
  const of = (...strengths: number[]) => strengths.map((strength, i) => ({ id: ids[i], strength }));

  test('what a run made is kept once, also by a page that went on after one that died', async () => {
    const { config } = await engine.models.open(model);
    const again = await engine.adapters.keep(madeUp(config, 2), { modelId: model, runId: 'run', name: 'Trained' });
    expect(again.id).toBe(ids[1]);
    const other = await engine.adapters.keep(madeUp(config, 2), { modelId: model, runId: 'other', name: 'Trained' });
    expect(other.id).not.toBe(ids[1]);
    await engine.adapters.remove(other.id);
  });

  test('a request names them; without any it is what the model is used with', async () => {
    const base = await text();
    const [one, both] = [await text(of(1)), await text(of(1, 1))];
    expect(new Set([base, one, both]).size).toBe(3);
    expect(await text(of(0, 0))).toBe(base);
    await engine.adapters.use(model, of(1));
    expect((await engine.models.list())[0]).toMatchObject({ adapters: of(1) });
    expect(await text()).toBe(one);
    expect(await text([])).toBe(base);
    const completion = await engine.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0,
      max_tokens: 12,
      adapters: of(1, 1),
    });
    const plain = await engine.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0,
      max_tokens: 12,
      adapters: [],
    });
    expect(completion.choices[0].message.content).not.toBe(plain.choices[0].message.content);
  });

  test('what is not there, or is no number, is named', async () => {
    await expect(text([{ id: 'nowhere', strength: 1 }])).rejects.toMatchObject({ code: 'missing-adapter' });
    await expect(engine.adapters.use(model, of(Number.NaN))).rejects.toMatchObject({ code: 'bad-strength' });
    const { config } = await engine.models.open(model);
    const wide = madeUp({ ...config, hiddenSize: 128 }, 1);
    const { id } = await engine.adapters.keep(wide, { modelId: model });
    await expect(text([{ id, strength: 1 }])).rejects.toMatchObject({ code: 'adapter-mismatch' });
    await engine.adapters.remove(id);
  });

  test('one that is removed is in use no more', async () => {
    await engine.adapters.use(model, of(1, 1));
    const second = await text(of(0, 1));
    await engine.adapters.remove(ids[0]);
    expect((await engine.models.list())[0]).toMatchObject({ adapters: [{ id: ids[1], strength: 1 }] });
    expect(await text()).toBe(second);
    expect((await engine.adapters.list()).map(({ name }) => name)).toEqual(['Trained']);
  });
});
