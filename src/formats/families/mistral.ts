import { numberIn } from '../../core/json';
import type { Family } from './family';

/** GGUF files of Mistral models say llama. */
export const mistral: Family = {
  architecture: 'mistral',
  title: 'Mistral',
  modelType: 'mistral',
  className: 'mistralforcausallm',
  // the first release's window is the library's default
  window(json) {
    const slidingWindow = 'sliding_window' in json ? numberIn(json, 'sliding_window') : 4096;
    return slidingWindow === undefined ? {} : { slidingWindow };
  },
};
