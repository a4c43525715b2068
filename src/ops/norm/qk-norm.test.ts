// The float64 gradient of the norm of q's and k's heads against central differences.
import { expect, test } from 'vitest';
import { qkNorm, qkNormBackward } from './qk-norm';
import { differences, dot, random, relative } from '../testing/numbers';

const shape = { heads: 3, kvHeads: 1, headDim: 4, epsilon: 1e-2 };
const size = 2 * (3 + 2) * 4;
const [qkv, gains, dOut] = [random(size, 1), random(8, 2), random(size, 3)];

test('the gradient is what central differences say', () => {
  const numeric = differences((x) => dot(qkNorm.reference(x, gains, shape), dOut), qkv);
  expect(relative(qkNormBackward.reference(qkv, gains, dOut, shape), numeric)).toBeLessThan(1e-8);
  // v's passes through
  expect([...numeric.subarray(16, 20)].map((each, i) => Math.abs(each - dOut[16 + i]) < 1e-8)).not.toContain(false);
  // with the gains of the other, without epsilon, and as if nothing were normalized
  const exchanged = Float32Array.of(...gains.subarray(4), ...gains.subarray(0, 4));
  expect(relative(qkNormBackward.reference(qkv, exchanged, dOut, shape), numeric)).toBeGreaterThan(1e-2);
  const without = qkNormBackward.reference(qkv, gains, dOut, { ...shape, epsilon: 0 });
  expect(relative(without, numeric)).toBeGreaterThan(1e-3);
  expect(relative(dOut, numeric)).toBeGreaterThan(1e-2);
});
