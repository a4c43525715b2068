// The second half of the gradient's norm: what clips the gradient, and whether it can be used at all. Nothing is read back.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import finite from '../../../shaders/optimizer/finite.wgsl?raw';
import optimizerStep from '../../../shaders/optimizer/optimizer-step.wgsl?raw';
import gradientScale from '../../../shaders/optimizer/gradient-scale.wgsl?raw';
import { type Form, rowForm } from '../rows';

export function gradientScaleKernel(form: Form): Kernel {
  const { definitions, rows } = rowForm(form, 256, 1);
  return {
    label: 'gradient-scale',
    wgsl: compose(definitions, { finite, optimizerStep, ...rows, gradientScale }),
  };
}

export function gradientScaleGrid(): Grid {
  return [1];
}

/**
 * The reference in float64, with the constant of torch's clip_grad_norm_.
 * @param maxNorm 0: no clipping
 */
export function gradientScaleReference(
  partials: ArrayLike<number>,
  maxNorm: number,
): { readonly norm: number; readonly factor: number; readonly finite: boolean } {
  const norm = Math.sqrt(Float64Array.from(partials).reduce((a, b) => a + b, 0));
  if (!Number.isFinite(norm)) return { norm: Infinity, factor: 0, finite: false };
  return { norm, factor: maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1, finite: true };
}
