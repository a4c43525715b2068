// An adapter for any model, whose values mean nothing and change much.

import type { ModelConfig } from '../../core/model-config';
import type { Adapter, LoraPair } from '../../core/adapter';

/** An adapter of q and down, in every layer. */
export function madeUp(
  { numLayers, hiddenSize: D, numHeads, headDim: d, intermediateSize: F }: ModelConfig,
  seed: number,
): Adapter {
  const value = (i: number, n: number) => 0.3 * Math.sin(i * 12.9898 + n * 78.233 + seed);
  const pair = (layer: number, map: LoraPair['map'], inputs: number, outputs: number): LoraPair => ({
    layer,
    map,
    rank: 4,
    inputs,
    outputs,
    scale: 2,
    a: Float32Array.from({ length: 4 * inputs }, (_, i) => value(i, layer)),
    b: Float32Array.from({ length: 4 * outputs }, (_, i) => value(i, layer + 9)),
  });
  return {
    name: `made up ${seed}`,
    config: {
      r: 4,
      lora_alpha: 8,
      lora_dropout: 0,
      target_modules: ['q_proj', 'down_proj'],
      use_rslora: false,
      base_model_name_or_path: 'stories',
    },
    pairs: Array.from({ length: numLayers }, (_, i) => [
      pair(i, 'q_proj', D, numHeads * d),
      pair(i, 'down_proj', F, D),
    ]).flat(),
  };
}
