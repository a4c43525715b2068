import { corruptFile } from '../../core/errors';
import { type JsonObject, numberIn } from '../../core/json';
import type { Family } from './family';
import { windowJson, windowOfLayers } from './layer-types';

/** Every fourth layer is without rotary positions unless config.json says otherwise; GGUF files cannot. */
const DEFAULT_INTERVAL = 4;

const everyNth = (numLayers: number, interval: number) =>
  Array.from({ length: numLayers }, (_, layer) => layer).filter((layer) => (layer + 1) % interval === 0);

/** The field of the configuration, which is absent where all layers rotate. */
const without = (nopeLayers: readonly number[]) => (nopeLayers.length > 0 ? { nopeLayers } : {});

/** Layers without rotary positions: `no_rope_layers` has a 1 for each layer that has them. */
function nopeLayersOf(json: JsonObject, numLayers: number, name: string): readonly number[] {
  const list = json['no_rope_layers'];
  if (list === undefined || list === null) {
    const interval = numberIn(json, 'no_rope_layer_interval') ?? DEFAULT_INTERVAL;
    if (!Number.isInteger(interval) || interval < 1) {
      throw corruptFile(name, `its no_rope_layer_interval is ${interval}`);
    }
    return everyNth(numLayers, interval);
  }
  const marks: readonly unknown[] = Array.isArray(list) ? list.slice(0, numLayers).map(Number) : [];
  if (marks.length !== numLayers || !marks.every((mark) => mark === 0 || mark === 1)) {
    throw corruptFile(name, `its no_rope_layers are not 0 or 1 for each of its ${numLayers} layers`);
  }
  return marks.flatMap((mark, layer) => (mark === 0 ? [layer] : []));
}

/** LLaMA with layers that have no rotary positions. */
export const smollm3: Family = {
  architecture: 'smollm3',
  name: 'SmolLM3',
  title: 'SmolLM3',
  modelType: 'smollm3',
  className: 'SmolLM3ForCausalLM',
  inTransformers: true,
  gguf: { architecture: 'smollm3', halfSplit: false, noDivisors: true },
  defaults: { ropeTheta: 2_000_000 },
  biasFlags: ['attention_bias', 'mlp_bias'],
  window(json, name) {
    const nope = nopeLayersOf(json, Math.min(1024, numberIn(json, 'num_hidden_layers') ?? 0), name);
    return windowOfLayers(json, name, undefined, (layer) => nope.includes(layer));
  },
  more(json, numLayers, name) {
    return without(nopeLayersOf(json, numLayers, name));
  },
  moreInGguf: (_, { numLayers = 0 }) => without(everyNth(Math.min(1024, numLayers), DEFAULT_INTERVAL)),
  toJson(config) {
    const marks = Array.from({ length: config.numLayers }, (_, layer) => Number(!config.nopeLayers?.includes(layer)));
    // transformers' own token for padding need not be in the vocabulary
    return { no_rope_layers: marks, pad_token_id: null, ...windowJson(config) };
  },
  notInGguf({ numLayers, nopeLayers = [] }) {
    if (String(nopeLayers) === String(everyNth(numLayers, DEFAULT_INTERVAL))) return undefined;
    return 'GGUF files of SmolLM3 leave every fourth layer without rotary positions, and this model leaves others.';
  },
};
