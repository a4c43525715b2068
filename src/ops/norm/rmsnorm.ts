// RMSNorm (Zhang and Sennrich 2019) as a dispatch of its own, forward and backward: training keeps what projections would fold
// in. The gain is frozen.
import { op } from '../../gpu/op';
import type { Snippets } from '../../gpu/wgsl';
import type { KernelTarget } from '../tuning';
import rmsnormBackwardSource from '../../../shaders/norm/rmsnorm-backward.wgsl?raw';
import rmsnormSource from '../../../shaders/norm/rmsnorm.wgsl?raw';
import { type NormShape, normOp, normSource } from './norm-kernel';

interface Variant {
  /** Rows are the tokens that a list names, instead of all. */
  readonly picked: boolean;
  /** The result is added to what is there, instead of taking its place. */
  readonly accumulate: boolean;
}

/** What both directions share. */
const both = {
  ...normOp,
  variants: (): Variant[] =>
    normOp.variants().flatMap(({ picked }) => [true, false].map((accumulate) => ({ picked, accumulate }))),
} as const;

/** The kernel of one direction. */
const source = (label: string, direction: Snippets) => (variant: Variant, target: KernelTarget) => ({
  ...normSource(label, direction)(variant, target),
  overrides: { ACCUMULATE: Number(variant.accumulate) },
});

/** y [rows, D] (+)= x / rms(x) · gain, of all tokens or of those that are picked. */
export const rmsnorm = op({
  ...both,
  name: 'rmsnorm',
  source: source('rmsnorm', { rmsnorm: rmsnormSource }),
  bindings: { state: 'read', x: 'read', gain: 'read', picked: 'read?', y: 'read_write' },
  cost: ({ params: { columns }, rows }) => ({ flops: 4 * columns * rows, bytes: 8 * columns * rows }),
  reference: forwardReference,
});

/** dx [T, D] (+)= the gradient through the norm of x, from dy [rows, D]. */
export const rmsnormBackward = op({
  ...both,
  name: 'rmsnorm-backward',
  source: source('rmsnorm-backward', { rmsnormBackward: rmsnormBackwardSource }),
  bindings: { state: 'read', x: 'read', gain: 'read', picked: 'read?', dy: 'read', dx: 'read_write' },
  cost: ({ params: { columns }, rows }) => ({ flops: 12 * columns * rows, bytes: 16 * columns * rows }),
  reference: backwardReference,
});

/**
 * RMSNorm in float64.
 * @param x [T, D] @param gain [D]
 * @returns [rows, D]
 */
function forwardReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  { columns, epsilon, picked }: NormShape,
): Float64Array {
  const rows = picked?.length ?? x.length / columns;
  const y = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = (picked?.[row] ?? row) * columns;
    let squares = 0;
    for (let k = 0; k < columns; k++) squares += x[from + k] ** 2;
    const scale = 1 / Math.sqrt(squares / columns + epsilon);
    for (let k = 0; k < columns; k++) y[row * columns + k] = x[from + k] * scale * gain[k];
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
  { columns, epsilon, picked }: NormShape,
): Float64Array {
  const out = Float64Array.from(dx);
  for (let row = 0; row < dy.length / columns; row++) {
    const at = (picked?.[row] ?? row) * columns;
    let [squares, products] = [0, 0];
    for (let k = 0; k < columns; k++) {
      squares += x[at + k] ** 2;
      products += x[at + k] * dy[row * columns + k] * gain[k];
    }
    const scale = 1 / Math.sqrt(squares / columns + epsilon);
    const mean = (scale * products) / columns;
    for (let k = 0; k < columns; k++) {
      out[at + k] += scale * (dy[row * columns + k] * gain[k] - x[at + k] * scale * mean);
    }
  }
  return out;
}
