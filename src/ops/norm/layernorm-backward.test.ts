// LayerNorm's float64 gradient against central differences.
import { expect, test } from 'vitest';
import { layernorm, layernormBackward } from './layernorm';
import { differences, dot, random, relative } from '../testing/numbers';

const [COLUMNS, TOKENS] = [12, 4];
const [x, gain, shift] = [random(TOKENS * COLUMNS, 1), random(COLUMNS, 2), random(COLUMNS, 6)];

test.each([[undefined], [[3, 0]]])('its gradient is what central differences say (picked: %j)', (picked) => {
  const shape = { columns: COLUMNS, epsilon: 1e-2, ...(picked && { picked }) };
  const dy = random((picked?.length ?? TOKENS) * COLUMNS, 3);
  const before = random(x.length, 4);
  const numeric = differences((at) => dot(layernorm.reference(at, gain, shift, shape), dy), x);
  const dx = layernormBackward.reference(x, gain, dy, before, shape);
  expect(
    relative(
      dx.map((value, i) => value - before[i]),
      numeric,
    ),
  ).toBeLessThan(1e-8);
  const zero = new Float64Array(x.length);
  const backward = (change: object, by = gain) => layernormBackward.reference(x, by, dy, zero, { ...shape, ...change });
  for (const wrong of [backward({ epsilon: 0 }), backward({}, random(COLUMNS, 5))]) {
    expect(relative(wrong, numeric)).toBeGreaterThan(1e-3);
  }
});

test('rows have mean 0 and deviation 1 before gain and shift, and a constant added to x changes nothing', () => {
  const shape = { columns: COLUMNS, epsilon: 0 };
  const [one, none] = [new Float64Array(COLUMNS).fill(1), new Float64Array(COLUMNS)];
  const y = layernorm.reference(x, one, none, shape);
  const row = y.subarray(0, COLUMNS);
  expect(Math.abs(dot(row, one))).toBeLessThan(1e-12);
  expect(dot(row, row)).toBeCloseTo(COLUMNS, 9);
  const moved = Float64Array.from(x, (value) => value + 3);
  expect(relative(layernorm.reference(moved, one, none, shape), y)).toBeLessThan(1e-12);
});
