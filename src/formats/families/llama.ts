import { type Family, MLP, OUT, QKV } from './family';

export const llama: Family = {
  architecture: 'llama',
  title: 'LLaMA (1 to 3.3, Alpaca, Vicuna, OpenLLaMA, TinyLlama, SmolLM2, …)',
  modelType: 'llama',
  className: 'llamaforcausallm',
  gguf: { architecture: 'llama', halfSplit: false },
  biased: (json = {}) => [
    ...(json['attention_bias'] === true ? [...QKV, ...OUT] : []),
    ...(json['mlp_bias'] === true ? MLP : []),
  ],
};
