// What a step takes, by a part of it: against a trainer whose speed is known.
import { expect, test } from 'vitest';
import type { LoraTrainer, MicroBatch } from '../../model/lora-types';
import { joined, sequence } from '../../training/testing/toy-data';
import { toyTrainer } from '../../training/testing/toy-trainer';
import { type PassWatch, timeStep } from './measure';

/** Rows of so many tokens each as a micro-batch. */
const batch = (...lengths: number[]) =>
  joined(lengths.map((length, row) => sequence(Array<number>(length).fill(1), row)));

/** A trainer that takes so many milliseconds a token, in slices of a token, after compiling for `compile`. */
function clocked(perToken: number, compile = 0) {
  const clock = { now: 0 };
  const watch: PassWatch = { onSlice: () => {} };
  const passes: number[] = [];
  const trainer: LoraTrainer = {
    ...toyTrainer(),
    async accumulate({ ids }: MicroBatch) {
      passes.push(ids.length);
      if (passes.length === 1) clock.now += compile;
      for (let t = 0; t < ids.length; t++) {
        watch.onSlice(t / ids.length);
        clock.now += perToken;
      }
    },
  };
  return {
    clock,
    passes,
    time: (batches: MicroBatch[], tell?: (share: number) => void) =>
      timeStep(trainer, batches, watch, tell, () => clock.now),
  };
}

test('a quick step is taken whole, after its shortest row has compiled the kernels', async () => {
  const { time, passes } = clocked(1, 5000);
  expect(await time([batch(30, 10), batch(40, 20)])).toBeCloseTo(0.1, 12);
  expect(passes).toEqual([10, 40, 60]);
});

test('a slow one only as far as is needed: seconds of work, and the same result', async () => {
  const { time, clock } = clocked(100);
  const shares: number[] = [];
  expect(await time([batch(400, 5), batch(400), batch(400)], (share) => shares.push(share))).toBeCloseTo(120.5, 9);
  // the row before it, and two seconds
  expect(clock.now).toBeLessThan(500 + 2500);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
});

test('one that is slower still ends after ten seconds', async () => {
  const { time, clock } = clocked(1500);
  expect(await time([batch(1000, 2)])).toBeCloseTo(1503, 9);
  expect(clock.now).toBeLessThan(3000 + 12_001);
});

test('what goes wrong is told', async () => {
  const broken = { ...toyTrainer(), accumulate: () => Promise.reject(new Error('The device was lost.')) };
  await expect(timeStep(broken, [batch(3)], { onSlice: () => {} })).rejects.toThrow('lost');
});
