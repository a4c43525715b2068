// Cross-entropy of a chunk of logits against the tokens that follow, and its gradient in place.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import crossEntropySource from '../../../shaders/loss/cross-entropy.wgsl?raw';
import logitsQuads from '../../../shaders/loss/logits-quads.wgsl?raw';
import logitsSingle from '../../../shaders/loss/logits-single.wgsl?raw';
import { rowGroups, rowSource } from '../rows';
import type { KernelTarget } from '../tuning';

interface Variant {
  /** The logits become their gradient; without, they stay. */
  readonly gradient: boolean;
  /** Whether the vocabulary is a multiple of 4, so that rows are read by quads. */
  readonly quads: boolean;
}

/** Elements that a lane reads at a time. */
const BLOCK = 4;

/** loss [rows] of logits [rows, V], which become their gradient. */
export const crossEntropy = op({
  name: 'cross-entropy',
  variants: () => [true, false].flatMap((quads) => [true, false].map((gradient): Variant => ({ gradient, quads }))),
  source({ gradient, quads }: Variant, { training }: KernelTarget) {
    const { definitions, rows } = rowSource(training.crossEntropy);
    return {
      label: `cross-entropy x${quads ? 4 : 1}${gradient ? ' gradient' : ''}`,
      definitions: { ...definitions, BLOCK, GRADIENT: gradient },
      snippets: { state, ...rows, ...(quads ? { logitsQuads } : { logitsSingle }), crossEntropy: crossEntropySource },
    };
  },
  params: { vocabulary: 'u32' },
  bindings: {
    state: 'read',
    picked: 'read',
    targets: 'read',
    weight: 'read',
    logits: 'read_write',
    loss: 'read_write',
  },
  grid: ({ target, rows }) => [rowGroups(target.training.crossEntropy, rows)],
  cost: ({ variant: { gradient }, params: { vocabulary }, rows }) => ({
    flops: (gradient ? 16 : 8) * vocabulary * rows,
    bytes: (gradient ? 8 : 4) * vocabulary * rows,
  }),
  reference: lossesAndGradient,
});

/**
 * Losses and gradient in float64.
 * @param logits [rows, V] @param targets [rows]
 * @returns losses [rows], unweighted, and the weighted gradient [rows, V]
 */
function lossesAndGradient(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  weight: number,
): { readonly losses: Float64Array; readonly gradient: Float64Array } {
  const width = logits.length / targets.length;
  const losses = new Float64Array(targets.length);
  const gradient = new Float64Array(logits.length);
  for (let row = 0; row < targets.length; row++) {
    const z = Float64Array.from({ length: width }, (_, i) => logits[row * width + i]);
    const largest = z.reduce((a, b) => Math.max(a, b));
    const p = z.map((value) => Math.exp(value - largest));
    const sum = p.reduce((a, b) => a + b, 0);
    const target = targets[row];
    losses[row] = Math.log(sum) + largest - z[target];
    p.forEach((value, i) => (gradient[row * width + i] = (value / sum - Number(i === target)) * weight));
  }
  return { losses, gradient };
}
