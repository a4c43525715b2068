// The float64 gradient of f(gate) · up against central differences.
import { expect, test } from 'vitest';
import { ACTIVATIONS } from '../activation';
import { glu, gluBackward } from './glu';
import { differences, dot, random, relative } from '../testing/numbers';

const [HALF, TOKENS] = [6, 3];
const gateUp = random(2 * HALF * TOKENS, 1).map((x) => 4 * x);
const dHidden = random(HALF * TOKENS, 2);

test.each(ACTIVATIONS)('the gradient with %s is what central differences say', (activation) => {
  const numeric = differences((x) => dot(glu.reference(x, HALF, activation), dHidden), gateUp);
  expect(relative(gluBackward.reference(gateUp, dHidden, HALF, activation), numeric)).toBeLessThan(1e-8);
  // gate's sign
  const flipped = gluBackward.reference(
    gateUp.map((x) => -x),
    dHidden,
    HALF,
    activation,
  );
  expect(relative(flipped, numeric)).toBeGreaterThan(0.1);
  // the other function
  const other = activation === 'silu' ? 'gelu_tanh' : 'silu';
  expect(relative(gluBackward.reference(gateUp, dHidden, HALF, other), numeric)).toBeGreaterThan(1e-2);
});
