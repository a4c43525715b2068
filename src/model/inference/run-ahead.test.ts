import { expect, test } from 'vitest';
import { RunAhead } from './run-ahead';

/** The size that is settled on where a batch of n tokens takes `time(n)`. */
function settled(time: (tokens: number, batch: number) => number): number {
  const ahead = new RunAhead(32);
  for (let batch = 0; batch < 200; batch++) ahead.note(ahead.size, time(ahead.size, batch));
  return ahead.size;
}

test('a device that is busy with the token gets one at a time', () => {
  expect(settled((tokens) => 50 * tokens)).toBe(1);
  expect(settled((tokens, batch) => 50 * tokens + (batch % 3))).toBe(1);
});

test('a read-back that takes 100 ms is filled with work', () => {
  expect(settled((tokens) => Math.max(100, 8 * tokens))).toBe(16);
  // two answers in one tick
  expect(settled((tokens, batch) => (batch % 2 ? 0 : 2 * Math.max(100, 8 * tokens)))).toBe(16);
  expect(settled((tokens) => Math.max(100, tokens))).toBe(32);
});

test('batches of another size say nothing', () => {
  const ahead = new RunAhead(32);
  for (let i = 0; i < 100; i++) ahead.note(3, 1);
  expect(ahead.size).toBe(1);
});
