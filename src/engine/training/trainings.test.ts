// Runs as the page has them: begun, paused, resumed after a reload, stopped; what they say, what they keep.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Example } from '../../data/types';
import { llamaTokenizer } from '../../data/testing/tokenizers';
import type { Adapter } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import type { LoraSpec, LoraTrainer } from '../../model/lora-types';
import { TINY } from '../../model/testing/random-model';
import { memoryStore } from '../../storage/memory';
import type { Store } from '../../storage/store';
import { DEFAULT_CONFIG, type TrainingConfig } from '../../training/config';
import { toyTrainer } from '../../training/testing/toy-trainer';
import type { TrainedFrom } from '../adapters';
import type { TrainingParts } from './parts';
import { Trainings } from './trainings';
import type { StepRecord, TrainingEvent, TrainingRequest } from './types';
import { TALES_LORA } from '../../testing/fixtures';

const tokenizer = llamaTokenizer();
const config: TrainingConfig = {
  ...DEFAULT_CONFIG,
  learning_rate: 1e-3,
  max_steps: 8,
  warmup_steps: 0,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  eval_steps: 3,
  save_steps: 2,
  val_set_size: 2,
  lora_dropout: 0.1,
};
const examples: readonly Example[] = Array.from({ length: 12 }, (_, i) => ({
  kind: 'instruct',
  instruction: `Say ${i}.`,
  input: '',
  output: `${i} `.repeat(2 + (i % 3)),
}));
const request: TrainingRequest = {
  modelId: 'm',
  datasetId: 'd',
  config,
  prompts: ['Say 1.'],
  sampleSteps: 4,
};

interface World {
  readonly trainings: Trainings;
  readonly events: TrainingEvent[];
  readonly kept: { adapter: Adapter; from: TrainedFrom }[];
  readonly trainers: (LoraTrainer & { readonly destroyed: boolean })[];
}

/** A page over a store; `before` is called before each operation of its device. */
function page(
  store: Store,
  change: Partial<TrainingParts> = {},
  before: (operation: string) => void = () => {},
): World {
  const kept: World['kept'] = [];
  const trainers: World['trainers'] = [];
  // a step takes long enough for somebody to press a button
  const slowly = async (operation: string) => {
    before(operation);
    if (operation === 'update') await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const parts: TrainingParts = {
    store,
    model: async () => ({
      name: 'Tiny',
      config: { ...TINY, vocabSize: 32_000 },
      tokenizer,
      fingerprint: 'f',
      bytes: 1000,
    }),
    dataset: async () => ({ name: 'Rows', editedAt: 1, rows: examples.length, examples: async () => examples }),
    adapter: () => Promise.reject(new PronkError('missing-adapter', 'There is none.')),
    keep: async (adapter, from) => {
      kept.push({ adapter, from });
      return `adapter ${kept.length}`;
    },
    trainer: async (_: string, spec: LoraSpec) => {
      const trainer = toyTrainer({ vocabulary: 16, dropout: spec.dropout, seed: spec.seed, before: slowly });
      trainers.push(trainer);
      return trainer;
    },
    room: async () => ({ chat: 10, fits: async () => true }),
    answer: async ({ adapter }) => (adapter ? `tuned ${adapter.pairs.length}` : 'plain'),
    forgetDevice: () => {},
    held: (_, work) => work(),
    ...change,
  };
  const trainings = new Trainings(parts);
  const events: TrainingEvent[] = [];
  trainings.on((event) => events.push(event));
  return { trainings, events, kept, trainers };
}

const until = async (world: World, is: (event: TrainingEvent) => boolean) => {
  while (!world.events.some(is)) await new Promise((resolve) => setTimeout(resolve, 5));
};
const ended = (event: TrainingEvent) => event.type === 'run' && !['running'].includes(event.run.state);
const numbers = (log: readonly StepRecord[]) => log.map((record) => ({ ...record, seconds: 0 }));

test('a run from start to end', { timeout: 60_000 }, async () => {
  const world = page(memoryStore());
  const id = await world.trainings.start(request);
  expect(world.trainings.model).toBe('m');
  await expect(world.trainings.start(request)).rejects.toMatchObject({ code: 'busy' });
  await until(world, ended);
  const run = await world.trainings.get(id);
  expect(run).toMatchObject({
    state: 'done',
    step: 8,
    steps: 8,
    checkpointStep: 8,
    adapterId: 'adapter 1',
    name: 'Tiny on Rows',
    modelName: 'Tiny',
  });
  expect(run.log.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(run.validations.map(({ step }) => step)).toEqual([0, 3, 6, 8]);
  expect(run.samples).toEqual([4, 8].map((step) => ({ step, prompt: 'Say 1.', base: 'plain', adapter: 'tuned 1' })));
  expect(run.lossSparkline).toHaveLength(8);
  const steps = world.events.flatMap((event) => (event.type === 'step' ? [event.record] : []));
  expect(steps).toEqual(run.log);
  expect(world.kept).toHaveLength(1);
  expect(world.kept[0].adapter.config).toMatchObject({ r: 8, target_modules: ['q_proj', 'v_proj'] });
  expect(world.trainers.every(({ destroyed }) => destroyed)).toBe(true);
  expect(world.trainings.model).toBeUndefined();
  await expect(world.trainings.resume(id)).rejects.toMatchObject({ code: 'run-ended' });
});

test('samples are made at the end alone where no steps are named', { timeout: 60_000 }, async () => {
  const world = page(memoryStore());
  const id = await world.trainings.start({ ...request, sampleSteps: 0 });
  await until(world, ended);
  expect((await world.trainings.get(id)).samples.map(({ step }) => step)).toEqual([8]);
});

test('paused, and resumed by another page: the same run', { timeout: 120_000 }, async () => {
  const whole = page(memoryStore());
  const wholeId = await whole.trainings.start(request);
  await until(whole, ended);

  const store = memoryStore();
  const first = page(store);
  const id = await first.trainings.start(request);
  await until(first, (event) => event.type === 'step' && event.record.step === 3);
  await first.trainings.pause(id);
  const paused = await first.trainings.get(id);
  expect(paused.state).toBe('paused');
  expect(paused.checkpointStep).toBe(paused.step);
  expect(first.kept).toHaveLength(0);

  const second = page(store);
  expect((await second.trainings.list()).map(({ state }) => state)).toEqual(['paused']);
  await second.trainings.resume(id);
  await until(second, ended);
  const [a, b] = [await whole.trainings.get(wholeId), await second.trainings.get(id)];
  expect(numbers(b.log)).toEqual(numbers(a.log));
  expect(b.validations).toEqual(a.validations);
  expect(b.samples).toEqual(a.samples);
  expect(second.kept[0].adapter.pairs).toEqual(whole.kept[0].adapter.pairs);
});

test('a page that dies leaves an interrupted run, whose log goes back to its checkpoint', {
  timeout: 60_000,
}, async () => {
  const store = memoryStore();
  let dead = false;
  let steps = 0;
  const first = page(
    {
      ...store,
      records: {
        ...store.records,
        set: (...args) => (dead ? new Promise<void>(() => {}) : store.records.set(...args)),
      },
    },
    {},
    (operation) => {
      if (operation === 'update' && ++steps === 4) dead = true;
    },
  );
  const id = await first.trainings.start(request);
  await until(first, (event) => event.type === 'step' && event.record.step === 4);
  const second = page(store);
  expect(await second.trainings.list()).toMatchObject([{ id, state: 'interrupted', step: 2 }]);
  await second.trainings.resume(id);
  await until(second, ended);
  expect((await second.trainings.get(id)).log.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('stopped: while it runs, and while it is paused', { timeout: 60_000 }, async () => {
  const world = page(memoryStore());
  const id = await world.trainings.start(request);
  await until(world, (event) => event.type === 'step' && event.record.step === 2);
  await world.trainings.stop(id);
  expect(await world.trainings.get(id)).toMatchObject({ state: 'stopped', adapterId: 'adapter 1' });

  const other = await world.trainings.start(request);
  await until(world, (event) => event.type === 'step' && event.runId === other && event.record.step === 4);
  await world.trainings.pause(other);
  await world.trainings.stop(other);
  expect(await world.trainings.get(other)).toMatchObject({ state: 'stopped', adapterId: 'adapter 2' });
  expect(world.kept[1].adapter.pairs[0].b.some((value) => value !== 0)).toBe(true);
  await world.trainings.remove(other);
  expect(world.events.at(-1)).toEqual({ type: 'removed', runId: other });
  await expect(world.trainings.get(other)).rejects.toMatchObject({ code: 'missing-run' });
});

test('a device that is lost costs nothing but time; one that stays lost ends the run with its reason', {
  timeout: 60_000,
}, async () => {
  let operations = 0;
  let forgotten = 0;
  const lost = () => {
    throw new PronkError('device-lost', 'The device was lost.');
  };
  const world = page(
    memoryStore(),
    { forgetDevice: () => void forgotten++ },
    () => void (++operations === 20 && lost()),
  );
  const id = await world.trainings.start(request);
  await until(world, ended);
  expect([(await world.trainings.get(id)).state, forgotten]).toEqual(['done', 1]);
  expect((await world.trainings.get(id)).log.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);

  const broken = page(memoryStore(), {}, lost);
  const other = await broken.trainings.start(request);
  await until(broken, ended);
  expect(await broken.trainings.get(other)).toMatchObject({ state: 'failed', problem: 'The device was lost.' });
});

test('a run has its rows: their dataset may be edited or removed meanwhile', { timeout: 120_000 }, async () => {
  const whole = page(memoryStore());
  const wholeId = await whole.trainings.start(request);
  await until(whole, ended);

  const store = memoryStore();
  const first = page(store);
  const id = await first.trainings.start(request);
  await until(first, (event) => event.type === 'step' && event.record.step === 2);
  await first.trainings.pause(id);
  const removed = page(store, { dataset: () => Promise.reject(new PronkError('missing-dataset', 'It is gone.')) });
  await removed.trainings.resume(id);
  await until(removed, ended);
  const [a, b] = [await whole.trainings.get(wholeId), await removed.trainings.get(id)];
  expect(numbers(b.log)).toEqual(numbers(a.log));
  await removed.trainings.remove(id);
  expect(await store.shards.keys()).toEqual([]);

  // the control: rows that are read anew are others
  const edited = page(memoryStore(), {
    dataset: async () => ({ name: 'Rows', editedAt: 2, rows: 12, examples: async () => examples.toReversed() }),
  });
  const other = await edited.trainings.start(request);
  await until(edited, ended);
  expect(numbers((await edited.trainings.get(other)).log)).not.toEqual(numbers(a.log));
});

test('a run whose model was changed or removed is not gone on with, and can still be kept', {
  timeout: 60_000,
}, async () => {
  const store = memoryStore();
  const first = page(store);
  const id = await first.trainings.start(request);
  await until(first, (event) => event.type === 'step' && event.record.step === 2);
  await first.trainings.pause(id);
  const model = { name: 'Tiny', config: { ...TINY, vocabSize: 32_000 }, tokenizer, bytes: 1000 };
  const changed = page(store, { model: async () => ({ ...model, fingerprint: 'another' }) });
  await changed.trainings.resume(id);
  await until(changed, (event) => event.type === 'run' && event.run.state === 'failed');
  expect((await changed.trainings.get(id)).problem).toContain('another model');

  const removed = page(store, { model: () => Promise.reject(new PronkError('missing-model', 'There is no m here.')) });
  const refused = await removed.trainings.resume(id).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'missing-model', message: expect.stringContaining('Tiny, which') as string });
  await removed.trainings.stop(id);
  expect(removed.kept).toMatchObject([{ from: { modelName: 'Tiny', model: { numLayers: TINY.numLayers } } }]);
});

describe('a full store', () => {
  /** A store that takes nothing more for adapters and checkpoints from its third checkpoint until there is room. */
  function filling() {
    const store = memoryStore();
    const room = { free: false };
    let arrays = 0;
    const put: Store['shards']['put'] = (key, data) => {
      // three arrays and the best one are a checkpoint
      if (!key.endsWith('/rows') && ++arrays > 7 && !room.free) {
        return Promise.reject(new PronkError('quota-exceeded', 'There is not enough space to store 1 MB more.'));
      }
      return store.shards.put(key, data);
    };
    return { room, store: { ...store, shards: { ...store.shards, put } } };
  }
  const rests = (event: TrainingEvent) => event.type === 'run' && event.run.unkept === true;

  test('the run rests in memory, and goes on once there is room: the same run', { timeout: 120_000 }, async () => {
    const whole = page(memoryStore());
    const wholeId = await whole.trainings.start(request);
    await until(whole, ended);

    const { room, store } = filling();
    const world = page(store);
    const id = await world.trainings.start(request);
    await until(world, rests);
    const resting = await world.trainings.get(id);
    expect(resting).toMatchObject({ state: 'paused', unkept: true });
    expect(resting.step).toBeGreaterThan(resting.checkpointStep!);
    expect(resting.problem).toMatch(/not enough space.*since step 4 .*Keep the page open, and press Resume/);
    expect(world.trainings.model).toBe('m');
    await expect(world.trainings.start(request)).rejects.toThrow(/is only in the memory of this page/);
    await world.trainings.checkpoint();
    // there is still none
    world.events.length = 0;
    await world.trainings.resume(id);
    await until(world, rests);
    expect(world.events.some(({ type }) => type === 'step')).toBe(false);
    room.free = true;
    await world.trainings.resume(id);
    await until(world, (event) => event.type === 'run' && event.run.state === 'done');
    // it is kept before it goes on
    const first = world.events.find(({ type }) => type === 'step' || type === 'checkpoint');
    expect(first).toMatchObject({ type: 'checkpoint', step: resting.step });
    const [a, b] = [await whole.trainings.get(wholeId), await world.trainings.get(id)];
    expect(numbers(b.log)).toEqual(numbers(a.log));
    expect([b.problem, b.unkept]).toEqual([undefined, undefined]);
    expect(world.kept[0].adapter.pairs).toEqual(whole.kept[0].adapter.pairs);
  });

  test('a rest can be ended with its adapter, which takes less room', { timeout: 60_000 }, async () => {
    const { store } = filling();
    const world = page(store);
    const id = await world.trainings.start(request);
    await until(world, rests);
    await world.trainings.stop(id);
    expect(await world.trainings.get(id)).toMatchObject({ state: 'stopped', adapterId: 'adapter 1' });
    expect(world.trainers.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test('an adapter for which there is no room waits for it', { timeout: 60_000 }, async () => {
    const room = { free: false };
    const world = page(memoryStore(), {
      keep: async () => {
        if (room.free) return 'kept at last';
        throw new PronkError('quota-exceeded', 'There is no room.');
      },
    });
    const id = await world.trainings.start(request);
    await until(world, rests);
    await world.trainings.stop(id);
    expect(await world.trainings.get(id)).toMatchObject({ state: 'paused', unkept: true, step: 8 });
    room.free = true;
    await world.trainings.resume(id);
    await until(world, (event) => event.type === 'run' && event.run.state === 'done');
    expect(await world.trainings.get(id)).toMatchObject({ adapterId: 'kept at last' });
  });

  test('a pause is one, though it cannot be written down: its checkpoint is there', { timeout: 60_000 }, async () => {
    const store = memoryStore();
    let full = false;
    const set: Store['records']['set'] = (kind, key, value) => {
      const { state } = value as { state?: string };
      if (state === 'paused') full = true;
      return full ? Promise.reject(new PronkError('quota-exceeded', 'No room.')) : store.records.set(kind, key, value);
    };
    const world = page({ ...store, records: { ...store.records, set } });
    const id = await world.trainings.start(request);
    await until(world, (event) => event.type === 'step' && event.record.step === 3);
    await world.trainings.pause(id);
    expect(world.events.at(-1)).toMatchObject({ type: 'run', run: { state: 'paused' } });
    expect(world.events.some(rests)).toBe(false);
    expect(world.trainings.activeId).toBeUndefined();
    const { state, step, checkpointStep } = await page(store).trainings.get(id);
    expect([state, checkpointStep]).toEqual(['interrupted', step]);
  });

  test('a page that is closed meanwhile leaves its checkpoint', { timeout: 60_000 }, async () => {
    const { store } = filling();
    const world = page(store);
    const id = await world.trainings.start(request);
    await until(world, rests);
    await world.trainings.close();
    const after = page(store);
    const run = await after.trainings.get(id);
    expect(run).toMatchObject({ state: 'interrupted', checkpointStep: 4 });
    expect([run.problem, run.unkept]).toEqual([undefined, undefined]);
  });
});

test('a form of a person’s own: planned, trained, asked in, and kept with the adapter', {
  timeout: 60_000,
}, async () => {
  const template = {
    name: 'mine',
    description: '',
    prompt_input: 'Q: {instruction} ({input})\nA:',
    prompt_no_input: 'Q: {instruction}\nA:',
    response_split: 'A:',
  };
  const asked: unknown[] = [];
  const world = page(memoryStore(), { answer: async (answer) => (asked.push(answer.template), 'x') });
  const own = { ...request, config: { ...config, prompt_template_name: 'mine' } };
  expect((await world.trainings.plan(own)).problem).toContain('no prompt template mine');
  const [short, long] = [await world.trainings.plan({ ...own, template }), await world.trainings.plan(request)];
  expect(short.problem).toBeUndefined();
  expect(short.tokens).toBeLessThan(long.tokens / 2);
  // one of another name counts for nothing
  expect((await world.trainings.plan({ ...request, template })).tokens).toBe(long.tokens);
  const id = await world.trainings.start({ ...own, template });
  await until(world, ended);
  expect(await world.trainings.get(id)).toMatchObject({ state: 'done' });
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.every((each) => each === template)).toBe(true);
  expect(world.kept[0].from.template).toEqual(template);
});

test('measuring gives way to a run, and to whoever needs the device', { timeout: 60_000 }, async () => {
  let measures = false;
  const world = page(memoryStore(), {
    trainer: async (_, __, watched) => {
      if (!watched) return toyTrainer({ vocabulary: 16 });
      measures = true;
      const cut = new Promise<never>((_resolve, reject) => {
        watched.signal.addEventListener('abort', () => reject(watched.signal.reason as Error));
      });
      const trainer = toyTrainer({ vocabulary: 16, before: () => cut });
      world.trainers.push(trainer);
      return trainer;
    },
  });
  const begun = async () => {
    measures = false;
    const measured = world.trainings.measure(request).catch((error: unknown) => error);
    while (!measures) await new Promise((resolve) => setTimeout(resolve, 1));
    return measured;
  };
  // another model may be loaded meanwhile: it is ended first
  const first = begun();
  while (!measures) await new Promise((resolve) => setTimeout(resolve, 1));
  expect([world.trainings.model, await world.trainings.uses('m')]).toEqual([undefined, false]);
  await world.trainings.stopMeasuring();
  expect(world.trainers.map(({ destroyed }) => destroyed)).toEqual([true]);
  expect(await first).toMatchObject({ code: 'cancelled' });
  // one that is asked for in the same moment takes its place
  const [earlier, later] = [begun(), begun()];
  expect(await earlier).toMatchObject({ code: 'cancelled' });
  while (!measures) await new Promise((resolve) => setTimeout(resolve, 1));
  await world.trainings.stopMeasuring();
  expect(await later).toMatchObject({ code: 'cancelled' });
  expect(world.trainers.every(({ destroyed }) => destroyed)).toBe(true);
  const second = begun();
  while (!measures) await new Promise((resolve) => setTimeout(resolve, 1));
  const id = await world.trainings.start(request);
  expect(await second).toMatchObject({ code: 'cancelled' });
  expect([world.trainings.model, await world.trainings.uses('n')]).toEqual(['m', false]);
  await expect(world.trainings.measure(request)).rejects.toMatchObject({ code: 'busy' });
  await until(world, ended);
  await world.trainings.ended();
  expect([(await world.trainings.get(id)).state, await world.trainings.uses('m')]).toEqual(['done', false]);
});

test('runs have names of their own', { timeout: 60_000 }, async () => {
  const world = page(memoryStore());
  for (const name of [undefined, undefined, 'Mine', 'Mine']) {
    world.events.length = 0;
    await world.trainings.start({ ...request, config: { ...config, max_steps: 1 }, ...(name && { name }) });
    await until(world, ended);
    await world.trainings.ended();
  }
  const names = (await world.trainings.list()).map(({ name }) => name);
  expect(names.toSorted()).toEqual(['Mine', 'Mine (2)', 'Tiny on Rows', 'Tiny on Rows (2)']);
});

test('a plan that has been run says how long it takes, in another page too', { timeout: 60_000 }, async () => {
  const store = memoryStore();
  const world = page(store);
  expect((await world.trainings.plan(request)).secondsPerStep).toBeUndefined();
  const id = await world.trainings.start(request);
  await until(world, ended);
  await world.trainings.ended();
  const { log } = await world.trainings.get(id);
  const known = (await world.trainings.plan(request)).secondsPerStep!;
  expect(log.map(({ seconds }) => seconds)).toContain(known);
  expect((await page(store).trainings.plan(request)).secondsPerStep).toBe(known);
  // what changes a step is another plan, what changes their number is not
  const other = (change: Partial<TrainingConfig>) =>
    world.trainings.plan({ ...request, config: { ...config, ...change } });
  expect((await other({ max_steps: 60 })).secondsPerStep).toBe(known);
  expect((await other({ cutoff_len: 200 })).secondsPerStep).toBeUndefined();
});

test('the time of a run never goes back, however long a checkpoint takes', { timeout: 60_000 }, async () => {
  const memory = memoryStore();
  const slow: Store['shards']['put'] = async (key, data) => {
    await new Promise((resolve) => setTimeout(resolve, 40));
    return memory.shards.put(key, data);
  };
  const world = page({ ...memory, shards: { ...memory.shards, put: slow } });
  const told: number[] = [];
  const id = await world.trainings.start(request);
  const started = performance.now();
  const timer = setInterval(() => void world.trainings.get(id).then(({ seconds }) => told.push(seconds)), 5);
  await until(world, (event) => event.type === 'step' && event.record.step === 4);
  await world.trainings.pause(id);
  const paused = (await world.trainings.get(id)).seconds;
  expect(paused).toBeGreaterThan(0.9 * ((performance.now() - started) / 1000));
  await new Promise((resolve) => setTimeout(resolve, 60));
  await world.trainings.resume(id);
  await until(world, (event) => event.type === 'run' && event.run.state === 'done');
  clearInterval(timer);
  expect(told.length).toBeGreaterThan(10);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told).toContain(paused);
});

test('a setting that is wrong is refused at once', async () => {
  const { trainings } = page(memoryStore());
  const wrong = { ...request, config: { ...config, r: 0 } };
  await expect(trainings.start(wrong)).rejects.toMatchObject({ code: 'bad-config' });
  expect(await trainings.plan(wrong)).toMatchObject({ problem: expect.stringContaining('r must be') as string });
});

test('a plan: counts, memory by part, warnings with fixes', async () => {
  const { trainings } = page(memoryStore());
  const plan = await trainings.plan(request);
  expect(plan).toMatchObject({
    rows: 10,
    validationRows: 2,
    steps: 8,
    stepsPerEpoch: 3,
    effectiveBatch: 4,
    warmupSteps: 0,
  });
  const { hiddenSize: D, numKeyValueHeads: K, numHeads: H, headDim: d, numLayers } = TINY;
  expect(plan.trainableParameters).toBe(numLayers * 8 * (D + H * d + D + K * d));
  expect(plan.memory.parts.map(({ name }) => name)).toEqual([
    'Model',
    'Chat',
    'Adapter',
    'Optimizer',
    'Activations',
    'Workspace',
  ]);
  expect(plan.memory).toMatchObject({
    fits: true,
    total: plan.memory.parts.reduce((sum, { bytes }) => sum + bytes, 0),
  });
  expect(plan.warnings.map(({ code }) => code)).toEqual(['few-steps']);
  const fixed = await trainings.plan({ ...request, config: { ...config, ...plan.warnings[0].fix } });
  expect(fixed.warnings).toEqual([]);
});

test('a plan: each warning goes away by its fix', async () => {
  const { trainings } = page(memoryStore());
  const codes = async (change: Partial<TrainingConfig>) => {
    const settings = { ...config, max_steps: 60, ...change };
    const { warnings, problem } = await trainings.plan({ ...request, config: settings });
    const fixes = Object.assign({}, ...warnings.map(({ fix }) => fix ?? {})) as Partial<TrainingConfig>;
    const after = await trainings.plan({ ...request, config: { ...settings, ...fixes } });
    return { codes: warnings.map(({ code }) => code), problem, after: after.warnings.map(({ code }) => code) };
  };
  expect(await codes({})).toEqual({ codes: [], problem: undefined, after: [] });
  expect(await codes({ warmup_steps: 100 })).toMatchObject({ codes: ['long-warmup'], after: [] });
  expect(await codes({ learning_rate: 0.1 })).toMatchObject({ codes: ['unusual-learning-rate'], after: [] });
  expect(await codes({ val_set_size: 0.7 })).toMatchObject({ codes: ['large-validation'], after: [] });
  expect(await codes({ val_set_size: 2000 })).toMatchObject({
    codes: ['bad-config'],
    problem: expect.stringContaining('val_set_size') as string,
    after: [],
  });
  expect(await codes({ cutoff_len: 64 })).toMatchObject({ codes: ['many-cut-off'], after: [] });
  expect(await codes({ cutoff_len: 60 })).toMatchObject({ codes: ['eos-never-trained'], after: [] });
  expect(await codes({ cutoff_len: 20, train_on_inputs: false })).toMatchObject({
    codes: ['no-labels'],
    problem: expect.stringContaining('in the loss') as string,
    after: [],
  });
  expect(await codes({ max_steps: 0, num_train_epochs: 1 })).toMatchObject({ codes: ['few-steps'], after: [] });
});

test('a plan that does not fit offers the mildest change that does', async () => {
  const most = { bytes: Infinity };
  const { trainings } = page(memoryStore(), {
    room: async () => ({ chat: 0, fits: async (bytes) => bytes <= most.bytes }),
  });
  const large = {
    ...request,
    config: { ...config, max_steps: 60, gradient_checkpointing: false, per_device_train_batch_size: 4 },
  };
  const plan = await trainings.plan(large);
  expect(plan.problem).toBeUndefined();
  const training = plan.memory.parts.slice(2).reduce((sum, { bytes }) => sum + bytes, 0);
  most.bytes = training * 0.6;
  const tight = await trainings.plan(large);
  expect(tight.memory.fits).toBe(false);
  expect(tight.problem).toContain('MiB');
  const { code, fix = {} } = tight.warnings[0];
  expect([code, fix.gradient_checkpointing]).toEqual(['out-of-memory', true]);
  expect((await trainings.plan({ ...large, config: { ...large.config, ...fix } })).problem).toBeUndefined();
});

test('a measured step, and nothing of it is kept', { timeout: 60_000 }, async () => {
  const world = page(memoryStore());
  const { secondsPerStep } = await world.trainings.measure(request);
  expect(secondsPerStep).toBeGreaterThan(0);
  expect(world.trainers[0].destroyed).toBe(true);
  expect((await world.trainings.plan(request)).secondsPerStep).toBe(secondsPerStep);
  expect(await world.trainings.list()).toEqual([]);
});

const REAL = '../shared/data/instruct/point-alpaca-trainer_state.json';

test('trainer_state.json, there and back', { timeout: 60_000 }, async () => {
  const world = page(memoryStore());
  const id = await world.trainings.start(request);
  await until(world, ended);
  const run = await world.trainings.get(id);
  const text = await world.trainings.exportState(id);
  const state = JSON.parse(text) as { log_history: Record<string, number>[] };
  expect(state).toMatchObject({
    global_step: 8,
    max_steps: 8,
    num_train_epochs: 3,
    best_global_step: run.validations.findLast(({ best }) => best)!.step,
  });
  expect(state.log_history).toHaveLength(12);
  expect(state.log_history[0]).toEqual({ epoch: 0, eval_loss: run.validations[0].loss, step: 0 });
  expect(Object.keys(state.log_history[1])).toEqual(['epoch', 'grad_norm', 'learning_rate', 'loss', 'step']);
  const back = world.trainings.openState(text, 'trainer_state.json');
  expect(numbers(back.log).map((record) => ({ ...record, tokens: 0 }))).toEqual(
    numbers(run.log).map((record) => ({ ...record, tokens: 0 })),
  );
  expect(back.validations).toEqual(run.validations);
  expect(() => world.trainings.openState('{}', 'x.json')).toThrow('x.json');
});

test('a trainer_state.json of transformers’ Trainer', () => {
  const text = readFileSync(`${TALES_LORA}/trainer_state.json`, 'utf8');
  const { log_history } = JSON.parse(text) as { log_history: Record<string, number>[] };
  const { train_loss, train_runtime } = log_history.at(-1)!;
  const run = page(memoryStore()).trainings.openState(text, 'trainer_state.json');
  expect(run).toMatchObject({
    state: 'done',
    step: 80,
    steps: 80,
    loss: log_history.at(-2)!['loss'],
    seconds: train_runtime,
  });
  expect(train_loss).toBeGreaterThan(0);
  expect(run.log).toHaveLength(80);
  expect(run.log[0]).toMatchObject({
    step: 1,
    loss: log_history[0]['loss'],
    learningRate: log_history[0]['learning_rate'],
  });
  expect(run.lossSparkline[0]).toBeGreaterThan(run.lossSparkline.at(-1)!);
});

test.skipIf(!existsSync(REAL))('a real trainer_state.json (skipped without ../shared/data)', () => {
  const run = page(memoryStore()).trainings.openState(readFileSync(REAL, 'utf8'), 'trainer_state.json');
  expect(run).toMatchObject({ state: 'done', step: 609, steps: 609, loss: 0.5261, seconds: 11681.9145 });
  expect(run.log).toHaveLength(609);
  expect(run.log[0]).toMatchObject({ step: 1, loss: 1.5397, learningRate: 1.0526315789473685e-6 });
  expect(run.lossSparkline[0]).toBeGreaterThan(run.lossSparkline.at(-1)!);
});
