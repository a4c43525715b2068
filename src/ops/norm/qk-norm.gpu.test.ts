// The norm of q's and k's heads and its gradient in both forms against float64, at odd shapes.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Kernel } from '../../gpu/kernel';
import type { KernelTarget } from '../tuning';
import { qkNorm, qkNormBackward } from './qk-norm';
import { altered, nowhere, joined, random, relative, run, TARGETS, workOf } from '../testing/run';

const SHAPES = [
  { heads: 6, kvHeads: 2, headDim: 20, tokens: 1 },
  { heads: 3, kvHeads: 1, headDim: 100, tokens: 37 },
  { heads: 16, kvHeads: 8, headDim: 128, tokens: 3 },
];
const EPSILON = 0.1;

const [{ device }] = await testDevices();

const given = ({ heads, kvHeads, headDim, tokens }: (typeof SHAPES)[number]) => {
  const size = tokens * (heads + 2 * kvHeads) * headDim;
  return { qkv: random(size, 1), gains: random(2 * headDim, 2), d_qkv: random(size, 3), size };
};

/** Runs one direction; what stands beyond the batch must stay as it is. */
async function compute(
  shape: (typeof SHAPES)[number],
  target: KernelTarget,
  backward: boolean,
  change = (kernel: Kernel) => kernel,
) {
  const { heads, kvHeads, headDim, tokens } = shape;
  const { qkv, gains, d_qkv, size } = given(shape);
  const output = backward ? 'd_qkv' : 'out';
  const beyond = nowhere((heads + 2 * kvHeads) * headDim);
  const { kernel, work } = workOf(backward ? qkNormBackward : qkNorm, {}, target, {
    bind: { qkv: joined(qkv, beyond), gains, [output]: joined(backward ? d_qkv : new Float32Array(size), beyond) },
    params: { heads, kv_heads: kvHeads, quads: headDim / 4, epsilon: EPSILON },
    dealt: tokens + 1,
    count: tokens,
  });
  const all = new Float32Array((await run(device, change(kernel), work, [output]))[output]!);
  expect(all.subarray(size).every(Number.isNaN)).toBe(true);
  return all.subarray(0, size);
}

describe.each(Object.entries(TARGETS))('%s form', (_, target) => {
  test.each(SHAPES)('$heads/$kvHeads heads of $headDim, $tokens tokens', async (shape) => {
    const { qkv, gains, d_qkv } = given(shape);
    const options = { ...shape, epsilon: EPSILON };
    const expected = qkNorm.reference(qkv, gains, options);
    expect(relative(await compute(shape, target, false), expected)).toBeLessThan(1e-6);
    const gradient = qkNormBackward.reference(qkv, gains, d_qkv, options);
    expect(relative(await compute(shape, target, true), gradient)).toBeLessThan(1e-6);
    // not normalized
    expect(relative(qkv, expected)).toBeGreaterThan(0.1);
    expect(relative(d_qkv, gradient)).toBeGreaterThan(0.1);
  });
});

test('what is wrong shows', async () => {
  const shape = SHAPES[1];
  const { qkv, gains, d_qkv } = given(shape);
  const options = { ...shape, epsilon: EPSILON };
  const off = async (backward: boolean, from: string, to: string) =>
    relative(
      await compute(shape, TARGETS.software, backward, (kernel) => altered(kernel, from, to)),
      backward ? qkNormBackward.reference(qkv, gains, d_qkv, options) : qkNorm.reference(qkv, gains, options),
    );
  expect(await off(false, ' + params.epsilon', '')).toBeGreaterThan(1e-2);
  expect(await off(false, 'select(params.quads, 0u, ', 'select(0u, params.quads, ')).toBeGreaterThan(0.1);
  expect(await off(false, 'head < params.heads + params.kv_heads)', 'true)')).toBeGreaterThan(0.1);
  expect(await off(true, ' - n * mean', '')).toBeGreaterThan(1e-3);
  expect(await off(true, 'select(params.quads, 0u, ', 'select(0u, params.quads, ')).toBeGreaterThan(0.1);
});
