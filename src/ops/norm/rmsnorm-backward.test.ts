// The norm's float64 gradient against central differences.
import { describe, expect, test } from 'vitest';
import type { NormShape } from './norm-kernel';
import { rmsnorm, rmsnormBackward } from './rmsnorm';
import { differences, dot, random, relative } from '../testing/numbers';

const [COLUMNS, TOKENS] = [12, 4];
const [x, gain] = [random(TOKENS * COLUMNS, 1), random(COLUMNS, 2)];

/** The gradient as it would be if 1 / rms were a constant. */
function meanless(dy: ArrayLike<number>, shape: NormShape): Float64Array {
  const normed = rmsnorm.reference(x, gain, { ...shape, picked: Array.from({ length: TOKENS }, (_, t) => t) });
  const dx = new Float64Array(x.length);
  for (let i = 0; i < dy.length; i++) {
    const row = Math.floor(i / COLUMNS);
    const at = (shape.picked?.[row] ?? row) * COLUMNS + (i % COLUMNS);
    dx[at] = (dy[i] * normed[at]) / x[at];
  }
  return dx;
}

describe.each([
  ['every token', undefined],
  ['tokens that a list names, out of order', [3, 0]],
] as const)('rmsnorm of %s', (_, picked) => {
  const shape = { columns: COLUMNS, epsilon: 1e-2, ...(picked && { picked }) };
  const dy = random((picked?.length ?? TOKENS) * COLUMNS, 3);
  const before = random(x.length, 4);
  const numeric = differences((at) => dot(rmsnorm.reference(at, gain, shape), dy), x);

  test('its gradient is what central differences say, added to what was there', () => {
    const dx = rmsnormBackward.reference(x, gain, dy, before, shape);
    expect(
      relative(
        dx.map((value, i) => value - before[i]),
        numeric,
      ),
    ).toBeLessThan(1e-8);
    const zero = new Float64Array(x.length);
    const backward = (change: Partial<typeof shape>, by = gain) =>
      rmsnormBackward.reference(x, by, dy, zero, { ...shape, ...change });
    const wrong = [backward({ epsilon: 0 }), backward({}, random(COLUMNS, 5)), meanless(dy, shape)];
    for (const each of wrong) expect(relative(each, numeric)).toBeGreaterThan(1e-3);
  });
});

test('a mean-free gradient is orthogonal to x: scaling x changes nothing where epsilon is 0', () => {
  const shape = { columns: COLUMNS, epsilon: 0 };
  const dx = rmsnormBackward.reference(x, gain, random(x.length, 3), new Float64Array(x.length), shape);
  for (let t = 0; t < TOKENS; t++) {
    const row = [t * COLUMNS, (t + 1) * COLUMNS] as const;
    expect(Math.abs(dot(x.subarray(...row), dx.subarray(...row)))).toBeLessThan(1e-12);
  }
});
