// Windows that config.json gives layer by layer, as Qwen's and SmolLM3's do.
import { type ModelConfig, windowAt } from '../../core/model-config';
import { corruptFile } from '../../core/errors';
import { type JsonObject, numberIn } from '../../core/json';
import type { Window } from './family';

/**
 * The window of a configuration with `use_sliding_window`: of the layers that `layer_types` names, else of those that have it
 * without such a list.
 * @param wide the window where config.json is silent
 * @param has whether a layer has it where no list says so
 * @throws PronkError `corrupt-file`
 */
export function windowOfLayers(
  json: JsonObject,
  name: string,
  wide: number | undefined,
  has: (layer: number) => boolean,
): Window {
  const given = 'sliding_window' in json ? numberIn(json, 'sliding_window') : wide;
  const slidingWindow = json['use_sliding_window'] === true ? given : undefined;
  const numLayers = numberIn(json, 'num_hidden_layers') ?? 0;
  const layers = Array.from({ length: Math.min(1024, numLayers) }, (_, layer) => layer);
  const types = typesOf(json, name, layers.length);
  const windowLayers = layers.filter((layer) =>
    types ? types[layer] === 'sliding_attention' : slidingWindow !== undefined && has(layer),
  );
  if (windowLayers.length === 0) return {};
  if (slidingWindow === undefined) {
    throw corruptFile(name, 'its layer_types ask for a sliding window, and it gives none (use_sliding_window)');
  }
  return windowLayers.length === numLayers ? { slidingWindow } : { slidingWindow, windowLayers };
}

function typesOf(json: JsonObject, name: string, numLayers: number): readonly unknown[] | undefined {
  const types = json['layer_types'];
  if (types === undefined || types === null) return undefined;
  const known: readonly unknown[] = ['full_attention', 'sliding_attention'];
  if (!Array.isArray(types) || types.length !== numLayers || !types.every((type) => known.includes(type))) {
    const problem = `its layer_types are not full_attention or sliding_attention for each of its ${numLayers} layers`;
    throw corruptFile(name, problem);
  }
  return types;
}

/** What config.json says of such a window; nothing where there is none. */
export function windowJson(config: ModelConfig): JsonObject {
  const { slidingWindow, numLayers } = config;
  if (slidingWindow === undefined) return {};
  const types = Array.from({ length: numLayers }, (_, layer) =>
    windowAt(config, layer) === undefined ? 'full_attention' : 'sliding_attention',
  );
  return { use_sliding_window: true, sliding_window: slidingWindow, layer_types: types };
}
