import { corruptFile } from '../../core/errors';
import { type JsonObject, numberIn } from '../../core/json';
import { type Family, QKV } from './family';

/** transformers' defaults of what a config.json leaves out. */
const DEFAULT_WINDOW = 4096;
const DEFAULT_FIRST = 28;

export const qwen2: Family = {
  architecture: 'qwen2',
  title: 'Qwen2 and 2.5',
  modelType: 'qwen2',
  className: 'qwen2forcausallm',
  gguf: { architecture: 'qwen2', halfSplit: true },
  biased: () => QKV,
  window(json, name) {
    const window = 'sliding_window' in json ? numberIn(json, 'sliding_window') : DEFAULT_WINDOW;
    const slidingWindow = json['use_sliding_window'] === true ? window : undefined;
    const windowLayers = slidingLayers(json, name, slidingWindow);
    if (windowLayers.length === 0) return {};
    if (slidingWindow === undefined) {
      throw corruptFile(name, 'its layer_types ask for a sliding window, and it gives none (use_sliding_window)');
    }
    return windowLayers.length === numberIn(json, 'num_hidden_layers')
      ? { slidingWindow }
      : { slidingWindow, windowLayers };
  },
};

/** Layers that have the window: by name where `layer_types` are given, else from `max_window_layers` on. */
function slidingLayers(json: JsonObject, name: string, window: number | undefined): number[] {
  const layers = Array.from({ length: Math.min(1024, numberIn(json, 'num_hidden_layers') ?? 0) }, (_, i) => i);
  const types = json['layer_types'];
  if (types === undefined || types === null) {
    const first = numberIn(json, 'max_window_layers') ?? DEFAULT_FIRST;
    return window === undefined ? [] : layers.filter((layer) => layer >= first);
  }
  const known: readonly unknown[] = ['full_attention', 'sliding_attention'];
  if (!Array.isArray(types) || types.length !== layers.length || !types.every((type) => known.includes(type))) {
    const problem = `its layer_types are not full_attention or sliding_attention for each of its ${layers.length} layers`;
    throw corruptFile(name, problem);
  }
  return layers.filter((layer) => types[layer] === 'sliding_attention');
}
