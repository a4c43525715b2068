import { type ModelConfig, windowAt } from '../../core/model-config';
import { corruptFile, unsupported } from '../../core/errors';
import { isObject, type JsonObject, numberIn } from '../../core/json';
import { type Family, windowed } from './family';

/** transformers' defaults of what a config.json leaves out. */
const DEFAULTS = {
  vocab_size: 262_208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  max_position_embeddings: 131_072,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
};
const GLOBAL_THETA = 1e6;
const LOCAL_THETA = 1e4;
/** Every so many layers one sees everything. */
const PERIOD = 6;
/** llama.cpp scales the scores of the model of this many layers, the largest, by the width of a query head's share of D. */
const LARGEST = 62;

const LAYER_TYPES: readonly unknown[] = ['full_attention', 'sliding_attention'];

/** Every so many layers of a model one has no window; undefined where the layers have no such rhythm. */
export function windowPeriod(config: ModelConfig): number | undefined {
  const { numLayers } = config;
  const has = Array.from({ length: numLayers }, (_, layer) => windowAt(config, layer) !== undefined);
  const first = has.indexOf(false) + 1 || numLayers + 1;
  return has.every((each, layer) => each === ((layer + 1) % first !== 0)) ? first : undefined;
}

/** What llama.cpp multiplies the scores by. */
function scaleInGguf({ numLayers, hiddenSize, numHeads, headDim }: ModelConfig): number {
  return (numLayers === LARGEST ? hiddenSize / numHeads : headDim) ** -0.5;
}

/** What every Gemma 3 has beside LLaMA's block. */
const ALWAYS = { activation: 'gelu_tanh', qkNorm: true, postNorms: true } as const satisfies Partial<ModelConfig>;

/** The text part of a configuration: models that read images have it as an object of its own. */
function textOf(json: JsonObject): JsonObject {
  return isObject(json['text_config']) ? json['text_config'] : json;
}

/** The rotary parameters of one kind of layers. */
function ropeOf(json: JsonObject, kind: string): JsonObject {
  const parameters = json['rope_parameters'];
  const own = isObject(parameters) ? parameters[kind] : undefined;
  return isObject(own) ? own : {};
}

function isWindowed(json: JsonObject, numLayers: number, name: string): (layer: number) => boolean {
  const types = json['layer_types'];
  if (types === undefined || types === null) {
    const period = numberIn(json, 'sliding_window_pattern') ?? PERIOD;
    return (layer) => (layer + 1) % period !== 0;
  }
  if (!Array.isArray(types) || types.length !== numLayers || !types.every((type) => LAYER_TYPES.includes(type))) {
    throw corruptFile(name, `its layer_types are not ${LAYER_TYPES.join(' or ')} for each of its ${numLayers} layers`);
  }
  return (layer) => types[layer] === 'sliding_attention';
}

/** 1/√scalar, unless that is what attention divides by anyway. */
function attentionScale(scalar: number | undefined, headDim: number | undefined) {
  return scalar === undefined || scalar === headDim ? {} : { attentionScale: scalar ** -0.5 };
}

export const gemma3: Family = {
  architecture: 'gemma3',
  name: 'Gemma 3',
  title: 'Gemma 3 (its text)',
  modelType: 'gemma3_text',
  className: 'Gemma3ForCausalLM',
  inTransformers: true,
  others: ['gemma3', 'gemma3forconditionalgeneration'],
  gguf: { architecture: 'gemma3', halfSplit: true },
  gainsLessOne: true,
  windowPeriod: PERIOD,

  plain(given, name) {
    const json: JsonObject = { ...DEFAULTS, ...textOf(given) };
    if (json['use_bidirectional_attention'] === true) {
      throw unsupported(name, 'describes a model that reads in both directions, which does not write text');
    }
    for (const key of ['final_logit_softcapping', 'attn_logit_softcapping']) {
      if ((json[key] ?? null) !== null) throw unsupported(name, `caps its logits (${key})`);
    }
    const activation = json['hidden_activation'];
    if (activation !== 'gelu_pytorch_tanh') throw unsupported(name, `asks for the activation ${String(activation)}`);
    const local = ropeOf(json, 'sliding_attention');
    const method = local['rope_type'] ?? local['type'] ?? 'default';
    if (method !== 'default')
      throw unsupported(name, `scales the positions of layers with a window by ${String(method)}`);
    const scaling = isObject(json['rope_scaling']) ? json['rope_scaling'] : {};
    const rope = { ...ropeOf(json, 'full_attention'), ...scaling };
    return {
      ...json,
      hidden_act: null,
      rope_scaling: null,
      rope_parameters: { rope_theta: numberIn(json, 'rope_theta') ?? GLOBAL_THETA, ...rope },
      rope_local_base_freq: numberIn(local, 'rope_theta') ?? numberIn(json, 'rope_local_base_freq') ?? LOCAL_THETA,
    };
  },

  more(json, numLayers, name) {
    const hiddenSize = numberIn(json, 'hidden_size') ?? 0;
    const window = windowed(numberIn(json, 'sliding_window'), numLayers, isWindowed(json, numLayers, name));
    return {
      ...ALWAYS,
      ...window,
      ...('slidingWindow' in window && { localRopeTheta: numberIn(json, 'rope_local_base_freq') ?? LOCAL_THETA }),
      embeddingScale: Math.sqrt(hiddenSize),
      ...attentionScale(numberIn(json, 'query_pre_attn_scalar'), numberIn(json, 'head_dim')),
    };
  },

  moreInGguf(number, { hiddenSize = 0, numHeads = 1, numLayers, headDim, slidingWindow }, name) {
    if (number('final_logit_softcapping')) throw unsupported(name, 'caps its logits');
    return {
      ...ALWAYS,
      ...(slidingWindow !== undefined && { localRopeTheta: number('rope.freq_base_swa') ?? LOCAL_THETA }),
      embeddingScale: Math.sqrt(hiddenSize),
      ...(numLayers === LARGEST && attentionScale(hiddenSize / numHeads, headDim)),
    };
  },

  toJson(config) {
    const { headDim, slidingWindow, attentionScale: scale = headDim ** -0.5 } = config;
    const types = Array.from({ length: config.numLayers }, (_, layer) =>
      windowAt(config, layer) === undefined ? 'full_attention' : 'sliding_attention',
    );
    return {
      hidden_act: undefined,
      hidden_activation: 'gelu_pytorch_tanh',
      query_pre_attn_scalar: Number((scale ** -2).toPrecision(9)),
      rope_local_base_freq: config.localRopeTheta ?? LOCAL_THETA,
      sliding_window: slidingWindow ?? DEFAULTS.sliding_window,
      layer_types: types,
    };
  },

  notInGguf(config) {
    const { headDim, attentionScale: scale = headDim ** -0.5 } = config;
    if (windowPeriod(config) === undefined) return 'GGUF files of Gemma 3 have no place for windows without a rhythm.';
    if (Math.abs(scale / scaleInGguf(config) - 1) < 1e-6) return undefined;
    return 'GGUF files of Gemma 3 have no place for scores that are scaled by a number of their own.';
  },

  note: (json) =>
    'vision_config' in json
      ? 'The model reads images, too. Pronk reads the part that reads and writes text, and leaves the rest out.'
      : undefined,

  rename(name) {
    const [, rest] = /^(?:model\.language_model|language_model\.model)\.(.+)$/.exec(name) ?? [];
    if (rest !== undefined) return `model.${rest}`;
    return name === 'language_model.lm_head.weight' ? 'lm_head.weight' : undefined;
  },
};
