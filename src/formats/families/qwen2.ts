import { numberIn } from '../json';
import { unsupported } from '../unsupported';
import { type Family, QKV } from './family';

export const qwen2: Family = {
  architecture: 'qwen2',
  title: 'Qwen2 and 2.5',
  modelType: 'qwen2',
  className: 'qwen2forcausallm',
  gguf: { architecture: 'qwen2', halfSplit: true },
  biased: () => QKV,
  window(json, name) {
    if (json['use_sliding_window'] !== true) return undefined;
    // layers from max_window_layers on have the window
    const [layers = 0, first = 28] = [numberIn(json, 'num_hidden_layers'), numberIn(json, 'max_window_layers')];
    if (first >= layers) return undefined;
    if (first > 0) throw unsupported(name, 'has a sliding window in some of its layers only');
    return numberIn(json, 'sliding_window');
  },
};
