import type { ModelConfig } from '../../core/model-config';
import { type JsonObject, numberIn } from '../../core/json';
import { type Family, QKV } from './family';
import { windowJson, windowOfLayers } from './layer-types';

/** transformers' defaults of what a config.json leaves out. */
const DEFAULT_WINDOW = 4096;
const DEFAULT_FIRST = 28;

/** Layers have the window from `max_window_layers` on. */
export function qwenWindow(json: JsonObject, name: string) {
  const first = numberIn(json, 'max_window_layers') ?? DEFAULT_FIRST;
  return windowOfLayers(json, name, DEFAULT_WINDOW, (layer) => layer >= first);
}

/** `max_window_layers` is for versions of transformers before `layer_types`. */
export function qwenWindowJson(config: ModelConfig): JsonObject {
  const { slidingWindow, windowLayers } = config;
  return slidingWindow === undefined ? {} : { ...windowJson(config), max_window_layers: windowLayers?.[0] ?? 0 };
}

export const qwen2: Family = {
  architecture: 'qwen2',
  name: 'Qwen2',
  title: 'Qwen2 and 2.5',
  modelType: 'qwen2',
  className: 'Qwen2ForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'qwen2', halfSplit: true, noDivisors: true },
  biased: () => QKV,
  window: qwenWindow,
  toJson: qwenWindowJson,
};
