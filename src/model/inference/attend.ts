// Dispatches of a layer's attention over its cache: one, or where the keys are split, another one that adds up the
// parts.
import { windowAt } from '../../core/model-config';
import type { Step } from '../../gpu/kernel';
import { attention, splitsOf } from '../../ops/attention/attention';
import { attentionMerge } from '../../ops/attention/attention-merge';
import type { FlashShape } from '../../ops/tuning';
import type { LlamaParts } from './llama';

/** @param i the layer */
export function attend(llama: LlamaParts, shape: FlashShape, i: number): Promise<Step>[] {
  const { config, cache, activations } = llama;
  const { state, qkv, attentionOut: out, split } = activations;
  const { numHeads: heads, numKeyValueHeads: kvHeads, headDim } = config;
  const { context } = cache;
  const splits = splitsOf(shape, { heads, kvHeads, headDim }, context);
  const quads = headDim / 4;
  const variant = { shape, headDim, group: heads / kvHeads, parted: splits > 1 };
  const params = { heads, kv_heads: kvHeads, context, quads, window: windowAt(config, i) ?? context, splits };
  const read = { state, qkv, ...cache.layers[i] };
  if (splits === 1 || !split) return [attention.step(llama, variant, { ...read, out }, params)];
  return [
    attention.step(llama, variant, { ...read, ...split }, params),
    attentionMerge.step(llama, {}, { state, ...split, out }, { heads, quads, splits }),
  ];
}
