import { type JsonObject, numberIn, stringIn } from '../../core/json';
import { unpacked } from '../checkpoint/packed';
import type { Family } from './family';

/** transformers' default of what a config.json leaves out. */
const ORIGINAL_CONTEXT = 4096;

/** Earlier names of LongRoPE. */
const LONGROPE: readonly unknown[] = ['su', 'yarn'];

/** LLaMA with q, k and v in one matrix, gate and up in another, and heads that may rotate in a part of theirs. */
export const phi3: Family = {
  architecture: 'phi3',
  name: 'Phi-3',
  title: 'Phi-3, 3.5 and 4 mini',
  modelType: 'phi3',
  className: 'Phi3ForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'phi3', halfSplit: true },
  rotatesPart: true,
  packs: true,
  unpack: unpacked,
  rope(rope, json): JsonObject {
    const type = stringIn(rope, 'rope_type', 'type');
    const original = numberIn(json, 'original_max_position_embeddings') ?? ORIGINAL_CONTEXT;
    return {
      ...rope,
      original_max_position_embeddings: original,
      ...(LONGROPE.includes(type) && { rope_type: 'longrope' }),
    };
  },
  window(json) {
    const slidingWindow = numberIn(json, 'sliding_window');
    return slidingWindow === undefined ? {} : { slidingWindow };
  },
  // an original context in any case, and a token for padding that must be in the vocabulary
  toJson({ ropeScaling, contextLength, slidingWindow }) {
    const original = ropeScaling?.type === 'longrope' ? ropeScaling.originalContextLength : contextLength;
    return { original_max_position_embeddings: original, pad_token_id: null, sliding_window: slidingWindow ?? null };
  },
};
