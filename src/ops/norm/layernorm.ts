// LayerNorm (Ba, Kiros and Hinton 2016), forward and backward, of models that have it in RMSNorm's place. Gain and shift are
// frozen.
import { op } from '../../gpu/op';
import layernormBackwardSource from '../../../shaders/norm/layernorm-backward.wgsl?raw';
import layernormSource from '../../../shaders/norm/layernorm.wgsl?raw';
import { type NormShape, normOp, normSource } from './norm-kernel';

/** y [rows, D] = (x − mean) / deviation · gain + shift, of all tokens or of those that are picked. */
export const layernorm = op({
  ...normOp,
  name: 'layernorm',
  source: normSource('layernorm', { layernorm: layernormSource }),
  bindings: { state: 'read', x: 'read', gain: 'read', picked: 'read?', shift: 'read', y: 'read_write' },
  cost: ({ params: { columns }, rows }) => ({ flops: 7 * columns * rows, bytes: 8 * columns * rows }),
  reference: forwardReference,
});

/** dx [T, D] += the gradient through LayerNorm of x, from dy [rows, D]. */
export const layernormBackward = op({
  ...normOp,
  name: 'layernorm-backward',
  source: normSource('layernorm-backward', { layernormBackward: layernormBackwardSource }),
  bindings: { state: 'read', x: 'read', gain: 'read', picked: 'read?', dy: 'read', dx: 'read_write' },
  cost: ({ params: { columns }, rows }) => ({ flops: 17 * columns * rows, bytes: 16 * columns * rows }),
  reference: backwardReference,
});

/** Mean, and one over the deviation, of the numbers of a row. */
function moments(row: readonly number[], epsilon: number): { mean: number; scale: number } {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return { mean, scale: 1 / Math.sqrt(variance + epsilon) };
}

const rowAt = (x: ArrayLike<number>, at: number, columns: number) =>
  Array.from({ length: columns }, (_, k) => x[at + k]);

/**
 * LayerNorm in float64.
 * @param x [T, D] @param gain [D] @param shift [D]
 * @returns [rows, D]
 */
function forwardReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  shift: ArrayLike<number>,
  { columns, epsilon, picked }: NormShape,
): Float64Array {
  const y = new Float64Array((picked?.length ?? x.length / columns) * columns);
  for (let row = 0; row < y.length / columns; row++) {
    const values = rowAt(x, (picked?.[row] ?? row) * columns, columns);
    const { mean, scale } = moments(values, epsilon);
    y.set(
      values.map((value, k) => (value - mean) * scale * gain[k] + shift[k]),
      row * columns,
    );
  }
  return y;
}

/**
 * Its gradient in float64.
 * @param x [T, D] @param gain [D] @param dy [rows, D] @param dx [T, D] before
 * @returns dx [T, D] with the norm's part added
 */
function backwardReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  dy: ArrayLike<number>,
  dx: ArrayLike<number>,
  shape: NormShape,
): Float64Array {
  const { columns, epsilon } = shape;
  const tokens = shape.picked ?? Array.from({ length: dy.length / columns }, (_, row) => row);
  const out = Float64Array.from(dx);
  for (let row = 0; row < tokens.length; row++) {
    const at = tokens[row] * columns;
    const values = rowAt(x, at, columns);
    const { mean, scale } = moments(values, epsilon);
    const normal = values.map((value) => (value - mean) * scale);
    const weighted = rowAt(dy, row * columns, columns).map((value, k) => value * gain[k]);
    const average = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / columns;
    const [level, along] = [average(weighted), average(weighted.map((value, k) => value * normal[k]))];
    for (let k = 0; k < columns; k++) out[at + k] += scale * (weighted[k] - level - normal[k] * along);
  }
  return out;
}
