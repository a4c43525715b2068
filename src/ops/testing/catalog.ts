// Every kernel that the ops build, in every variant that a device of any kind gets: what the shader checks go over. It follows
// from the list of ops: a shader file that none of them uses fails the check.
import type { Features } from '../../gpu/device';
import type { Kernel } from '../../gpu/kernel';
import { OPS } from '../index';
import { QUESTIONS } from '../tune';
import { linear } from '../matmul/linear';
import { type KernelTarget, PRECISIONS, tune } from '../tuning';

/** The catalogue of a device with these features, each kernel once. */
export function kernelsFor(features: Features): Kernel[] {
  const sized = (sizes: readonly number[]): Features[] =>
    features.subgroups ? sizes.map((subgroupSize) => ({ ...features, subgroupSize })) : [];
  // software adapters have subgroups of four lanes, or of eight
  const targets = PRECISIONS.flatMap((precision) => [
    ...[features, ...sized([4, 8])].map((each) => tune(each, true, precision)),
    ...[features, ...sized([8, 16, 32])].map((each) => tune(each, false, precision)),
  ]);
  // models with norms behind attention and feed-forward keep f32 between projections
  const wide = targets.map((target) => ({ ...target, activation: 'f32' as const }));
  const table = [...targets, ...wide].flatMap((target) => OPS.flatMap((op) => op.kernels(target)));
  const all = [...table, ...PRECISIONS.flatMap((precision) => chosenTiles(tune(features, false, precision)))];
  return [...new Map(all.map((kernel) => [`${kernel.wgsl} ${JSON.stringify(kernel.overrides)}`, kernel])).values()];
}

/**
 * Products with tiles that autotuning may choose; the other shapes that it may choose differ from the table's in
 * constants alone.
 */
function chosenTiles(table: KernelTarget): Kernel[] {
  const others = QUESTIONS.flatMap(({ forward, others: of }) => (forward === 'prefill' ? of(table) : []));
  return others.flatMap(({ target }) => linear.kernels({ ...target, decode: { ...target.decode, linear: [] } }));
}
