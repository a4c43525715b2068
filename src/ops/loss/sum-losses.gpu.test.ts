// The batch's loss in the report, in both forms, against float64.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Kernel } from '../../gpu/kernel';
import { sumLosses } from './sum-losses';
import { altered, joined, nowhere, random, run, TARGETS } from '../testing/run';

const { device } = (await testDevices())[0];
const WEIGHT = 0.03;
const BEFORE = 2.5;

/** The report after `times` batches of these losses. */
async function reportOf(losses: Float32Array, kernel: Kernel, times = 1): Promise<number[]> {
  const { report } = await run(
    device,
    kernel,
    {
      bind: {
        weight: Float32Array.of(WEIGHT),
        loss: joined(losses, nowhere(7)),
        report: Float32Array.of(BEFORE, 1, 2, 3),
      },
      grid: [1],
      times,
      count: losses.length,
    },
    ['report'],
  );
  return [...new Float32Array(report)];
}

const lossesOf = (count: number) => random(count, 3).map((x) => 4 * Math.abs(x));

test.each(Object.entries(TARGETS))('losses are added up, weighted (%s form)', async (_, target) => {
  const kernel = sumLosses.kernel({}, target);
  for (const count of [1, 5, 257, 70_001]) {
    const losses = lossesOf(count);
    const [loss, ...rest] = await reportOf(losses, kernel);
    expect(Math.abs(loss! / sumLosses.reference(losses, WEIGHT, BEFORE) - 1)).toBeLessThan(1e-6);
    expect(rest).toEqual([1, 2, 3]);
    expect((await reportOf(losses, kernel))[0]).toBe(loss);
  }
  expect((await reportOf(new Float32Array(0), kernel))[0]).toBe(BEFORE);
  const losses = lossesOf(257);
  const twice = sumLosses.reference(losses, WEIGHT, sumLosses.reference(losses, WEIGHT, BEFORE));
  expect(Math.abs((await reportOf(losses, kernel, 2))[0] / twice - 1)).toBeLessThan(1e-6);
  // without the weight, or without what was there
  for (const [from, to] of [
    ['weight[0] * ', ''],
    ['+= weight[0]', '= weight[0]'],
  ] as const) {
    const [loss] = await reportOf(losses, altered(kernel, from, to));
    expect(Math.abs(loss! / sumLosses.reference(losses, WEIGHT, BEFORE) - 1)).toBeGreaterThan(0.01);
  }
});
