// Training through the engine on a device: chat goes on meanwhile and changes nothing, a run that is cut off goes on as if
// it had not been, a device that is lost costs nothing, and what was learned by heart is said.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slow } from '../../gpu/testing/slow';
import { templateNamed } from '../../data/tokenize';
import type { Example } from '../../data/types';
import { type Gpu, openAdapter } from '../../gpu/device';
import { findAdapter } from '../../headless/dawn';
import { modelFiles } from '../../headless/node-store/files';
import { GREEDY } from '../../ops/sample/sampling';
import { memoryStore } from '../../storage/memory';
import type { Store } from '../../storage/store';
import { DEFAULT_CONFIG, type TrainingConfig } from '../../training/config';
import { createEngine, type Engine } from '../index';
import type { StepRecord, TrainingEvent, TrainingRequest } from './types';
import { storeModel } from '../testing/stored';
import { TALES } from '../../testing/fixtures';

const PROMPT = 'Say the word.';
const ANSWER = 'zebra moon';
const config: TrainingConfig = {
  ...DEFAULT_CONFIG,
  r: 4,
  lora_alpha: 8,
  lora_dropout: 0.05,
  target_modules: ['q_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
  learning_rate: 1e-2,
  lr_scheduler_type: 'constant',
  warmup_steps: 0,
  max_steps: 8,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  train_on_inputs: false,
  prompt_template_name: 'alpaca_short',
  val_set_size: 0,
  save_steps: 2,
};
const rows: Example[] = Array.from({ length: 4 }, (_, i) => ({
  kind: 'instruct',
  instruction: `${PROMPT}${'.'.repeat(i)}`,
  input: '',
  output: ANSWER,
}));

/** An engine's answer with these adapters. */
async function answer(engine: Engine, model: string, ids: readonly string[]) {
  const template = templateNamed('alpaca_short');
  const tokens = engine.generate({
    model,
    prompt: { kind: 'instruct', instruction: PROMPT, input: '', template },
    sampling: GREEDY,
    maxTokens: 24,
    adapters: ids.map((id) => ({ id, strength: 1 })),
  });
  for (;;) {
    const next = await tokens.next();
    if (next.done) return next.value;
  }
}

test.skipIf(slow)(
  'the bundled model learns a sentence by heart: it says it and stops, and without the adapter it does not (skipped on SwiftShader but in test:long)',
  async () => {
    const engine = createEngine({ store: memoryStore(), gpu: async () => openAdapter(await findAdapter()) });
    const modelId = await storeModel(engine, await modelFiles('public/demo-model/pronk-6m-q8_0.gguf'));
    const datasetId = (await engine.datasets.create('Zebra')).id;
    await engine.datasets.edit(datasetId, 0, 0, rows.slice(0, 1));
    const ended = new Promise((resolve) => {
      engine.runs.on((event) => event.type === 'run' && event.run.state !== 'running' && resolve(event.run));
    });
    const once = { ...config, max_steps: 14, lora_dropout: 0, learning_rate: 5e-3, gradient_accumulation_steps: 1 };
    const id = await engine.runs.start({ modelId, datasetId, config: once, prompts: [], sampleSteps: 0 });
    await ended;
    const { adapterId } = await engine.runs.get(id);
    const tuned = await answer(engine, modelId, [adapterId!]);
    expect([tuned.text, tuned.finish]).toEqual([ANSWER, 'stop']);
    expect((await answer(engine, modelId, [])).text).not.toContain('zebra');
    await engine.close();
  },
);

describe('training in the engine', () => {
  let store: Store;
  let model: string;
  let dataset: string;
  const engines: Engine[] = [];
  const devices: Gpu[] = [];

  const open = () => {
    const engine = createEngine({
      store,
      gpu: async () => {
        const gpu = await openAdapter(await findAdapter());
        devices.push(gpu);
        return gpu;
      },
    });
    engines.push(engine);
    const events: TrainingEvent[] = [];
    engine.runs.on((event) => events.push(event));
    const until = async (is: (event: TrainingEvent) => boolean) => {
      while (!events.some(is)) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const ended = (id: string) =>
      until((event) => event.type === 'run' && event.run.id === id && event.run.state !== 'running');
    return { engine, events, until, ended };
  };
  const request = (change: Partial<TrainingRequest> = {}): TrainingRequest => ({
    modelId: model,
    datasetId: dataset,
    config,
    prompts: [PROMPT],
    sampleSteps: 4,
    ...change,
  });
  const numbers = (log: readonly StepRecord[]) => log.map((record) => ({ ...record, seconds: 0 }));
  beforeAll(async () => {
    store = memoryStore();
    const { engine } = open();
    model = await storeModel(engine, await modelFiles(TALES));
    dataset = (await engine.datasets.create('Zebra')).id;
    await engine.datasets.edit(dataset, 0, 0, rows);
  });
  afterAll(async () => {
    for (const engine of engines) await engine.close();
  });

  test.skipIf(slow)(
    'interrupted by chat, by a pause and by another page, it is the same run (skipped on SwiftShader but in test:long)',
    async () => {
      const first = open();
      const whole = await first.engine.runs.start(request());
      await first.ended(whole);
      const expected = await first.engine.runs.get(whole);
      expect(expected).toMatchObject({ state: 'done', steps: 8 });
      expect(expected.log.at(-1)!.loss).toBeLessThan(0.7 * expected.log[0].loss);

      const second = open();
      const id = await second.engine.runs.start(request());
      const other = await storeModel(second.engine, await modelFiles(TALES));
      await second.until((event) => event.type === 'step' && event.record.step === 2);
      // chat goes on between slices; another model must wait
      expect((await answer(second.engine, model, [])).completionTokens).toBeGreaterThan(0);
      await expect(second.engine.load(other)).rejects.toMatchObject({ code: 'training' });
      await expect(second.engine.remove(model)).rejects.toMatchObject({ code: 'training' });
      await second.engine.runs.checkpoint();
      await second.engine.runs.pause(id);
      expect((await second.engine.runs.get(id)).step).toBeLessThan(8);
      await second.engine.close();

      const third = open();
      await third.engine.runs.resume(id);
      await third.ended(id);
      const run = await third.engine.runs.get(id);
      expect(numbers(run.log)).toEqual(numbers(expected.log));
      expect(run.samples).toEqual(expected.samples);
      const [a, b] = await Promise.all([expected, run].map(({ adapterId }) => third.engine.adapters.open(adapterId!)));
      expect(b!.adapter.pairs).toEqual(a!.adapter.pairs);
    },
  );

  test.skipIf(slow)(
    'a device that is lost in the middle of a run (skipped on SwiftShader but in test:long)',
    async () => {
      const { engine, until, ended } = open();
      const id = await engine.runs.start(request({ prompts: [] }));
      await until((event) => event.type === 'step' && event.runId === id && event.record.step === 3);
      devices.at(-1)!.device.destroy();
      await ended(id);
      const run = await engine.runs.get(id);
      expect(run.problem).toBeUndefined();
      expect(run.state).toBe('done');
      const [whole] = (await engine.runs.list()).filter(({ state, id: of }) => state === 'done' && of !== id);
      expect(numbers(run.log)).toEqual(numbers((await engine.runs.get(whole!.id)).log));
    },
  );

  test('a model that is loaded in 8 bits stays so, and a run learns the same to the bit', async () => {
    const { engine, ended } = open();
    const few = { ...config, max_steps: 2 };
    const trained = async () => {
      const id = await engine.runs.start(request({ config: few, prompts: [] }));
      // as the page does when another precision is chosen meanwhile
      const { session } = await engine.load(model, { precision: 'fast' });
      await ended(id);
      const { log, problem } = await engine.runs.get(id);
      expect(problem).toBeUndefined();
      return { log: numbers(log), precision: session.target.precision };
    };
    await engine.load(model, { precision: 'exact' });
    const exact = await trained();
    await engine.load(model, { precision: 'int8' });
    const rounded = await trained();
    expect([exact.precision, rounded.precision]).toEqual(['exact', 'int8']);
    expect(rounded.log).toEqual(exact.log);
  });

  test('a plan with the device’s room, and a measured step', async () => {
    const { engine } = open();
    await engine.load(model);
    const { secondsPerStep } = await engine.runs.measure(request());
    const plan = await engine.runs.plan(request());
    expect(plan.secondsPerStep).toBe(secondsPerStep);
    expect(plan.memory.fits).toBe(true);
    expect(plan.memory.parts.every(({ bytes }) => bytes > 0)).toBe(true);
  });

  test('measuring gives the device to an answer, and to another context, which do not wait for its end', async () => {
    const { engine } = open();
    await engine.load(model);
    for (const needed of [() => answer(engine, model, []), () => engine.load(model, { context: 64 })]) {
      const told: number[] = [];
      let begun = () => {};
      const timing = new Promise<void>((resolve) => (begun = resolve));
      const measured = engine.runs
        .measure(request(), (stage, done) => {
          told.push(done);
          if (stage !== 'Preparing') begun();
        })
        .catch((error: unknown) => error);
      await timing;
      await needed();
      expect(await measured).toMatchObject({ code: 'cancelled' });
      expect(told.at(-1)).toBeLessThan(100);
    }
    expect((await engine.runs.measure(request())).secondsPerStep).toBeGreaterThan(0);
  });
});
