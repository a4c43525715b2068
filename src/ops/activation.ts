// The function between a feed-forward's products, forward and backward: a snippet for the kernels, and its float64 truth.
import type { Activation } from '../core/model-config';
import type { Snippets } from '../gpu/wgsl';
import geluTanh from '../../shaders/common/gelu-tanh.wgsl?raw';
import silu from '../../shaders/common/silu.wgsl?raw';

export const ACTIVATIONS = ['silu', 'gelu_tanh'] as const satisfies readonly Activation[];

/** Declares `activate`, and `activate_with_slope` for the backward pass. */
export function activationSnippet(activation: Activation): Snippets {
  return activation === 'silu' ? { silu } : { geluTanh };
}

const TWICE_ROOT = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** A value and its derivative in float64. Both functions are x · σ(v(x)): v is x itself, or a cubic of it. */
export function activated(activation: Activation, x: number): { readonly value: number; readonly slope: number } {
  const gelu = activation === 'gelu_tanh';
  const v = gelu ? TWICE_ROOT * (x + CUBIC * x ** 3) : x;
  const vSlope = gelu ? TWICE_ROOT * (1 + 3 * CUBIC * x ** 2) : 1;
  const sigma = 1 / (1 + Math.exp(-v));
  // where σ is 1 or 0 its slope is 0, however large the cubic is
  const change = sigma * (1 - sigma);
  return { value: x * sigma, slope: sigma + (change === 0 ? 0 : x * change * vSlope) };
}
