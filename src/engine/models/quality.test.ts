import { expect, test } from 'vitest';
import { negativeLogLikelihood } from './quality';

test('of equal logits, every token is as likely as any', () => {
  expect(negativeLogLikelihood(new Float32Array(512).fill(-3), 7)).toBeCloseTo(Math.log(512), 12);
});

test('logits of any size neither overflow nor vanish', () => {
  const logits = Float32Array.of(1000, 1000 - Math.log(3), -1000);
  expect(negativeLogLikelihood(logits, 0)).toBeCloseTo(Math.log(4 / 3), 4);
  expect(negativeLogLikelihood(logits, 1)).toBeCloseTo(Math.log(4), 4);
  expect(negativeLogLikelihood(logits, 2)).toBeCloseTo(2000 + Math.log(4 / 3), 2);
});
