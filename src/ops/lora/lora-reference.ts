// The kernels of lora.ts and lora-backward.ts as plain loops in float64. Sums that a kernel adds to its output are returned alone.
import type { Activation } from '../../core/model-config';
import { glu } from '../glu/glu';
import { dropoutMask } from './dropout';
import { type LoraShape, stackedRows } from './shape';

/** Seeds of dropout masks: `noise` as in the shaders, and (position, start, end, row) of each token. */
export interface Dropout {
  readonly noise: ArrayLike<number>;
  readonly places: ArrayLike<number>;
}

type Values = ArrayLike<number>;

/** Each stacked row i of B: of which map it is, and its element in a row of the group's output. */
function* outputs({ maps }: LoraShape): Generator<{ i: number; map: number; out: number }> {
  let i = 0;
  for (const [map, { first, rows }] of maps.entries()) {
    for (let row = 0; row < rows; row++) yield { i: i++, map, out: first + row };
  }
}

/** Factors of each map's inputs by dropout: [maps][T][K] */
function masks({ maps, columns, keep }: LoraShape, tokens: number, dropout?: Dropout): Values[][] {
  return maps.map(({ module }) =>
    Array.from({ length: tokens }, (_, t) => {
      if (!dropout) return new Float64Array(columns).fill(1);
      const [seed, step] = [dropout.noise[0], dropout.noise[1]];
      const [position, row] = [dropout.places[4 * t], dropout.places[4 * t + 3]];
      return dropoutMask({ seed, step, row, position, module }, columns, keep);
    }),
  );
}

/** u [T, J] of x [T, K] and a [J, K] */
export function downReference(shape: LoraShape, x: Values, a: Values, tokens: number, dropout?: Dropout) {
  const { columns, rank, maps } = shape;
  const width = maps.length * rank;
  const mask = masks(shape, tokens, dropout);
  const u = new Float64Array(tokens * width);
  for (let t = 0; t < tokens; t++) {
    for (let j = 0; j < width; j++) {
      const own = mask[Math.floor(j / rank)][t];
      for (let k = 0; k < columns; k++) u[t * width + j] += own[k] * x[t * columns + k] * a[j * columns + k];
    }
  }
  return u;
}

/** The update of y [T, stride]: scale · B · u, of u [T, J] and b [M, R] */
export function upReference(shape: LoraShape, u: Values, b: Values, tokens: number) {
  const { rank, maps, stride, scale } = shape;
  const y = new Float64Array(tokens * stride);
  for (let t = 0; t < tokens; t++) {
    for (const { i, map, out } of outputs(shape)) {
      const from = (t * maps.length + map) * rank;
      for (let r = 0; r < rank; r++) y[t * stride + out] += scale * b[i * rank + r] * u[from + r];
    }
  }
  return y;
}

/** v [T, J], the gradient of u, of dy [T, stride] and b [M, R] */
function upBackwardReference(shape: LoraShape, dy: Values, b: Values, tokens: number) {
  const { rank, maps, stride, scale } = shape;
  const v = new Float64Array(tokens * maps.length * rank);
  for (let t = 0; t < tokens; t++) {
    for (const { i, map, out } of outputs(shape)) {
      const to = (t * maps.length + map) * rank;
      for (let r = 0; r < rank; r++) v[to + r] += scale * dy[t * stride + out] * b[i * rank + r];
    }
  }
  return v;
}

/** The gradient of B [M, R]: scale · dyᵀ · u, of dy [T, stride] and u [T, J] */
function bGradientReference(shape: LoraShape, dy: Values, u: Values, tokens: number) {
  const { rank, maps, stride, scale } = shape;
  const db = new Float64Array(stackedRows(shape) * rank);
  for (let t = 0; t < tokens; t++) {
    for (const { i, map, out } of outputs(shape)) {
      const from = (t * maps.length + map) * rank;
      for (let r = 0; r < rank; r++) db[i * rank + r] += scale * dy[t * stride + out] * u[from + r];
    }
  }
  return db;
}

/** The gradient of A [J, K]: vᵀ · mask(x), of x [T, K] and v [T, J] */
function aGradientReference(shape: LoraShape, x: Values, v: Values, tokens: number, dropout?: Dropout) {
  const { columns, rank, maps } = shape;
  const width = maps.length * rank;
  const mask = masks(shape, tokens, dropout);
  const da = new Float64Array(width * columns);
  for (let t = 0; t < tokens; t++) {
    for (let j = 0; j < width; j++) {
      const own = mask[Math.floor(j / rank)][t];
      for (let k = 0; k < columns; k++) da[j * columns + k] += v[t * width + j] * own[k] * x[t * columns + k];
    }
  }
  return da;
}

/** The gradient of x [T, K]: mask(Aᵀ · v), of v [T, J] and a [J, K] */
function downBackwardReference(shape: LoraShape, v: Values, a: Values, tokens: number, dropout?: Dropout) {
  const { columns, rank, maps } = shape;
  const width = maps.length * rank;
  const mask = masks(shape, tokens, dropout);
  const dx = new Float64Array(tokens * columns);
  for (let t = 0; t < tokens; t++) {
    for (let j = 0; j < width; j++) {
      const own = mask[Math.floor(j / rank)][t];
      for (let k = 0; k < columns; k++) dx[t * columns + k] += own[k] * v[t * width + j] * a[j * columns + k];
    }
  }
  return dx;
}

/** gate|up [T, 2F] with the update, and f(gate) · up [T, F] */
export function upGluReference(
  shape: LoraShape,
  u: Values,
  b: Values,
  gateUp: Values,
  tokens: number,
  activation?: Activation,
) {
  const update = upReference(shape, u, b, tokens);
  const all = update.map((value, i) => value + gateUp[i]);
  return { gateUp: all, hidden: glu.reference(all, shape.stride / 2, activation) };
}

/** The gradients of u, v [T, J], and of B [M, R], from dy [T, stride] */
export function outputBackwardReference(shape: LoraShape, dy: Values, b: Values, u: Values, tokens: number) {
  return { v: upBackwardReference(shape, dy, b, tokens), db: bGradientReference(shape, dy, u, tokens) };
}

/** The gradients of A [J, K] and of x [T, K], from v [T, J] */
export function inputBackwardReference(
  shape: LoraShape,
  x: Values,
  v: Values,
  a: Values,
  tokens: number,
  dropout?: Dropout,
) {
  return {
    da: aGradientReference(shape, x, v, tokens, dropout),
    dx: downBackwardReference(shape, v, a, tokens, dropout),
  };
}
