// f(gate) · up (gated linear units, Shazeer 2020, arXiv:2002.05202) as a dispatch of its own, where the projection could not
// fold it in, and its gradient. With SiLU it is SwiGLU, with GELU it is GeGLU.
import type { Activation } from '../../core/model-config';
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import gluBackwardSource from '../../../shaders/glu/glu-backward.wgsl?raw';
import gluSource from '../../../shaders/glu/glu.wgsl?raw';
import { activated, ACTIVATIONS, activationSnippet } from '../activation';
import { folded } from '../rows';
import type { KernelTarget } from '../tuning';

const WORKGROUP_SIZE = 64;

interface Variant {
  readonly activation: Activation;
}

/** Names of f(gate) · up. */
export const GLU_LABELS: Readonly<Record<Activation, string>> = { silu: 'swiglu', gelu_tanh: 'geglu' };
const variants = () => ACTIVATIONS.map((activation): Variant => ({ activation }));

/** hidden [T, F] of gate_up [T, 2F]; `half` is F. */
export const glu = op({
  name: 'glu',
  variants,
  source: ({ activation }: Variant, { activation: element }: KernelTarget) => ({
    label: GLU_LABELS[activation],
    definitions: { Activation: element },
    snippets: { state, ...activationSnippet(activation), glu: gluSource },
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
export const gluBackward = op({
  name: 'glu-backward',
  variants,
  source: ({ activation }: Variant) => ({
    label: `${GLU_LABELS[activation]}-backward`,
    definitions: { WORKGROUP_SIZE },
    snippets: { state, ...activationSnippet(activation), gluBackward: gluBackwardSource },
  }),
  params: { half: 'u32' },
  bindings: { state: 'read', gate_up: 'read_write', d_hidden: 'read' },
  // one thread four elements
  grid: ({ params: { half }, rows }) => folded(Math.ceil((rows * half) / 4 / WORKGROUP_SIZE)),
  cost: ({ params: { half }, rows }) => ({ flops: 16 * half * rows, bytes: 20 * half * rows }),
  reference: backwardReference,
});

/**
 * f(gate) · up in float64.
 * @param gateUp [T, 2F] @param half F @returns [T, F]
 */
function forwardReference(gateUp: ArrayLike<number>, half: number, activation: Activation = 'silu'): Float64Array {
  return Float64Array.from({ length: gateUp.length / 2 }, (_, i) => {
    const at = Math.floor(i / half) * half + i;
    return activated(activation, gateUp[at]).value * gateUp[at + half];
  });
}

/**
 * The gradient in float64.
 * @param gateUp [T, 2F] @param dHidden [T, F] @param half F
 * @returns [T, 2F]: the gradients of gate and of up, side by side
 */
function backwardReference(
  gateUp: ArrayLike<number>,
  dHidden: ArrayLike<number>,
  half: number,
  activation: Activation = 'silu',
): Float64Array {
  const out = new Float64Array(gateUp.length);
  for (let i = 0; i < dHidden.length; i++) {
    const at = Math.floor(i / half) * half + i;
    const { value, slope } = activated(activation, gateUp[at]);
    out[at] = dHidden[i] * gateUp[at + half] * slope;
    out[at + half] = dHidden[i] * value;
  }
  return out;
}
