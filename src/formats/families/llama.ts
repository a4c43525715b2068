import type { Family } from './family';

export const llama: Family = {
  architecture: 'llama',
  name: 'LLaMA',
  title: 'LLaMA (1 to 3.3, Alpaca, Vicuna, OpenLLaMA, TinyLlama, SmolLM2, …)',
  modelType: 'llama',
  className: 'LlamaForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'llama', halfSplit: false },
  biasFlags: ['attention_bias', 'mlp_bias'],
};
