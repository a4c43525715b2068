// Adds a batch's weighted loss to the report that the CPU reads once an update.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import sumLosses from '../../../shaders/loss/sum-losses.wgsl?raw';
import { type Form, rowForm } from '../rows';

/** Elements of f32 in the report: loss, gradient norm, factor, 1 when the gradient is finite. */
export const REPORT = { loss: 0, norm: 1, factor: 2, finite: 3, length: 4 } as const;

export function sumLossesKernel(form: Form): Kernel {
  const { definitions, rows } = rowForm(form, 256, 1);
  return { label: 'sum-losses', wgsl: compose(definitions, { state, ...rows, sumLosses }) };
}

export function sumLossesGrid(): Grid {
  return [1];
}

/** The reference in float64: what the report's loss becomes. */
export function sumLossesReference(losses: ArrayLike<number>, weight: number, before: number): number {
  return before + weight * Float64Array.from(losses).reduce((a, b) => a + b, 0);
}
