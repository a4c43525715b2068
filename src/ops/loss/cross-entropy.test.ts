// The loss in float64: its gradient against central differences, and what is known of it without computing.
import { expect, test } from 'vitest';
import { crossEntropy } from './cross-entropy';
import { sumLosses } from './sum-losses';
import { differences, random, relative } from '../testing/numbers';

const WIDTH = 11;
const targets = [3, 0, 10];
const logits = random(WIDTH * targets.length, 1).map((x) => 5 * x);

test('the gradient is what central differences say of the weighted sum', () => {
  const weight = 0.3;
  const loss = (z: Float64Array) => sumLosses.reference(crossEntropy.reference(z, targets, 1).losses, weight, 2);
  const numeric = differences(loss, logits);
  const { gradient } = crossEntropy.reference(logits, targets, weight);
  expect(relative(gradient, numeric)).toBeLessThan(1e-8);
  // without the one of the target, and of other targets
  const softmax = gradient.map((g, i) => g + weight * Number(i % WIDTH === targets[Math.floor(i / WIDTH)]));
  expect(relative(softmax, numeric)).toBeGreaterThan(0.1);
  expect(relative(crossEntropy.reference(logits, [4, 0, 10], weight).gradient, numeric)).toBeGreaterThan(0.1);
});

test('equal logits lose log V; what is certain loses nothing; large logits are numbers', () => {
  const { losses } = crossEntropy.reference([...Array<number>(4).fill(7), 1e4, 0, -1e4, 0], [2, 0], 1);
  expect(losses[0]).toBeCloseTo(Math.log(4), 14);
  expect(losses[1]).toBe(0);
  expect(crossEntropy.reference([1e4, -1e4], [1], 1).losses[0]).toBe(2e4);
});
