// silu(gate) · up as a dispatch of its own, where the projection could not fold it in, and its gradient.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import swigluBackwardSource from '../../../shaders/swiglu/swiglu-backward.wgsl?raw';
import swigluSource from '../../../shaders/swiglu/swiglu.wgsl?raw';
import { folded } from '../rows';
import type { KernelTarget } from '../tuning';

const WORKGROUP_SIZE = 64;

/** hidden [T, F] of gate_up [T, 2F]; `half` is F. */
export const swiglu = op({
  name: 'swiglu',
  variants: () => [{}],
  source: (_: object, { activation }: KernelTarget) => ({
    definitions: { Activation: activation },
    snippets: { state, swiglu: swigluSource },
  }),
  params: { half: 'u32' },
  bindings: { state: 'read', gate_up: 'read', hidden: 'read_write' },
  grid: ({ params: { half }, rows }) => [Math.ceil((rows * half) / WORKGROUP_SIZE)],
  cost: ({ target: { activation }, params: { half }, rows }) => ({
    flops: 8 * half * rows,
    bytes: 3 * half * rows * (activation === 'f16' ? 2 : 4),
  }),
  reference: forwardReference,
});

/** The gradients of gate and up over gate and up [T, 2F], from d_hidden [T, F]; F is a multiple of 4. */
export const swigluBackward = op({
  name: 'swiglu-backward',
  variants: () => [{}],
  source: () => ({ definitions: { WORKGROUP_SIZE }, snippets: { state, swigluBackward: swigluBackwardSource } }),
  params: { half: 'u32' },
  bindings: { state: 'read', gate_up: 'read_write', d_hidden: 'read' },
  // one thread four elements
  grid: ({ params: { half }, rows }) => folded(Math.ceil((rows * half) / 4 / WORKGROUP_SIZE)),
  cost: ({ params: { half }, rows }) => ({ flops: 16 * half * rows, bytes: 20 * half * rows }),
  reference: backwardReference,
});

/**
 * silu(gate) · up in float64.
 * @param gateUp [T, 2F] @param half F @returns [T, F]
 */
function forwardReference(gateUp: ArrayLike<number>, half: number): Float64Array {
  return Float64Array.from({ length: gateUp.length / 2 }, (_, i) => {
    const at = Math.floor(i / half) * half + i;
    return (gateUp[at] / (1 + Math.exp(-gateUp[at]))) * gateUp[at + half];
  });
}

/**
 * The gradient in float64.
 * @param gateUp [T, 2F] @param dHidden [T, F] @param half F
 * @returns [T, 2F]: the gradients of gate and of up, side by side
 */
function backwardReference(gateUp: ArrayLike<number>, dHidden: ArrayLike<number>, half: number): Float64Array {
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
