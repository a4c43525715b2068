// Against transformers 5.18's get_scheduler: what `get_last_lr` gives before each step, with a learning rate of 1.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_CONFIG, type Schedule, type TrainingConfig } from './config';
import { learningRate, scheduleFactor, totalSteps, warmupSteps } from './schedules';
import { TALES_LORA } from '../testing/fixtures';

const rise = [0, 0.3333333333333333, 0.6666666666666666];
const line = [
  1.0, 0.8571428571428571, 0.7142857142857143, 0.5714285714285714, 0.42857142857142855, 0.2857142857142857,
  0.14285714285714285,
];
const wave = [
  1.0, 0.9504844339512095, 0.8117449009293668, 0.6112604669781572, 0.38873953302184283, 0.18825509907063326,
  0.04951556604879048,
];
const ones = (count: number) => Array.from({ length: count }, () => 1);
const GOLDEN: readonly [Schedule, number, number[]][] = [
  ['constant', 0, ones(7)],
  ['constant', 3, ones(10)],
  ['constant_with_warmup', 0, ones(7)],
  ['constant_with_warmup', 3, [...rise, ...ones(7)]],
  ['constant_with_warmup', 10, [0, 0.1, 0.2, 0.3]],
  ['linear', 0, line],
  ['linear', 3, [...rise, ...line]],
  ['linear', 10, [0, 0.1, 0.2, 0.3]],
  ['cosine', 0, wave],
  ['cosine', 3, [...rise, ...wave]],
  ['cosine', 10, [0, 0.1, 0.2, 0.3]],
];

test.each(GOLDEN)('%s with %i steps of warmup', (schedule, warmup, rates) => {
  for (const [step, rate] of rates.entries()) {
    expect(scheduleFactor(schedule, step, warmup, rates.length)).toBeCloseTo(rate, 14);
  }
  // control: a schedule that counts from 1 gives other numbers
  if (schedule === 'linear') expect(scheduleFactor(schedule, 1, warmup, rates.length)).not.toBeCloseTo(rates[0], 3);
});

test('warmup: steps before the share, which is rounded up', () => {
  const config = { ...DEFAULT_CONFIG, warmup_ratio: 0.03 };
  expect(warmupSteps(config, 609)).toBe(100);
  expect(warmupSteps({ ...config, warmup_steps: 0 }, 609)).toBe(19); // ceil(18.27)
  expect(warmupSteps({ ...config, lr_scheduler_type: 'constant' }, 609)).toBe(0);
  expect(learningRate({ ...config, warmup_steps: 0 }, 1, 609)).toBeCloseTo(3e-4 / 19, 15);
  expect(learningRate(config, 0, 609)).toBe(0);
});

test('steps: max_steps before epochs, of which a part is rounded up', () => {
  expect(totalSteps({ max_steps: 0, num_train_epochs: 3 }, 203)).toBe(609);
  expect(totalSteps({ max_steps: 0, num_train_epochs: 0.5 }, 5)).toBe(3);
  expect(totalSteps({ max_steps: 7, num_train_epochs: 3 }, 203)).toBe(7);
});

/**
 * Holds our rates against those that transformers' Trainer has written into a run's log.
 * @param digits to which rates are equal; a double has 16 of the largest
 * @param ahead how many steps later the rate of a record is used: 0 for transformers 5, 1 for those before it
 */
function expectLogged(path: string, steps: number, learning_rate: number, digits: number, ahead: 0 | 1): void {
  const { log_history } = JSON.parse(readFileSync(path, 'utf8')) as {
    log_history: { step: number; learning_rate?: number }[];
  };
  const config: TrainingConfig = {
    ...DEFAULT_CONFIG,
    learning_rate,
    lr_scheduler_type: 'cosine',
    warmup_steps: 0,
    warmup_ratio: 0.03,
  };
  const logged = log_history.filter((record) => record.learning_rate !== undefined);
  expect(logged).toHaveLength(steps);
  for (const { step, learning_rate: rate } of logged)
    expect(learningRate(config, step - 1 + ahead, steps)).toBeCloseTo(rate ?? Number.NaN, digits);
}

test('a log of transformers’ Trainer: 80 steps, cosine with 3 % of warmup', () => {
  expectLogged(`${TALES_LORA}/trainer_state.json`, 80, 1e-2, 16, 0);
});

const REAL = '../shared/data/instruct/point-alpaca-trainer_state.json';

test.skipIf(!existsSync(REAL))('a real run: Point-Alpaca’s 609 steps (skipped without ../shared/data)', () => {
  expectLogged(REAL, 609, 2e-5, 18, 1);
});
