// Adds a batch's weighted loss to the report that the CPU reads once an update.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import sumLossesSource from '../../../shaders/loss/sum-losses.wgsl?raw';
import { rowSource } from '../rows';
import type { KernelTarget } from '../tuning';

/** Elements of f32 in the report: loss, gradient norm, factor, 1 when the gradient is finite. */
export const REPORT = { loss: 0, norm: 1, factor: 2, finite: 3, length: 4 } as const;

/** The report's loss += weight · Σ loss [rows]. */
export const sumLosses = op({
  name: 'sum-losses',
  variants: () => [{}],
  source(_: object, { training }: KernelTarget) {
    const { definitions, rows } = rowSource(training.sum);
    return { definitions, snippets: { state, ...rows, sumLosses: sumLossesSource } };
  },
  params: {},
  bindings: { state: 'read', weight: 'read', loss: 'read', report: 'read_write' },
  // one workgroup for all rows
  grid: () => [1],
  cost: ({ rows }) => ({ flops: rows, bytes: 4 * rows }),
  reference: (losses: ArrayLike<number>, weight: number, before: number): number =>
    before + weight * Float64Array.from(losses).reduce((a, b) => a + b, 0),
});
