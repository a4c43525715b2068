import { numberIn } from '../../core/json';
import type { Family } from './family';

/** transformers' rotary parameters of a config.json that gives none. */
const ROPE = {
  rope_type: 'yarn',
  rope_theta: 1e6,
  factor: 16,
  original_max_position_embeddings: 16384,
  mscale: 1,
  mscale_all_dim: 1,
  llama_4_scaling_beta: 0.1,
};

/** Mistral with YaRN and with queries that grow beyond the original context. */
export const ministral3: Family = {
  architecture: 'ministral3',
  name: 'Ministral 3',
  title: 'Ministral 3',
  modelType: 'ministral3',
  className: 'Ministral3ForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'mistral3', halfSplit: false },
  scalesQueries: true,
  rope: (rope) => (Object.keys(rope).length > 0 ? rope : ROPE),
  window(json) {
    const slidingWindow = numberIn(json, 'sliding_window');
    return slidingWindow === undefined ? {} : { slidingWindow };
  },
  toJson: ({ slidingWindow }) => ({ sliding_window: slidingWindow ?? null }),
};
