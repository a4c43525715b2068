// The float64 gradient of silu(gate) · up against central differences.
import { expect, test } from 'vitest';
import { swigluBackward } from './swiglu';
import { differences, dot, random, relative } from '../testing/numbers';

const [HALF, TOKENS] = [6, 3];
const gateUp = random(2 * HALF * TOKENS, 1).map((x) => 4 * x);
const dHidden = random(HALF * TOKENS, 2);

const swiglu = (x: Float64Array) =>
  Float64Array.from({ length: HALF * TOKENS }, (_, i) => {
    const at = Math.floor(i / HALF) * HALF + i;
    return (x[at] / (1 + Math.exp(-x[at]))) * x[at + HALF];
  });

test('the gradient is what central differences say', () => {
  const numeric = differences((x) => dot(swiglu(x), dHidden), gateUp);
  expect(relative(swigluBackward.reference(gateUp, dHidden, HALF), numeric)).toBeLessThan(1e-8);
  // gate's sign
  const flipped = swigluBackward.reference(
    gateUp.map((x) => -x),
    dHidden,
    HALF,
  );
  expect(relative(flipped, numeric)).toBeGreaterThan(0.1);
});
