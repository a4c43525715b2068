// The first half of the gradient's norm: sums of squares of a buffer, one for each few thousand elements.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import finite from '../../../shaders/optimizer/finite.wgsl?raw';
import gradientNorm from '../../../shaders/optimizer/gradient-norm.wgsl?raw';
import { folded, type Form, rowForm, rowWorkgroups } from '../rows';

/** Elements of a partial sum. */
const PARTIAL_SIZE = 4096;

export function gradientNormKernel(form: Form): Kernel {
  const { definitions, rows } = rowForm(form, 256);
  return {
    label: 'gradient-norm',
    wgsl: compose({ ...definitions, PARTIAL_SIZE }, { finite, ...rows, gradientNorm }),
  };
}

/** Partial sums that a buffer of `count` elements leaves, on every device. */
export function gradientPartials(count: number): number {
  return Math.ceil(count / PARTIAL_SIZE);
}

export function gradientNormGrid(form: Form, count: number): Grid {
  return folded(rowWorkgroups(form, gradientPartials(count)));
}

/** The reference in float64: Σ g² of each piece, infinite where an element is no finite number. */
export function gradientNormReference(gradient: ArrayLike<number>): Float64Array {
  const partials = new Float64Array(gradientPartials(gradient.length));
  for (let i = 0; i < gradient.length; i++) {
    partials[Math.floor(i / PARTIAL_SIZE)] += Number.isFinite(gradient[i]) ? gradient[i] ** 2 : Infinity;
  }
  return partials;
}
