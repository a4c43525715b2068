import type { Family } from './family';
import { qwenWindow, qwenWindowJson } from './qwen2';

/** Qwen2 without its biases, and with a norm of each head of q and k. */
export const qwen3: Family = {
  architecture: 'qwen3',
  name: 'Qwen3',
  title: 'Qwen3 (its dense models)',
  modelType: 'qwen3',
  className: 'Qwen3ForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'qwen3', halfSplit: true, noDivisors: true },
  defaults: { headDim: 128 },
  biasFlags: ['attention_bias'],
  window: qwenWindow,
  more: () => ({ qkNorm: true }),
  moreInGguf: () => ({ qkNorm: true }),
  toJson: qwenWindowJson,
};
