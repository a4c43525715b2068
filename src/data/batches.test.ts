// Every epoch reads every row once, steps are counted as transformers counts them, and any step can be asked for first.
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BatchConfig, createBatches, inOrder, splitValidation } from './batches';
import { groupByLength } from './grouping';
import { packRows } from './packing';
import { permutation, randomBits } from './random';

const CUTOFF = 64;
const config: BatchConfig = {
  per_device_train_batch_size: 4,
  gradient_accumulation_steps: 3,
  num_train_epochs: 2,
  max_steps: 0,
  seed: 42,
  packing: false,
  group_by_length: false,
  cutoff_len: CUTOFF,
};
const ascending = (list: readonly number[]) => list.toSorted((a, b) => a - b);
const upTo = (length: number) => Array.from({ length }, (_, i) => i);

const lengthLists = fc.array(fc.integer({ min: 1, max: CUTOFF }), { minLength: 1, maxLength: 120 });
const configs = fc.record({
  per_device_train_batch_size: fc.integer({ min: 1, max: 9 }),
  gradient_accumulation_steps: fc.integer({ min: 1, max: 9 }),
  num_train_epochs: fc.constantFrom(0.5, 1, 2, 3),
  max_steps: fc.constantFrom(0, 7),
  seed: fc.nat(1e6),
  packing: fc.boolean(),
  group_by_length: fc.boolean(),
  cutoff_len: fc.constant(CUTOFF),
});

test('an epoch reads each row once, in batches of the sizes asked for', () => {
  fc.assert(
    fc.property(lengthLists, configs, (lengths, settings) => {
      const plan = createBatches(lengths, settings);
      const epoch = upTo(plan.stepsPerEpoch).map((step) => plan.step(step));
      expect(ascending(epoch.flat(2))).toEqual(upTo(lengths.length));
      for (const microBatches of epoch.slice(0, -1)) {
        expect(microBatches).toHaveLength(settings.gradient_accumulation_steps);
      }
      for (const rows of epoch.flat()) {
        const tokens = rows.reduce((sum, row) => sum + lengths[row], 0);
        expect(tokens).toBeLessThanOrEqual(plan.maxBatchTokens);
        if (settings.packing) expect(tokens).toBeLessThanOrEqual(CUTOFF * settings.per_device_train_batch_size);
        else expect(rows.length).toBeLessThanOrEqual(settings.per_device_train_batch_size);
      }
    }),
  );
});

test('a resumed run reads what the whole run would have', () => {
  fc.assert(
    fc.property(lengthLists, configs, fc.nat(20), (lengths, settings, start) => {
      const whole = createBatches(lengths, settings);
      const before = upTo(start + 3).map((step) => whole.step(step));
      const resumed = createBatches(lengths, settings);
      expect(upTo(3).map((i) => resumed.step(start + i))).toEqual(before.slice(start));
    }),
  );
});

test('epochs and seeds differ in their orders', () => {
  const lengths = upTo(50).map((i) => 1 + (i % 7));
  for (const packing of [true, false]) {
    const orderOf = (seed: number, epoch: number) => {
      const plan = createBatches(lengths, { ...config, seed, packing });
      return upTo(plan.stepsPerEpoch).flatMap((i) => plan.step(epoch * plan.stepsPerEpoch + i).flat());
    };
    const orders = [orderOf(1, 0), orderOf(1, 1), orderOf(2, 0), orderOf(2, 1)].map(String);
    expect(new Set(orders).size).toBe(4);
    expect(orderOf(1, 1)).toEqual(orderOf(1, 1));
  }
});

describe('steps', () => {
  test.each([
    // rows, batch, accumulation, epochs → steps of an epoch, steps: ⌈⌈rows / batch⌉ / accumulation⌉
    [52002, 4, 32, 3, 407, 1221],
    [999, 4, 8, 1, 32, 32],
    [10, 4, 32, 3, 1, 3],
    [8, 4, 2, 1, 1, 1],
    [9, 4, 2, 1, 2, 2],
    [100, 10, 1, 2.5, 10, 25],
    [100, 7, 2, 0.1, 8, 1],
  ])('%i rows in batches of %i × %i over %f epochs', (rows, size, accumulation, epochs, perEpoch, total) => {
    const plan = createBatches(Array<number>(rows).fill(5), {
      ...config,
      per_device_train_batch_size: size,
      gradient_accumulation_steps: accumulation,
      num_train_epochs: epochs,
    });
    expect([plan.stepsPerEpoch, plan.totalSteps]).toEqual([perEpoch, total]);
  });

  test('max_steps overrides the epochs, and the data repeats', () => {
    const plan = createBatches([1, 2, 3], { ...config, max_steps: 9 });
    expect([plan.stepsPerEpoch, plan.totalSteps]).toEqual([1, 9]);
    for (const step of upTo(9)) expect(ascending(plan.step(step).flat())).toEqual([0, 1, 2]);
  });

  test('no rows, no steps', () => {
    expect(createBatches([], config)).toMatchObject({ stepsPerEpoch: 0, totalSteps: 0, units: 0, maxBatchTokens: 0 });
  });
});

describe('packing', () => {
  test('each row is in one pack, no pack holds more than it may', () => {
    fc.assert(
      fc.property(lengthLists, fc.nat(99), (lengths, seed) => {
        const packs = packRows(lengths, permutation(lengths.length, seed, 0), CUTOFF);
        expect(ascending(packs.flat())).toEqual(upTo(lengths.length));
        const sums = packs.map((pack) => pack.reduce((sum, row) => sum + lengths[row], 0));
        for (const sum of sums) expect(sum).toBeLessThanOrEqual(CUTOFF);
        // best fit leaves no two packs that would fit into one
        const [least = 0, second = CUTOFF] = ascending(sums);
        expect(least + second).toBeGreaterThan(CUTOFF);
        expect(packs).toHaveLength(packRows(lengths, upTo(lengths.length), CUTOFF).length);
      }),
    );
  });

  test('best fit, the longest first', () => {
    expect(packRows([2, 6, 3, 5, 4], upTo(5), 10)).toEqual([
      [1, 4],
      [3, 2, 0],
    ]);
    // first fit in the rows' order takes one pack more
    expect(packRows([2, 6, 3, 5, 4], upTo(5), 10)).not.toHaveLength(3);
  });

  test('wastes little on lengths like a real dataset’s', () => {
    const lengths = upTo(999).map((i) => 40 + (randomBits(1, 0, i) % 300));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const packs = packRows(lengths, upTo(999), 512);
    expect(1 - total / (packs.length * 512)).toBeLessThan(0.03);
  });
});

describe('group_by_length', () => {
  interface Grouped {
    readonly lengths: readonly number[];
    readonly batch: number;
    readonly order: readonly number[];
    readonly grouped: readonly number[];
  }
  const golden = JSON.parse(readFileSync(new URL('golden/rows.json', import.meta.url), 'utf8')) as {
    grouped: readonly Grouped[];
  };

  test.each(golden.grouped)('as transformers groups the same permutation %#', ({ lengths, batch, order, grouped }) => {
    expect(groupByLength(lengths, batch, order)).toEqual(grouped);
    if (lengths.length > 20) expect(groupByLength(lengths, batch + 1, order)).not.toEqual(grouped);
  });
});

describe('the validation split', () => {
  test('every row is on one side, and a seed says on which', () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.oneof(fc.nat(400), fc.double({ min: 0, max: 0.99, noNaN: true })),
        fc.nat(9),
        (rows, size, seed) => {
          const { train, validation } = splitValidation(rows, size, seed);
          expect(ascending([...train, ...validation])).toEqual(upTo(rows));
          expect(splitValidation(rows, size, seed)).toEqual({ train, validation });
          if (rows > 0) expect(train.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('counts and shares', () => {
    const sizes = [0, 2000, 1, 0.05, 0.5, 51_760, 60_000].map(
      (size) => splitValidation(51_760, size, 42).validation.length,
    );
    expect(sizes).toEqual([0, 2000, 1, 2588, 25_880, 0, 0]);
    expect(splitValidation(10, 0.25, 1).validation).toHaveLength(3);
    expect(splitValidation(500, 50, 1).validation).not.toEqual(splitValidation(500, 50, 2).validation);
  });

  test('is read in its order', () => {
    expect(inOrder(5, 2)).toEqual([[0, 1], [2, 3], [4]]);
  });
});

test.each([
  ['seeds', (i: number) => permutation(4, i, 5)],
  ['epochs', (i: number) => permutation(4, 42, i)],
])('every order of four is about equally likely over %s', (_, draw) => {
  const counts = new Map<string, number>();
  for (const i of upTo(24_000)) {
    const order = draw(i).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  // χ² with 23 degrees of freedom: 49.7 is passed once in a thousand
  const chi = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chi).toBeLessThan(49.7);
});
