// The gradient's norm, its clipping and the finding of what is not finite, in both forms, against float64.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Grid, Kernel } from '../../gpu/kernel';
import type { KernelTarget } from '../tuning';
import { packOptimizerStep } from './adamw';
import { gradientNorm, gradientPartials, gradientScale } from './gradient-norm';
import { folded } from '../rows';
import { REPORT } from '../loss/sum-losses';
import { altered, cheapPipelines, joined, nowhere, random, run, sameBits, TARGETS, workOf } from '../testing/run';

const [tested] = await testDevices();
const { device } = tested!;
const UNTOUCHED = -5;
/** Place of the first partial sum, behind those of other buffers. */
const FIRST = 3;
const SIZES = [1, 37, 4096, 4097, 300_001];

type Change = (kernel: Kernel) => Kernel;
const none: Change = (kernel) => kernel;

/** Partial sums of a buffer that has not-a-numbers behind it. */
async function partialsOf(gradient: Float32Array, target: KernelTarget, change = none, grid?: Grid) {
  const count = gradientPartials(gradient.length);
  const { kernel, work } = workOf(gradientNorm, {}, target, {
    bind: {
      gradient: joined(gradient, nowhere(9)),
      partials: new Float32Array(FIRST + count + 2).fill(UNTOUCHED),
    },
    params: { count: gradient.length, first: FIRST },
    count: 1,
  });
  const { partials } = await run(device, change(kernel), { ...work, grid: grid ?? work.grid }, ['partials']);
  const all = new Float32Array(partials);
  expect([...all.subarray(0, FIRST), ...all.subarray(FIRST + count)]).toEqual(Array<number>(5).fill(UNTOUCHED));
  return all.slice(FIRST, FIRST + count);
}

/** What the report becomes; its loss is 7. */
async function reportOf(partials: Float32Array, maxGradNorm: number, target: KernelTarget, change = none) {
  const rates = { learningRate: 1, ratio: 1, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const { kernel, work } = workOf(gradientScale, {}, target, {
    bind: {
      partials: joined(partials, nowhere(5)),
      optimizer: new Float32Array(packOptimizerStep({ ...rates, count: 1, maxGradNorm })),
      report: Float32Array.of(7, UNTOUCHED, UNTOUCHED, UNTOUCHED),
    },
    params: { count: partials.length },
    count: 1,
  });
  const { report } = await run(device, change(kernel), work, ['report']);
  return [...new Float32Array(report)];
}

const SKIPPED = [7, Infinity, 0, 0];

describe.each(Object.entries(TARGETS))('%s form', (form, target) => {
  for (const size of SIZES) {
    test(`the norm of ${size} elements, and what clips it`, async () => {
      const gradient = random(size, size);
      const expected = gradientNorm.reference(gradient);
      const partials = await partialsOf(gradient, target);
      expected.forEach((sum, i) => expect(Math.abs(partials[i] / sum - 1)).toBeLessThan(1e-6));
      expect(sameBits(await partialsOf(gradient, target), partials)).toBe(true);
      for (const limit of [0, 0.01, 1e6]) {
        const { norm, factor } = gradientScale.reference(expected, limit);
        const report = await reportOf(partials, limit, target);
        expect(report[REPORT.loss]).toBe(7);
        expect(Math.abs(report[REPORT.norm] / norm - 1)).toBeLessThan(1e-6);
        expect(Math.abs(report[REPORT.factor] / factor - 1)).toBeLessThan(1e-6);
        expect(report[REPORT.finite]).toBe(1);
      }
      // only what is clipped is scaled
      expect((await reportOf(partials, 1e6, target))[REPORT.factor]).toBe(1);
    });
  }

  test('a sum of very many partial sums, of sizes far apart', async () => {
    const partials = random(70_001).map((x, i) => Math.abs(x) * 10 ** ((i % 9) - 4));
    const [, norm] = await reportOf(partials, 0, target);
    expect(Math.abs(norm! / gradientScale.reference(partials, 0).norm - 1)).toBeLessThan(1e-6);
  });

  test('a grid of two dimensions, as for more workgroups than one takes', async () => {
    const gradient = random(50_000);
    const right = await partialsOf(gradient, target);
    expect(sameBits(await partialsOf(gradient, target, none, [8, 2]), right)).toBe(true);
  });

  for (const bad of [NaN, Infinity, -Infinity]) {
    test(`${bad} anywhere skips the step`, async () => {
      for (const at of [0, 4095, 4096, 9000]) {
        const gradient = random(9001);
        gradient[at] = bad;
        const partials = await partialsOf(gradient, target);
        expect([...partials].map(Number.isFinite)).toEqual([0, 1, 2].map((i) => i !== Math.floor(at / 4096)));
        expect(await reportOf(partials, 1, target)).toEqual(SKIPPED);
      }
    });
  }

  test('not-a-numbers of other bits, and squares that no f32 holds', async () => {
    const gradient = random(100);
    new Uint32Array(gradient.buffer)[50] = 0xff800001;
    expect(await reportOf(await partialsOf(gradient, target), 1, target)).toEqual(SKIPPED);
    expect(await reportOf(await partialsOf(Float32Array.of(1, 3e30), target), 1, target)).toEqual(SKIPPED);
    // finite each, and not together
    expect(await reportOf(new Float32Array(300).fill(3e38), 1, target)).toEqual(SKIPPED);
    const [, norm, , finite] = await reportOf(await partialsOf(Float32Array.of(1e18, 0), target), 1, target);
    expect([Math.abs(norm! / 1e18 - 1) < 1e-6, finite]).toEqual([true, 1]);
  });

  test.runIf(form === 'software' || cheapPipelines(tested!))(
    'what is wrong shows (skipped where pipelines take long)',
    async () => {
      const gradient = random(5000);
      const { norm, factor } = gradientScale.reference(gradientNorm.reference(gradient), 1);
      const off = (report: number[]) => Math.max(Math.abs(report[1] / norm - 1), Math.abs(report[2] / factor - 1));
      const partials = await partialsOf(gradient, target);
      const wrong = async (from: string, to: string) =>
        off(await reportOf(partials, 1, target, (kernel) => altered(kernel, from, to)));
      expect(off(await reportOf(partials, 1, target))).toBeLessThan(1e-6);
      expect(await wrong('sqrt(squares)', 'squares')).toBeGreaterThan(0.1);
      expect(await wrong('min(1.0, optimizer.max_norm', 'max(1.0, optimizer.max_norm')).toBeGreaterThan(0.1);
      const plain = (kernel: Kernel) =>
        altered(kernel, 'bitcast<f32>(bits) * bitcast<f32>(bits)', 'abs(bitcast<f32>(bits))');
      expect(off(await reportOf(await partialsOf(gradient, target, plain), 1, target))).toBeGreaterThan(0.1);
      // without a look at the bits a step is taken with what is not finite
      const blind = (kernel: Kernel) => altered(kernel, '(bits & INFINITY) != INFINITY', 'true');
      expect(await reportOf(Float32Array.of(1, NaN), 1, target, blind)).not.toEqual(SKIPPED);
    },
  );
});

test('a grid has no dimension that is too large, and enough workgroups', () => {
  expect(folded(65_535)).toEqual([65_535, 1]);
  for (const count of [65_536, 131_071, 3e6 + 1]) {
    const [x, y] = folded(count);
    expect(x).toBeLessThanOrEqual(65_535);
    expect(x * y!).toBeGreaterThanOrEqual(count);
    expect(x * y!).toBeLessThan(count + y!);
  }
});
