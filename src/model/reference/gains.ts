// Names and gains of norms: gains as they multiply, from what a model's tensors hold.
import { gainChange, layerNorms, type ModelConfig } from '../../core/model-config';
import type { ReferenceWeights } from './llama';

export interface Model {
  readonly config: ModelConfig;
  readonly weights: ReferenceWeights;
}

/** @throws Error when the model has no such tensor */
export function tensorOf({ weights }: Model, name: string): ArrayLike<number> {
  const found = weights.get(name);
  if (!found) throw new Error(`no tensor ${name}`);
  return found;
}

/** A norm's gain, from its name without `.weight`. @throws Error when the model has no such tensor */
export function gainOf(model: Model, stem: string): ArrayLike<number> {
  const name = `${stem}.weight`;
  const { offset, factor } = gainChange(model.config, name);
  return Float64Array.from(tensorOf(model, name), (value) => factor * (offset + value));
}

/** Names of a layer's norms without `.weight`; of those behind attention and feed-forward only where there are such. */
export function normsOf(config: ModelConfig, layer: number) {
  const named = (norm: string) => `model.layers.${layer}.${norm}`;
  const { attention, afterAttention, feedForward, afterFeedForward } = layerNorms(config);
  return {
    attention: named(attention),
    afterAttention: afterAttention && named(afterAttention),
    feedForward: named(feedForward),
    afterFeedForward: afterFeedForward && named(afterFeedForward),
  };
}

/** Gains of q's and of k's heads, [2][d]; undefined where the model does not normalize them. */
export function headGainsOf(model: Model, layer: number): number[] | undefined {
  if (!model.config.qkNorm) return undefined;
  return ['q', 'k'].flatMap((each) => Array.from(gainOf(model, `model.layers.${layer}.self_attn.${each}_norm`)));
}
