// From examples to batches: what is held out, what is left out, and what makes data the same data.
import { expect, test } from 'vitest';
import { llamaTokenizer } from '../data/testing/tokenizers';
import { tokenizeDataset } from '../data/tokenize-dataset';
import type { Example } from '../data/types';
import { labelCount } from './loop';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';
import { checkPositions, prepareData } from './prepare';

const tokenizer = llamaTokenizer();
const config = {
  ...DEFAULT_CONFIG,
  val_set_size: 0.25,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  train_on_inputs: false,
};
const rows = (count: number): Example[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: 'instruct',
    instruction: `Count to ${i}`,
    input: '',
    output: 'one '.repeat(i + 1),
  }));
const prepare = async (examples: readonly Example[], settings: TrainingConfig) =>
  prepareData(await tokenizeDataset(examples, tokenizer, settings), tokenizer, settings);
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error,
  );

test('every row is trained on once an epoch or held out, and named by its place in the dataset', async () => {
  const data = await prepare(rows(10), config);
  expect([data.train.length, data.validationRows.length, data.stepsPerEpoch]).toEqual([7, 3, 2]);
  const epoch = [data.step(0), data.step(1)].flat();
  const seen = [...epoch, ...data.validation].flatMap(({ rows: of }) => [...new Set(of)]);
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i));
  expect(Math.max(...[...epoch, ...data.validation].map(({ ids }) => ids.length))).toBeLessThanOrEqual(
    data.maxBatchTokens,
  );
  expect(data.step(2).map(labelCount)).not.toEqual([]);
  expect(data.ended).toBe(10);
});

test('rows that are cut off before their answer are left out; where that is all, it is an error', async () => {
  const long: Example = { kind: 'instruct', instruction: 'word '.repeat(400), input: '', output: 'x' };
  const data = await prepare([long, ...rows(4)], config);
  expect(data.skipped).toEqual([0]);
  expect(data.train.length + data.validationRows.length).toBe(4);
  const failure = await code(prepare([long], config));
  expect(failure).toMatchObject({ code: 'no-labels', message: expect.stringContaining('cutoff_len') as string });
  expect(await code(prepare([], config))).toMatchObject({ code: 'no-labels' });
  // control: with the prompt in the loss there is something to learn
  expect((await prepare([long], { ...config, train_on_inputs: true, val_set_size: 0 })).train).toHaveLength(1);
});

test('a validation set that leaves nothing names its field', async () => {
  // shares are rounded up, so that these two keep all four rows from training
  for (const size of [2000, 4, 0.76, 0.999]) {
    const failure = await code(prepare(rows(4), { ...config, val_set_size: size }));
    expect(failure).toMatchObject({ code: 'bad-config', message: expect.stringContaining('val_set_size') as string });
  }
  expect((await prepare(rows(4), { ...config, val_set_size: 0.75 })).train).toHaveLength(1);
  expect((await prepare(rows(1), { ...config, val_set_size: 0 })).train).toHaveLength(1);
});

test('the fingerprint is that of the tokens, the labels and the split', async () => {
  const of = async (examples: readonly Example[], settings = config) =>
    (await prepare(examples, settings)).fingerprint();
  const one = await of(rows(8));
  expect(await of(rows(8))).toBe(one);
  expect(await of(rows(8), { ...config, learning_rate: 1 })).toBe(one);
  const changed = rows(8).with(3, { kind: 'instruct', instruction: 'Count to 3', input: '', output: 'one two' });
  expect(await of(changed)).not.toBe(one);
  expect(await of(rows(8), { ...config, train_on_inputs: true })).not.toBe(one);
  expect(await of(rows(8), { ...config, seed: 7 })).not.toBe(one);
  expect(await of(rows(8).toReversed())).not.toBe(one);
});

test('rows beyond the trained context are refused where positions scale by the length', async () => {
  const data = await prepare(rows(6), config);
  const longest = Math.max(...[...data.train, ...data.validationRows].map(({ ids }) => ids.length));
  const check = (contextLength: number, type?: 'dynamic') => () =>
    checkPositions(data, { contextLength, ...(type && { ropeScaling: { type, factor: 2 } }) });
  expect(check(longest - 1, 'dynamic')).toThrow(`Set cutoff_len to ${longest - 1}`);
  expect(check(longest, 'dynamic')).not.toThrow();
  expect(check(longest - 1)).not.toThrow();
});
