import { PronkError } from '../../core/errors';
import { numberIn } from '../../core/json';
import type { Family } from './family';

/** GGUF files of Mistral models say llama. */
export const mistral: Family = {
  architecture: 'mistral',
  name: 'Mistral',
  title: 'Mistral',
  modelType: 'mistral',
  className: 'MistralForCausalLM',
  inTransformers: true,
  // the first release's window is the library's default
  window(json) {
    const slidingWindow = 'sliding_window' in json ? numberIn(json, 'sliding_window') : 4096;
    return slidingWindow === undefined ? {} : { slidingWindow };
  },
  toJson({ slidingWindow, windowLayers }) {
    if (windowLayers) {
      const message = 'The model has a sliding window in some of its layers, which config.json cannot say of LLaMA.';
      throw new PronkError('unsupported-format', `${message} Write GGUF instead.`);
    }
    return { sliding_window: slidingWindow ?? null };
  },
};
