// An optimizer step over all pairs in float64: the norm of the whole gradient, clipping, AdamW.
import { type Moments, type OptimizerStep, adamw } from '../../ops/optimizer/adamw';
import { gradientNorm } from '../../ops/optimizer/gradient-norm';
import { gradientScale } from '../../ops/optimizer/gradient-norm';
import type { PairGradient, ReferencePair } from './lora-group';

/** A pair in training: its matrices with their moments. */
export type TrainedPair = Pick<ReferencePair, 'layer' | 'map' | 'rank' | 'scale'> & {
  readonly a: Moments;
  readonly b: Moments;
};

const begun = (values: ArrayLike<number>): Moments => ({
  parameters: Float64Array.from(values),
  first: new Float64Array(values.length),
  second: new Float64Array(values.length),
});

/** Pairs with moments of zero. */
export function beginTraining(pairs: readonly ReferencePair[]): TrainedPair[] {
  return pairs.map(({ layer, map, rank, scale, a, b }) => ({ layer, map, rank, scale, a: begun(a), b: begun(b) }));
}

/** The adapter as it is now. */
export function pairsNow(trained: readonly TrainedPair[]): ReferencePair[] {
  return trained.map((pair) => ({ ...pair, a: pair.a.parameters, b: pair.b.parameters }));
}

/**
 * Clips and updates; a gradient that is not finite changes nothing.
 * @param gradients of the whole accumulated batch, in the order of the pairs
 * @returns the pairs after the step, and the norm before clipping
 */
export function updateReference(
  trained: readonly TrainedPair[],
  gradients: readonly PairGradient[],
  step: OptimizerStep,
): { readonly trained: readonly TrainedPair[]; readonly norm: number } {
  const partials = gradients.flatMap(({ a, b }) => [...gradientNorm.reference(a), ...gradientNorm.reference(b)]);
  const { norm, factor, finite } = gradientScale.reference(partials, step.maxGradNorm);
  if (!finite) return { trained, norm };
  const updated = trained.map((pair, i) => ({
    ...pair,
    a: adamw.reference(pair.a, gradients[i].a, step, { factor }),
    b: adamw.reference(pair.b, gradients[i].b, step, { factor, ratioB: true }),
  }));
  return { trained: updated, norm };
}
