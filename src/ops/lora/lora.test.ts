// The references of a linear map with a LoRA against central differences of y = W·x + scale · B·A·mask(x).
import { describe, expect, test } from 'vitest';
import { loraDown, loraParams, loraUp } from './lora';
import { loraInputBackward, loraOutputBackward } from './lora-backward';
import type { Dropout } from './lora-reference';
import { type LoraShape, stackedRows } from './shape';
import { linear, linearBackward } from '../matmul/linear';
import { packPlaces } from '../attention/places';
import { differences, random, relative } from '../testing/numbers';

const TOKENS = 4;
/** q, k and v, of which q and v are adapted. */
const SHAPE: LoraShape = {
  columns: 12,
  rank: 3,
  stride: 14,
  scale: 0.7,
  keep: 0.6,
  maps: [
    { first: 0, rows: 5, module: 0 },
    { first: 9, rows: 4, module: 2 },
  ],
};
const { columns, stride: rows } = SHAPE;
const DROPOUT: Dropout = {
  noise: [11, 3],
  // two sequences of two tokens
  places: packPlaces({ positions: Uint32Array.of(0, 1, 0, 1), rows: Uint32Array.of(17, 17, 5, 5) }),
};
const float64 = (count: number, seed: number) => Float64Array.from(random(count, seed));

/** A point at which the loss has gradients: x, A and B. */
const point = () => ({
  x: float64(TOKENS * columns, 1),
  a: float64(SHAPE.maps.length * SHAPE.rank * columns, 2),
  b: float64(stackedRows(SHAPE) * SHAPE.rank, 3),
});
type Point = ReturnType<typeof point>;
const w = float64(rows * columns, 4);
const c = float64(TOKENS * rows, 5);

function forward({ x, a, b }: Point, dropout?: Dropout) {
  const u = loraDown.reference(SHAPE, x, a, TOKENS, dropout);
  const update = loraUp.reference(SHAPE, u, b, TOKENS);
  return { u, y: linear.reference(w, x, { rows, columns, tokens: TOKENS }).map((value, i) => value + update[i]) };
}

/** Not linear, so that gradients depend on where they are taken: Σ c·y + y³/3 */
const loss = (at: Point, dropout?: Dropout) =>
  forward(at, dropout).y.reduce((sum, y, i) => sum + c[i] * y + y ** 3 / 3, 0);

/** Gradients by the backward references, of a shape that a control may have got wrong. */
function gradients(at: Point, shape: LoraShape, dropout?: Dropout): Point {
  const { u, y } = forward(at, dropout);
  const dy = y.map((value, i) => c[i] + value ** 2);
  const { v, db } = loraOutputBackward.reference(shape, dy, at.b, u, TOKENS);
  const { da, dx } = loraInputBackward.reference(shape, at.x, v, at.a, TOKENS, dropout);
  return {
    x: linearBackward.reference(w, dy, { rows, columns, tokens: TOKENS }).map((value, i) => value + dx[i]),
    a: da,
    b: db,
  };
}

describe.each([
  ['with dropout', DROPOUT],
  ['without dropout', undefined],
])('a linear map with a LoRA, %s', (_, dropout) => {
  const at = point();
  const numerical = (name: keyof Point) => differences((value) => loss({ ...at, [name]: value }, dropout), at[name]);
  test.each(['x', 'a', 'b'] as const)('gradient of %s', (name) => {
    const expected = numerical(name);
    const off = (shape: LoraShape, noise = dropout) => relative(gradients(at, shape, noise)[name], expected);
    expect(off(SHAPE)).toBeLessThan(1e-6);

    const scaleDropped = { ...SHAPE, scale: 1 };
    const flipped = { ...SHAPE, scale: -SHAPE.scale };
    const shifted = { ...SHAPE, maps: SHAPE.maps.map((map, s) => ({ ...map, first: map.first - s })) };
    for (const wrong of [scaleDropped, flipped, shifted]) expect(off(wrong)).toBeGreaterThan(1e-2);
    if (!dropout) return;
    const oneMask = { ...SHAPE, maps: SHAPE.maps.map((map) => ({ ...map, module: 0 })) };
    // B's gradient meets masks in the forward pass only
    if (name !== 'b') expect(off(oneMask)).toBeGreaterThan(1e-2);
  });

  test('gradients without the forward pass’s masks', () => {
    if (!dropout) return;
    for (const name of ['x', 'a', 'b'] as const) {
      expect(relative(gradients(at, SHAPE)[name], numerical(name))).toBeGreaterThan(1e-2);
    }
  });
});

test('parameters say where each map begins', () => {
  expect(loraParams(SHAPE)).toEqual({
    columns: 12,
    rank: 3,
    maps: 2,
    stride: 14,
    scale: 0.7,
    keep: 0.6,
    epsilon: 0,
    first: [0, 9, 0, 0],
    begin: [0, 5, 9, 9],
    modules: [0, 2, 0, 0],
  });
});
