// Cross-entropy of a chunk of logits against the tokens that follow, and its gradient in place.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import crossEntropy from '../../../shaders/loss/cross-entropy.wgsl?raw';
import { type Form, rowForm, rowWorkgroups } from '../rows';

const LANES = 256;

export interface CrossEntropyVariant extends Form {
  /** The logits become their gradient; without, they stay. */
  readonly gradient: boolean;
}

export function crossEntropyKernel(variant: CrossEntropyVariant): Kernel {
  const { definitions, rows } = rowForm(variant, LANES);
  return {
    label: `cross-entropy${variant.gradient ? ' gradient' : ''}`,
    wgsl: compose({ ...definitions, GRADIENT: variant.gradient }, { state, ...rows, crossEntropy }),
  };
}

export function crossEntropyGrid(form: Form, rows: number): Grid {
  return [rowWorkgroups(form, rows)];
}

/**
 * The reference in float64.
 * @param logits [rows, V] @param targets [rows]
 * @returns losses [rows], unweighted, and the weighted gradient [rows, V]
 */
export function crossEntropyReference(
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
