// The loop over a small exact model: what it counts, what it keeps, and that any interruption changes nothing.
import { describe, expect, test } from 'vitest';
import type { LoraTrainer, OptimizerStep } from '../model/lora-types';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';
import { FRESH, type LoopEvent, type LoopState, train, type TrainingData } from './loop';
import type { StepRecord } from './records';
import { joined, sequence, toyData } from './testing/toy-data';
import { toyTrainer } from './testing/toy-trainer';

const config: TrainingConfig = {
  ...DEFAULT_CONFIG,
  learning_rate: 0.2,
  warmup_steps: 2,
  max_steps: 12,
  eval_steps: 4,
  weight_decay: 0.01,
};

async function run(
  trainer: LoraTrainer,
  data: TrainingData,
  {
    state = { ...FRESH },
    with: settings = config,
    signal,
  }: { state?: LoopState; with?: TrainingConfig; signal?: AbortSignal } = {},
) {
  const events: LoopEvent[] = [];
  const loop = train(trainer, data, settings, state, signal);
  for (;;) {
    const next = await loop.next();
    if (next.done) return { end: next.value, events, state, steps: stepsOf(events) };
    events.push(next.value);
  }
}

const stepsOf = (events: readonly LoopEvent[]) =>
  events.flatMap((event) => (event.type === 'step' ? [event.record] : []));
/** What must be equal: everything but the time it took. */
const numbers = (records: readonly StepRecord[]) => records.map((record) => ({ ...record, seconds: 0 }));

test('learns, and says what it did', async () => {
  const data = toyData();
  const { end, steps, events, state } = await run(toyTrainer(), data);
  expect(end).toBe('done');
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(steps.at(-1)!.loss).toBeLessThan(0.8 * steps[0].loss);
  expect(steps[0]).toMatchObject({ learningRate: 0, epoch: 1 / 3, tokens: 7 });
  expect(steps[1].learningRate).toBeCloseTo(0.1, 15);
  expect(steps[2].learningRate).toBe(0.2);
  // the first validation comes before all steps, every other one after its step and before its boundary
  const order = events.slice(0, 11).map(({ type }) => type);
  expect(order).toEqual([
    'validation',
    'step',
    'boundary',
    'step',
    'boundary',
    'step',
    'boundary',
    'step',
    'validation',
    'boundary',
    'step',
  ]);
  const validations = events.flatMap((event) => (event.type === 'validation' ? [event.record] : []));
  expect(validations.map(({ step }) => step)).toEqual([0, 4, 8, 12]);
  const best = validations.slice(1).reduce((a, b) => (b.loss < a.loss ? b : a));
  expect(state.best).toMatchObject({ step: best.step, loss: best.loss });
});

test('what is known before the first step is told, never kept, and counts for no patience', async () => {
  const data = toyData();
  // nothing is learned, so that no validation is lower than the first one
  const settings = { ...config, learning_rate: 0, max_steps: 3, eval_steps: 1, early_stopping_patience: 3 };
  const { events, state } = await run(toyTrainer(), data, { with: settings });
  const validations = events.flatMap((event) => (event.type === 'validation' ? [event.record] : []));
  expect(validations.map(({ step, best }) => [step, best])).toEqual([
    [0, false],
    [1, true],
    [2, false],
    [3, false],
  ]);
  expect([new Set(validations.map(({ loss }) => loss)).size, state.best?.step, state.sinceBest]).toEqual([1, 1, 2]);
  const { loss, targets } = await toyTrainer().evaluate(data.validation[0]);
  expect(validations[0].loss).toBe(loss / targets);
});

test('with and without it the steps are the same; a run that has begun does not take it', async () => {
  const data = toyData();
  const [a, b] = [toyTrainer({ dropout: 0.2 }), toyTrainer({ dropout: 0.2 })];
  const whole = await run(a, data);
  const bare = await run(b, data, { with: { ...config, eval_on_start: false } });
  expect(bare.events.find(({ type }) => type === 'validation')).toMatchObject({ record: { step: 4 } });
  expect(numbers(bare.steps)).toEqual(numbers(whole.steps));
  expect(await b.state()).toEqual(await a.state());
  // as runs were kept before there was such a validation
  const old = { ...FRESH, step: 1, updates: 1, validated: 0 };
  const { events } = await run(toyTrainer(), data, { state: old });
  expect(events.flatMap((event) => (event.type === 'validation' ? [event.record.step] : []))).toEqual([4, 8, 12]);
});

test('the loss of validation is the mean over labelled tokens, not over batches', async () => {
  const rows = [sequence([1, 2], 0), sequence([3, 1, 4, 1, 5], 1)];
  const trainer = toyTrainer();
  const each = await Promise.all(rows.map((row) => trainer.evaluate(row)));
  const { events } = await run(trainer, { ...toyData(), validation: rows }, { with: { ...config, max_steps: 1 } });
  const first = events.find((event) => event.type === 'validation');
  expect(first?.record.loss).toBeCloseTo((each[0].loss + each[1].loss) / 5, 12);
  // control: as transformers' Trainer takes it
  expect(Math.abs((each[0].loss / 1 + each[1].loss / 4) / 2 - first!.record.loss)).toBeGreaterThan(0.01);
});

test('the loss is the mean over the labelled tokens of the whole batch, before the update', async () => {
  // rows of 1 and 4 labels: a mean of means would weigh them alike
  const rows = [sequence([1, 2], 0), sequence([3, 1, 4, 1, 5], 1)];
  const data: TrainingData = { stepsPerEpoch: 1, step: () => rows, validation: [] };
  const trainer = toyTrainer();
  const each = await Promise.all(rows.map((row) => trainer.evaluate(row)));
  const mean = (each[0].loss + each[1].loss) / 5;
  const { steps } = await run(trainer, data, { with: { ...config, max_steps: 1 } });
  expect(steps[0].loss).toBeCloseTo(mean, 12);
  // control: the mean of the micro-batches' means is another number
  expect(Math.abs((each[0].loss / 1 + each[1].loss / 4) / 2 - mean)).toBeGreaterThan(0.01);
});

test('accumulation is one large batch', async () => {
  const data = toyData({ perStep: 3 });
  const whole: TrainingData = { ...data, step: (n) => [joined(data.step(n))] };
  const [a, b] = [await run(toyTrainer(), data), await run(toyTrainer(), whole)];
  for (const [i, { loss, gradNorm }] of a.steps.entries()) {
    expect(Math.abs(loss - b.steps[i].loss)).toBeLessThan(1e-6);
    expect(Math.abs(gradNorm - b.steps[i].gradNorm)).toBeLessThan(1e-5);
  }
});

test('two runs are equal, dropout included; another seed is another run', async () => {
  const data = toyData();
  const of = async (seed: number) => numbers((await run(toyTrainer({ dropout: 0.3, seed }), data)).steps);
  expect(await of(1)).toEqual(await of(1));
  expect(await of(2)).not.toEqual(await of(1));
});

test('a step that is not finite is skipped: nothing changes, Adam does not count it, the schedule goes on', async () => {
  const counts: number[] = [];
  const trainer = toyTrainer({ poison: new Set([3]) });
  const counting = { ...trainer, update: (step: OptimizerStep) => (counts.push(step.count), trainer.update(step)) };
  const { steps, state } = await run(counting, toyData());
  expect(steps[3]).toMatchObject({ step: 4, skipped: true, gradNorm: Infinity });
  expect(steps[2]).not.toHaveProperty('skipped');
  expect(counts.slice(0, 6)).toEqual([1, 2, 3, 4, 4, 5]);
  expect(state).toMatchObject({ step: 12, updates: 11 });
  expect(steps[4].learningRate).toBeLessThan(steps[2].learningRate);
});

test('a run that gives nothing finite any more is given up', async () => {
  const trainer = toyTrainer({ poison: new Set(Array.from({ length: 40 }, (_, i) => i + 2)) });
  const running = run(trainer, toyData(), { with: { ...config, max_steps: 40 } });
  await expect(running).rejects.toMatchObject({ code: 'not-finite' });
});

test('a batch without labels is an error and not NaN', async () => {
  const empty = { ...sequence([1, 2, 3], 0), targets: new Int32Array(3).fill(-100) };
  const data: TrainingData = { stepsPerEpoch: 1, step: () => [empty], validation: [] };
  await expect(run(toyTrainer(), data)).rejects.toMatchObject({ code: 'no-labels' });
});

test('stops when validation does not improve any more, and keeps the best', async () => {
  // validation contradicts what is trained, so that it is best at once and then only worse
  const data = { ...toyData(), validation: [sequence([1, 1, 1, 1], 9)] };
  const settings = { ...config, max_steps: 100, eval_steps: 1, early_stopping_patience: 3 };
  const { end, state } = await run(toyTrainer(), data, { with: settings });
  expect(end).toBe('early');
  expect(state.best!.step).toBe(state.step - 3);
  const patient = await run(toyTrainer(), data, { with: { ...settings, early_stopping_patience: 0 } });
  expect(patient.end).toBe('done');
});

describe('interrupted at any operation, it goes on as if it had not been', () => {
  const data = toyData({ validation: 2 });
  const settings = { ...config, max_steps: 6, eval_steps: 2, early_stopping_patience: 2 };

  test('by the signal: what was accumulated of a step is dropped, the step is done again', async () => {
    const whole = await run(toyTrainer({ dropout: 0.2 }), data, { with: settings });
    let operations = 0;
    await run(toyTrainer({ before: () => void operations++ }), data, { with: settings });
    for (let at = 0; at <= operations; at++) {
      const controller = new AbortController();
      let count = 0;
      const trainer = toyTrainer({ dropout: 0.2, before: () => void (count++ === at && controller.abort()) });
      const half = await run(trainer, data, { with: settings, signal: controller.signal });
      // the state that a checkpoint would hold, and another process that goes on from it
      const other = toyTrainer({ dropout: 0.2 });
      other.restore(await trainer.state());
      const rest = await run(other, data, { with: settings, state: structuredClone(half.state) });
      expect(numbers([...half.steps, ...rest.steps])).toEqual(numbers(whole.steps));
      expect(rest.state).toEqual(whole.state);
      expect(await other.state()).toEqual(await finalState(settings));
      // the same trainer can go on too, once its gradients are cleared
      trainer.restore(await trainer.state());
      const same = await run(trainer, data, { with: settings, state: half.state });
      expect(same.state).toEqual(whole.state);
    }
  });

  const finalState = async (with_: TrainingConfig) => {
    const trainer = toyTrainer({ dropout: 0.2 });
    await run(trainer, data, { with: with_ });
    return trainer.state();
  };

  test('control: without Adam’s count, or with gradients that were left, it is another run', async () => {
    const whole = await run(toyTrainer(), data, { with: settings });
    const controller = new AbortController();
    let count = 0;
    const trainer = toyTrainer({ before: () => void (count++ === 6 && controller.abort()) });
    const half = await run(trainer, data, { with: settings, signal: controller.signal });
    const forgetful = toyTrainer();
    forgetful.restore(await trainer.state());
    const rest = await run(forgetful, data, { with: settings, state: { ...half.state, updates: 0 } });
    expect(numbers([...half.steps, ...rest.steps])).not.toEqual(numbers(whole.steps));
    const dirty = await run(trainer, data, { with: settings, state: half.state });
    expect(numbers([...half.steps, ...dirty.steps])).not.toEqual(numbers(whole.steps));
  });
});
