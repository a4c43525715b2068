// The gradient of RMSNorm's input, added to what came past it. The gain is frozen.
import type { Kernel } from '../../gpu/kernel';
import source from '../../../shaders/norm/rmsnorm-backward.wgsl?raw';
import { type RmsnormShape, type RmsnormVariant, rowNormKernel } from './rmsnorm';

/** Its grid is `rmsnormGrid`. */
export function rmsnormBackwardKernel(variant: RmsnormVariant): Kernel {
  return rowNormKernel('rmsnorm-backward', variant, source);
}

/**
 * The reference in float64.
 * @param x [T, D] @param gain [D] @param dy [rows, D] @param dx [T, D] before
 * @returns dx [T, D] with the norm's part added
 */
export function rmsnormBackwardReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  dy: ArrayLike<number>,
  dx: ArrayLike<number>,
  { columns, epsilon, picked }: RmsnormShape,
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
