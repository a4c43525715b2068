// A model's hyperparameters from Hugging Face's config.json or from GGUF metadata, and the tensors that they call for.

import type { ModelConfig } from './checkpoint';
import { corruptFile } from './errors';
import { type Family, familyOfGguf } from './families/index';
import type { GgufFile } from './gguf';
import { type JsonObject, isObject, numberIn, stringIn } from './json';
import { unsupported } from './unsupported';

type RopeScaling = ModelConfig['ropeScaling'];

/**
 * config.json of a family's model.
 * @param hasHead whether the files hold `lm_head.weight`; without it the embedding is the head, whatever the flag says
 */
export function configFromJson(json: JsonObject, name: string, family: Family, hasHead: boolean): ModelConfig {
  const activation = stringIn(json, 'hidden_act') ?? 'silu';
  if (activation !== 'silu') throw unsupported(name, `asks for the activation ${activation}`);
  if ((numberIn(json, 'partial_rotary_factor') ?? 1) !== 1) throw unsupported(name, 'rotates only a part of each head');
  const wrong = OPTIONAL.find((key) => (json[key] ?? 0) !== 0 && typeof json[key] !== 'number');
  if (wrong) throw corruptFile(name, `its ${wrong} is not a number`);
  const width = numberIn(json, 'hidden_size');
  const heads = numberIn(json, 'num_attention_heads', 'num_heads');
  const rope = isObject(json['rope_parameters']) ? json['rope_parameters'] : {};
  const ropeScaling = scalingFromJson(isObject(json['rope_scaling']) ? json['rope_scaling'] : rope, name);
  const contextLength = numberIn(json, 'max_position_embeddings', 'max_sequence_length') ?? 2048;
  const window = family.window?.(json, name);
  return checked(
    {
      architecture: family.architecture,
      vocabularySize: numberIn(json, 'vocab_size'),
      width,
      feedForwardWidth: numberIn(json, 'intermediate_size'),
      layers: numberIn(json, 'num_hidden_layers'),
      heads,
      keyValueHeads: numberIn(json, 'num_key_value_heads') ?? heads,
      headWidth: numberIn(json, 'head_dim') ?? (width && heads && width / heads),
      contextLength,
      normEpsilon: numberIn(json, 'rms_norm_eps') ?? 1e-6,
      ropeTheta: numberIn(json, 'rope_theta') ?? numberIn(rope, 'rope_theta') ?? 10000,
      ...(ropeScaling && { ropeScaling }),
      tiedHead: json['tie_word_embeddings'] === true || !hasHead,
      ...(window !== undefined && window < contextLength && { slidingWindow: window }),
    },
    name,
  );
}

/** What a model may leave out or give as null. Anything else must not pass for that. */
const OPTIONAL = ['num_key_value_heads', 'head_dim', 'rms_norm_eps', 'rope_theta', 'sliding_window'] as const;

function scalingFromJson(json: JsonObject, name: string): RopeScaling {
  const type = stringIn(json, 'rope_type', 'type') ?? 'default';
  const factor = numberIn(json, 'factor') ?? 1;
  // dynamic scaling begins where the trained context ends, and Pronk's does too
  if (type === 'default' || type === 'dynamic') return undefined;
  if (type === 'linear') return factor === 1 ? undefined : { type, factor };
  if (type === 'llama3') {
    return {
      type,
      factor,
      lowFrequencyFactor: numberIn(json, 'low_freq_factor') ?? 1,
      highFrequencyFactor: numberIn(json, 'high_freq_factor') ?? 4,
      originalContextLength: numberIn(json, 'original_max_position_embeddings') ?? 8192,
    };
  }
  throw unsupported(name, `scales its rotary positions by the method ${type} (linear and llama3 are known)`);
}

/**
 * GGUF metadata of a model.
 * @param ropeFactors values of the tensor `rope_freqs.weight`, where there is one: Llama-3 scaling as divisors, d/2 of them
 */
export function configFromGguf(file: GgufFile, ropeFactors?: Float32Array): ModelConfig {
  const { name } = file.source;
  const value = (key: string) => file.metadata.get(key)?.value;
  const family = familyOfGguf(value('general.architecture'), name);
  const prefix = family.gguf.architecture;
  const number = (key: string) => {
    const found = value(`${prefix}.${key}`);
    return typeof found === 'number' ? found : undefined;
  };
  if (number('expert_count')) throw unsupported(name, 'holds a mixture of experts');
  const width = number('embedding_length');
  const heads = number('attention.head_count');
  const headWidth = number('attention.key_length') ?? (width && heads && width / heads);
  const rotated = number('rope.dimension_count') ?? headWidth;
  if (rotated !== headWidth) throw unsupported(name, 'rotates only a part of each head');
  if ((number('attention.value_length') ?? headWidth) !== headWidth)
    throw unsupported(name, 'has values wider than keys');
  const embedding = file.tensors.find((tensor) => tensor.name === 'token_embd.weight');
  const ropeTheta = number('rope.freq_base') ?? 10000;
  const method = value(`${prefix}.rope.scaling.type`) ?? 'none';
  const factor = number('rope.scaling.factor') ?? number('rope.scale_linear') ?? 1;
  if (method !== 'none' && method !== 'linear')
    throw unsupported(name, `scales its rotary positions by ${String(method)}`);
  const linear: RopeScaling = method === 'none' || factor === 1 ? undefined : { type: 'linear', factor };
  const original = number('rope.scaling.original_context_length');
  const ropeScaling = ropeFactors ? scalingFromFactors(ropeFactors, ropeTheta, name, original) : linear;
  const contextLength = number('context_length') ?? 2048;
  const window = number('attention.sliding_window') || undefined;
  return checked(
    {
      architecture: family.architecture,
      vocabularySize: embedding?.shape[1] ?? number('vocab_size'),
      width,
      feedForwardWidth: number('feed_forward_length'),
      layers: number('block_count'),
      heads,
      keyValueHeads: number('attention.head_count_kv') ?? heads,
      headWidth,
      contextLength,
      normEpsilon: number('attention.layer_norm_rms_epsilon') ?? 1e-5,
      ropeTheta,
      ...(ropeScaling && { ropeScaling }),
      tiedHead: !file.tensors.some((tensor) => tensor.name === 'output.weight'),
      ...(window !== undefined && window < contextLength && { slidingWindow: window }),
    },
    name,
  );
}

/**
 * The llama3 parameters behind GGUF's divisors. A GGUF file writes the divisors alone, so the factors of the models that
 * Meta has published (1, 4) are assumed and checked against them.
 */
function scalingFromFactors(divisors: Float32Array, theta: number, name: string, original = 8192): RopeScaling {
  const factor = divisors.reduce((largest, each) => Math.max(largest, each), 1);
  if (divisors.every((each) => each === 1)) return undefined;
  const agrees = divisors.every((divisor, i) => {
    const turns = (original * theta ** (-i / divisors.length)) / (2 * Math.PI);
    const smooth = Math.min(1, Math.max(0, (turns - 1) / 3));
    return Math.abs(divisor * ((1 - smooth) / factor + smooth) - 1) < 1e-4;
  });
  if (!agrees) throw unsupported(name, 'scales its rotary positions by its own table');
  return { type: 'llama3', factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: original };
}

/** A configuration whose sizes may be missing or wrong. */
export type Draft = { [K in keyof ModelConfig]: ModelConfig[K] | (K extends keyof Limits ? undefined : never) };
type Limits = typeof LIMITS;

/** The largest plausible value of each size: what exceeds it is damage, not a model. */
const LIMITS = {
  vocabularySize: 1 << 24,
  width: 1 << 17,
  feedForwardWidth: 1 << 20,
  layers: 1024,
  heads: 4096,
  keyValueHeads: 4096,
  headWidth: 1 << 14,
  contextLength: 1 << 30,
} as const;

/**
 * A configuration whose sizes make sense together.
 * @throws PronkError `corrupt-file`
 */
export function checked(draft: Draft, name: string): ModelConfig {
  for (const [key, limit] of Object.entries(LIMITS) as [keyof Limits, number][]) {
    const value = draft[key];
    if (!Number.isInteger(value) || !((value as number) >= 1 && (value as number) <= limit)) {
      throw corruptFile(name, `its ${key} is ${String(value)}`);
    }
  }
  const config = draft as ModelConfig;
  if (config.headWidth % 2) throw corruptFile(name, `its headWidth is odd (${config.headWidth})`);
  if (config.heads % config.keyValueHeads) throw corruptFile(name, 'its heads are no multiple of its key/value heads');
  const { slidingWindow = 1 } = config;
  if (!Number.isInteger(slidingWindow) || slidingWindow < 1)
    throw corruptFile(name, `its slidingWindow is ${slidingWindow}`);
  const { factor } = config.ropeScaling ?? { factor: 1 };
  for (const value of [config.ropeTheta, config.normEpsilon, factor]) {
    if (!(value > 0 && value < Infinity))
      throw corruptFile(name, 'its normEpsilon or rope parameters are not positive');
  }
  return config;
}

/** Every tensor that a model must have, with its rows and columns (a vector has one row). */
export function expectedTensors(config: ModelConfig): Map<string, readonly [rows: number, columns: number]> {
  const { width: D, heads, keyValueHeads, headWidth, feedForwardWidth: F, vocabularySize: V } = config;
  const expected = new Map<string, readonly [number, number]>([['model.embed_tokens.weight', [V, D]]]);
  for (let layer = 0; layer < config.layers; layer++) {
    const add = (part: string, rows: number, columns: number) =>
      expected.set(`model.layers.${layer}.${part}.weight`, [rows, columns]);
    add('input_layernorm', 1, D);
    add('self_attn.q_proj', heads * headWidth, D);
    add('self_attn.k_proj', keyValueHeads * headWidth, D);
    add('self_attn.v_proj', keyValueHeads * headWidth, D);
    add('self_attn.o_proj', D, heads * headWidth);
    add('post_attention_layernorm', 1, D);
    add('mlp.gate_proj', F, D);
    add('mlp.up_proj', F, D);
    add('mlp.down_proj', D, F);
  }
  expected.set('model.norm.weight', [1, D]);
  if (!config.tiedHead) expected.set('lm_head.weight', [V, D]);
  return expected;
}

/** Biases that a model may have beside its matrices. */
export function optionalBiases(config: ModelConfig): Map<string, readonly [rows: number, columns: number]> {
  const biases = new Map<string, readonly [number, number]>();
  for (const [name, [rows]] of expectedTensors(config)) {
    if (name.includes('_proj.')) biases.set(name.replace(/weight$/, 'bias'), [1, rows]);
  }
  return biases;
}
