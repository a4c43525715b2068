// Gains of norms as they multiply, from what a model's tensors hold.
import { gainChange, layerNorms, type ModelConfig } from '../../core/model-config';
import type { ReferenceWeights } from './llama';

interface Model {
  readonly config: ModelConfig;
  readonly weights: ReferenceWeights;
}

/** A norm's gain, from its name without `.weight`. @throws Error when the model has no such tensor */
export function gainOf({ config, weights }: Model, stem: string): ArrayLike<number> {
  const name = `${stem}.weight`;
  const found = weights.get(name);
  if (!found) throw new Error(`no tensor ${name}`);
  const { offset, factor } = gainChange(config, name);
  return Float64Array.from(found, (value) => factor * (offset + value));
}

/** Gains of a layer's norms; of those behind attention and feed-forward only where there are such. */
export function gainsOf(model: Model, layer: number) {
  const named = (norm: string) => gainOf(model, `model.layers.${layer}.${norm}`);
  const { attention, afterAttention, feedForward, afterFeedForward } = layerNorms(model.config);
  return {
    attention: named(attention),
    afterAttention: afterAttention === undefined ? undefined : named(afterAttention),
    feedForward: named(feedForward),
    afterFeedForward: afterFeedForward === undefined ? undefined : named(afterFeedForward),
  };
}

/** Gains of q's and of k's heads, [2][d]; undefined where the model does not normalize them. */
export function headGainsOf(model: Model, layer: number): number[] | undefined {
  if (!model.config.qkNorm) return undefined;
  return ['q', 'k'].flatMap((each) => Array.from(gainOf(model, `model.layers.${layer}.self_attn.${each}_norm`)));
}
