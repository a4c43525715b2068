// silu(gate) · up as a dispatch of its own, where the projection could not fold it in.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import swiglu from '../../../shaders/swiglu/swiglu.wgsl?raw';

export function swigluKernel(activation: 'f32' | 'f16'): Kernel {
  return { label: 'swiglu', wgsl: compose({ Activation: activation }, { state, swiglu }) };
}

export function swigluGrid(intermediateSize: number, tokens: number): Grid {
  return [Math.ceil((tokens * intermediateSize) / 64)];
}
