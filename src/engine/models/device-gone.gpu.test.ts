// The engine where the browser gives no adapter for a time, and where another model is chosen while one loads.
import { beforeAll, describe, expect, test } from 'vitest';
import { PronkError } from '../../core/errors';
import { type Gpu, openAdapter } from '../../gpu/device';
import { findAdapter } from '../../headless/dawn';
import { modelFiles } from '../../headless/node-store/files';
import { GREEDY } from '../../ops/sample/sampling';
import { memoryStore } from '../../storage/memory';
import type { Waiting } from './device-wait';
import { createEngine } from '../index';
import { storeModel } from '../testing/stored';
import { TALES, talesGolden } from '../../testing/fixtures';

describe('a device that is not there', () => {
  const golden = talesGolden();
  const store = memoryStore();
  const opened: Gpu[] = [];
  let refusals = 0;
  let model = '';
  let other = '';

  const open = async () => {
    if (refusals-- > 0) throw new PronkError('no-adapter', 'None for now.');
    const gpu = await openAdapter(await findAdapter());
    opened.push(gpu);
    return gpu;
  };
  const started = (onDeviceWait: (waiting: Waiting | undefined) => void = () => {}) =>
    createEngine({ store, gpu: open, onDeviceWait });
  const asked = () => ({
    model,
    prompt: { kind: 'raw', text: '' } as const,
    sampling: GREEDY,
    maxTokens: golden.ids.length,
  });

  beforeAll(async () => {
    const engine = createEngine({ store, gpu: open });
    model = await storeModel(engine, await modelFiles(TALES));
    other = await storeModel(engine, await modelFiles(TALES));
  });

  test('an answer waits for it, three times, and is what it would have been', async () => {
    const told: (Waiting | undefined)[] = [];
    const engine = started((waiting) => told.push(waiting));
    refusals = 1;
    const tokens = engine.generate(asked());
    let text = '';
    for (let losses = 0; losses < 3; losses++) {
      for (let n = 0; n < 30; n++) text += (await tokens.next()).value?.text ?? '';
      refusals = 1;
      opened.at(-1)?.device.destroy();
    }
    for (;;) {
      const next = await tokens.next();
      if (next.done) break;
      text += next.value.text;
    }
    expect(text).toBe(golden.text);
    expect(told.filter((waiting) => waiting?.seconds === 1).map((waiting) => waiting?.lost)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    await engine.close();
  });

  test('models can be removed, and another one chosen, meanwhile', async () => {
    const engine = started();
    refusals = 1e9;
    const first = engine.load(model);
    const cutOff = expect(first).rejects.toMatchObject({ code: 'not-wanted' });
    await engine.remove('nowhere');
    const second = engine.load(other);
    await cutOff;
    refusals = 0;
    engine.askForDevice();
    expect((await second).session.config.vocabSize).toBe(512);
    // an engine that is not to wait says so at once
    refusals = 1;
    await expect(createEngine({ store, gpu: open }).device()).rejects.toMatchObject({ code: 'no-adapter' });
    await engine.close();
  });

  test('a load that is no longer wanted is cut off in the middle', async () => {
    refusals = 0;
    const engine = started();
    let whole = 0;
    await engine.load(model, { onProgress: () => whole++ });
    await engine.load(other);
    let cut = 0;
    let second: Promise<unknown> | undefined;
    const onProgress = () => void (++cut === 3 && (second = engine.load(other)));
    await expect(engine.load(model, { onProgress })).rejects.toMatchObject({ code: 'not-wanted' });
    await second;
    expect(whole).toBeGreaterThan(20);
    expect(cut).toBe(3);
    // one that a question waits for is not
    const answer = async () => {
      const tokens = engine.generate({ ...asked(), maxTokens: 2 });
      for (;;) if ((await tokens.next()).done) return;
    };
    let third: Promise<unknown> | undefined;
    const wanted = engine.load(model, {
      onProgress: () => void (third ??= Promise.all([answer(), engine.load(other)])),
    });
    expect((await wanted).session.context).toBeGreaterThan(0);
    await third;
    await engine.close();
  });
});
