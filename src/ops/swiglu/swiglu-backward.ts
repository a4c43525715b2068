// The gradient of silu(gate) · up, written over gate and up.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import swigluBackward from '../../../shaders/swiglu/swiglu-backward.wgsl?raw';
import { folded } from '../rows';

const WORKGROUP_SIZE = 64;

/** One thread four elements, on every device. */
export function swigluBackwardKernel(): Kernel {
  return { label: 'swiglu-backward', wgsl: compose({ WORKGROUP_SIZE }, { state, swigluBackward }) };
}

/** @param intermediateSize F, a multiple of 4 */
export function swigluBackwardGrid(intermediateSize: number, tokens: number): Grid {
  return folded(Math.ceil((tokens * intermediateSize) / 4 / WORKGROUP_SIZE));
}

/**
 * The reference in float64.
 * @param gateUp [T, 2F] @param dHidden [T, F] @param half F
 * @returns [T, 2F]: the gradients of gate and of up, side by side
 */
export function swigluBackwardReference(
  gateUp: ArrayLike<number>,
  dHidden: ArrayLike<number>,
  half: number,
): Float64Array {
  const out = new Float64Array(gateUp.length);
  for (let i = 0; i < dHidden.length; i++) {
    const at = Math.floor(i / half) * half + i;
    const [gate, up, d] = [gateUp[at], gateUp[at + half], dHidden[i]];
    const sigma = 1 / (1 + Math.exp(-gate));
    out[at] = d * up * sigma * (1 + gate * (1 - sigma));
    out[at + half] = d * gate * sigma;
  }
  return out;
}
