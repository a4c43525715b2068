import { isObject, numberIn } from '../../core/json';
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

/** Mistral with YaRN and with queries that grow beyond the original context; also the text of models that read images. */
export const ministral3: Family = {
  architecture: 'ministral3',
  name: 'Ministral 3',
  title: 'Ministral 3',
  modelType: 'ministral3',
  className: 'Ministral3ForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'mistral3', halfSplit: false },
  scalesQueries: true,
  others: ['mistral3', 'mistral3forconditionalgeneration'],
  plain: (json) => (isObject(json['text_config']) ? json['text_config'] : json),
  note: (json) =>
    isObject(json['text_config'])
      ? 'The model reads images, too. Pronk reads the part that reads and writes text, and leaves the rest out.'
      : undefined,
  rename(name) {
    const [, rest] = /^(?:model\.language_model|language_model\.model)\.(.+)$/.exec(name) ?? [];
    if (rest !== undefined) return `model.${rest}`;
    return name === 'language_model.lm_head.weight' ? 'lm_head.weight' : undefined;
  },
  // the text of Mistral Small 3.1 is a Mistral, and says what it has
  rope: (rope, json) => (Object.keys(rope).length > 0 || json['model_type'] !== 'ministral3' ? rope : ROPE),
  window(json) {
    const slidingWindow = numberIn(json, 'sliding_window');
    return slidingWindow === undefined ? {} : { slidingWindow };
  },
  toJson: ({ slidingWindow }) => ({ sliding_window: slidingWindow ?? null }),
};
