// The norm of the gradient, clipping included, without a read-back: sums of squares of each buffer, one for each few thousand
// elements, and from all of them what clips the gradient, and whether it can be used at all.
import { op } from '../../gpu/op';
import finite from '../../../shaders/optimizer/finite.wgsl?raw';
import gradientNormSource from '../../../shaders/optimizer/gradient-norm.wgsl?raw';
import gradientScaleSource from '../../../shaders/optimizer/gradient-scale.wgsl?raw';
import optimizerStep from '../../../shaders/optimizer/optimizer-step.wgsl?raw';
import { folded, rowGroups, rowSource } from '../rows';
import type { KernelTarget } from '../tuning';

/** Elements of a partial sum. */
const PARTIAL_SIZE = 4096;

/** Partial sums that a buffer of `count` elements leaves, on every device. */
export function gradientPartials(count: number): number {
  return Math.ceil(count / PARTIAL_SIZE);
}

/** Partial sums, from the `first` on, of the squares of a gradient of `count` elements. */
export const gradientNorm = op({
  name: 'gradient-norm',
  variants: () => [{}],
  source(_: object, { training }: KernelTarget) {
    const { definitions, rows } = rowSource(training.gradientNorm);
    return {
      definitions: { ...definitions, PARTIAL_SIZE },
      snippets: { finite, ...rows, gradientNorm: gradientNormSource },
    };
  },
  params: { count: 'u32', first: 'u32' },
  bindings: { gradient: 'read', partials: 'read_write' },
  grid: ({ target, params: { count } }) => folded(rowGroups(target.training.gradientNorm, gradientPartials(count))),
  cost: ({ params: { count } }) => ({ flops: 2 * count, bytes: 4 * count }),
  reference: sumsOfSquares,
});

/** The report's norm, factor and finiteness, of `count` partial sums. */
export const gradientScale = op({
  name: 'gradient-scale',
  variants: () => [{}],
  source(_: object, { training }: KernelTarget) {
    const { definitions, rows } = rowSource(training.sum);
    return { definitions, snippets: { finite, optimizerStep, ...rows, gradientScale: gradientScaleSource } };
  },
  params: { count: 'u32' },
  bindings: { partials: 'read', optimizer: 'read', report: 'read_write' },
  // one workgroup for all of them
  grid: () => [1],
  cost: ({ params: { count } }) => ({ flops: count, bytes: 4 * count }),
  reference: normAndFactor,
});

/** Σ g² of each piece in float64, infinite where an element is no finite number. */
function sumsOfSquares(gradient: ArrayLike<number>): Float64Array {
  const partials = new Float64Array(gradientPartials(gradient.length));
  for (let i = 0; i < gradient.length; i++) {
    partials[Math.floor(i / PARTIAL_SIZE)] += Number.isFinite(gradient[i]) ? gradient[i] ** 2 : Infinity;
  }
  return partials;
}

/**
 * Norm and clipping factor in float64, with the constant of torch's clip_grad_norm_.
 * @param maxNorm 0: no clipping
 */
function normAndFactor(
  partials: ArrayLike<number>,
  maxNorm: number,
): { readonly norm: number; readonly factor: number; readonly finite: boolean } {
  const norm = Math.sqrt(Float64Array.from(partials).reduce((a, b) => a + b, 0));
  if (!Number.isFinite(norm)) return { norm: Infinity, factor: 0, finite: false };
  return { norm, factor: maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1, finite: true };
}
