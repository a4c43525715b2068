// A model's hyperparameters from Hugging Face's config.json or from GGUF metadata, and the tensors that they call for.

import { layerNorms, type ModelConfig, POSITION_OFFSET, POSITIONS, rotaryDimOf } from '../../core/model-config';
import { corruptFile, unsupported } from '../../core/errors';
import { type Family, type Window, familyOfGguf, windowed } from '../families/index';
import type { GgufFile, GgufValue } from '../gguf/gguf';
import { type JsonObject, numberIn, stringIn } from '../../core/json';
import { ropeIn, scalingFromJson } from './rope-scaling';
import { type Divisors, scalingFromGguf } from './rope-scaling-gguf';

/**
 * config.json of a family's model, in LLaMA's keys.
 * @param hasHead whether the files hold an output matrix of its own; without it the embedding is the head
 */
export function configFromJson(json: JsonObject, name: string, family: Family, hasHead: boolean): ModelConfig {
  const activation = stringIn(json, 'hidden_act') ?? 'silu';
  if (!SILU.test(activation)) throw unsupported(name, `asks for the activation ${activation}`);
  const rope = family.rope?.(ropeIn(json), json) ?? ropeIn(json);
  const rotatedPart = numberIn(rope, 'partial_rotary_factor') ?? numberIn(json, 'partial_rotary_factor') ?? 1;
  if (rotatedPart !== 1 && !family.rotatesPart) throw unsupported(name, 'rotates only a part of each head');
  const wrong = OPTIONAL.find((key) => (json[key] ?? 0) !== 0 && typeof json[key] !== 'number');
  if (wrong) throw corruptFile(name, `its ${wrong} is not a number`);
  const hiddenSize = numberIn(json, 'hidden_size');
  const numHeads = numberIn(json, 'num_attention_heads', 'num_heads');
  const contextLength = numberIn(json, 'max_position_embeddings', 'max_sequence_length') ?? 2048;
  const numLayers = numberIn(json, 'num_hidden_layers');
  const headDim =
    numberIn(json, 'head_dim') ?? family.defaults?.headDim ?? (hiddenSize && numHeads && hiddenSize / numHeads);
  // beside the rotary parameters it goes before the one within, as in transformers
  const originalContextLength =
    numberIn(json, 'original_max_position_embeddings') ??
    numberIn(rope, 'original_max_position_embeddings') ??
    contextLength;
  const ropeScaling = scalingFromJson(rope, { contextLength, originalContextLength, name });
  const beta = family.scalesQueries ? numberIn(rope, 'llama_4_scaling_beta') : undefined;
  return checked(
    {
      architecture: family.architecture,
      vocabSize: numberIn(json, 'vocab_size'),
      hiddenSize,
      intermediateSize: numberIn(json, 'intermediate_size'),
      numLayers,
      numHeads,
      numKeyValueHeads: numberIn(json, 'num_key_value_heads') ?? numHeads,
      headDim,
      ...(rotatedPart !== 1 && headDim && { rotaryDim: Math.floor(headDim * rotatedPart) }),
      contextLength,
      rmsNormEps: numberIn(json, 'rms_norm_eps') ?? 1e-6,
      ropeTheta: numberIn(rope, 'rope_theta') ?? numberIn(json, 'rope_theta') ?? family.defaults?.ropeTheta ?? 10000,
      ...(ropeScaling && { ropeScaling }),
      ...(beta && { queryScaling: { beta, originalContextLength } }),
      // whatever tie_word_embeddings says: transformers uses a head that is in the files, too
      tieWordEmbeddings: !hasHead,
      ...family.window?.(json, name),
      ...(family.gainsLessOne && { unitOffsetNorm: true as const }),
      ...family.more?.(json, listed(numLayers), name),
    },
    name,
  );
}

/** Layers that a list may be made for: what exceeds the limit is refused afterwards. */
const listed = (numLayers: number | undefined) => Math.min(numLayers ?? 0, LIMITS.numLayers);

/** Two names of one function. */
const SILU = /^(silu|swish)$/i;

/** What a model may leave out or give as null. Anything else must not pass for that. */
const OPTIONAL = ['num_key_value_heads', 'head_dim', 'rms_norm_eps', 'rope_theta', 'sliding_window'] as const;

/**
 * GGUF metadata of a model.
 * @param divisors values of the tensors that `DIVISOR_TENSORS` names, where there are such
 */
export function configFromGguf(file: GgufFile, divisors: Divisors = {}): ModelConfig {
  const { name } = file.source;
  const value = (key: string) => file.metadata.get(key)?.value;
  const family = familyOfGguf(value('general.architecture'), name);
  const prefix = family.gguf.architecture;
  const number = (key: string) => numberOf(file.metadata.get(`${prefix}.${key}`), key, name);
  if (number('expert_count')) throw unsupported(name, 'holds a mixture of experts');
  const hiddenSize = number('embedding_length');
  const numHeads = number('attention.head_count');
  const headDim = number('attention.key_length') ?? (hiddenSize && numHeads && hiddenSize / numHeads);
  const rotaryDim = number('rope.dimension_count') ?? headDim;
  if ((number('attention.value_length') ?? headDim) !== headDim) throw unsupported(name, 'has values wider than keys');
  const embedding = file.tensors.find((tensor) => tensor.name === 'token_embd.weight');
  const ropeTheta = number('rope.freq_base') ?? 10000;
  const contextLength = number('context_length') ?? 2048;
  const method = value(`${prefix}.rope.scaling.type`);
  const rotated = { headDim: headDim ?? 0, rotaryDim: rotaryDim ?? 0, ropeTheta };
  const own = (key: string) => numberOf(file.metadata.get(key), key, name);
  const ropeScaling = scalingFromGguf({ ...rotated, number, method, contextLength, divisors, name }, own);
  const beta = family.scalesQueries ? number('attention.temperature_scale') : undefined;
  const originalContextLength = number('rope.scaling.original_context_length') ?? contextLength;
  const numLayers = number('block_count');
  const window = windowFromGguf(
    number('attention.sliding_window') || undefined,
    file.metadata.get(`${prefix}.attention.sliding_window_pattern`),
    family.windowPeriod === undefined ? undefined : { period: family.windowPeriod, numLayers: listed(numLayers) },
  );
  return checked(
    {
      architecture: family.architecture,
      vocabSize: embedding?.shape[1] ?? number('vocab_size'),
      hiddenSize,
      intermediateSize: number('feed_forward_length'),
      numLayers,
      numHeads,
      numKeyValueHeads: number('attention.head_count_kv') ?? numHeads,
      headDim,
      ...(rotaryDim !== headDim && rotaryDim !== undefined && { rotaryDim }),
      contextLength,
      rmsNormEps: number('attention.layer_norm_rms_epsilon') ?? 1e-5,
      ropeTheta,
      ...(ropeScaling && { ropeScaling }),
      ...(beta && { queryScaling: { beta, originalContextLength } }),
      tieWordEmbeddings: !file.tensors.some((tensor) => tensor.name === 'output.weight'),
      ...window,
      ...family.moreInGguf?.(number, { hiddenSize, numHeads, numLayers, headDim, ...window }, name),
    },
    name,
  );
}

/**
 * Layers with a window are marked one by one, or by a number: every so many layers one has none.
 * @param periodic the number where the file gives none; without it the family has no such rhythm
 */
function windowFromGguf(
  slidingWindow: number | undefined,
  pattern: GgufValue | undefined,
  periodic: { readonly period: number; readonly numLayers: number } | undefined,
): Window {
  if (slidingWindow === undefined) return {};
  if (pattern?.type === 'array') {
    return windowed(slidingWindow, pattern.value.length, (layer) => Number(pattern.value[layer]) === 1);
  }
  if (!periodic) return { slidingWindow };
  const period = Number(pattern?.value ?? periodic.period);
  return windowed(slidingWindow, periodic.numLayers, (layer) => (layer + 1) % period !== 0);
}

/**
 * A number of GGUF's metadata. What may differ between layers can be a list of one number for each.
 * @throws PronkError `unsupported-architecture` where layers differ, `corrupt-file` for anything but numbers
 */
function numberOf(found: GgufValue | undefined, key: string, name: string): number | undefined {
  if (found === undefined || typeof found.value === 'number') return found?.value as number | undefined;
  if (found.type !== 'array' || !found.value.every((each) => typeof each === 'number') || !found.value.length) {
    throw corruptFile(name, `its ${key} is not a number`);
  }
  const values = [...new Set(found.value as readonly number[])];
  if (values.length === 1) return values[0];
  throw unsupported(name, `has layers that differ from each other in ${key} (${values.slice(0, 4).join(', ')}, …)`);
}

/** A configuration whose sizes may be missing or wrong. */
export type Draft = { [K in keyof ModelConfig]: ModelConfig[K] | (K extends keyof Limits ? undefined : never) };
type Limits = typeof LIMITS;

/** The largest plausible value of each size: what exceeds it is damage, not a model. */
const LIMITS = {
  vocabSize: 1 << 24,
  hiddenSize: 1 << 17,
  intermediateSize: 1 << 20,
  numLayers: 1024,
  numHeads: 4096,
  numKeyValueHeads: 4096,
  headDim: 1 << 14,
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
  if (config.headDim % 2) throw corruptFile(name, `its headDim is odd (${config.headDim})`);
  const rotated = rotaryDimOf(config);
  if (!(Number.isInteger(rotated) && rotated >= 2 && rotated <= config.headDim) || rotated % 2) {
    throw corruptFile(name, `${rotated} of the ${config.headDim} elements of a head are to rotate`);
  }
  if (config.numHeads % config.numKeyValueHeads)
    throw corruptFile(name, 'its heads are no multiple of its key/value heads');
  const { slidingWindow = 1 } = config;
  if (!Number.isInteger(slidingWindow) || slidingWindow < 1)
    throw corruptFile(name, `its slidingWindow is ${slidingWindow}`);
  for (const list of divisorsOf(config)) {
    if (list.length === rotated / 2) continue;
    throw corruptFile(name, `it has ${list.length} divisors for the ${rotated / 2} pairs of a head`);
  }
  for (const value of [config.ropeTheta, config.rmsNormEps, ...scalingNumbers(config)]) {
    if (!(value > 0 && value < Infinity)) throw corruptFile(name, 'its rmsNormEps or rope parameters are not positive');
  }
  return config;
}

/** Lists with a divisor for each rotated pair. */
function divisorsOf({ ropeScaling: scaling }: ModelConfig): readonly (readonly number[])[] {
  if (scaling?.type === 'divisors') return [scaling.divisors];
  return scaling?.type === 'longrope' ? [scaling.short, scaling.long] : [];
}

/** What a scaling divides or multiplies by. */
function scalingNumbers(config: ModelConfig): readonly number[] {
  const { ropeScaling, queryScaling } = config;
  const numbers = Object.values(ropeScaling ?? {}).filter((value) => typeof value === 'number');
  return [...numbers, ...divisorsOf(config).flat(), ...(queryScaling ? [queryScaling.originalContextLength] : [])];
}

/** Every tensor that a model must have, with its rows and columns (a vector has one row). */
export function expectedTensors(config: ModelConfig): Map<string, readonly [rows: number, columns: number]> {
  const { hiddenSize: D, numHeads, numKeyValueHeads, headDim, intermediateSize: F, vocabSize: V } = config;
  const expected = new Map<string, readonly [number, number]>([['model.embed_tokens.weight', [V, D]]]);
  const addNorm = (stem: string) => {
    expected.set(`${stem}.weight`, [1, D]);
    if (config.layerNorm) expected.set(`${stem}.bias`, [1, D]);
  };
  if (config.learnedPositions) expected.set(POSITIONS, [config.contextLength + POSITION_OFFSET, D]);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const add = (part: string, rows: number, columns: number) =>
      expected.set(`model.layers.${layer}.${part}.weight`, [rows, columns]);
    const norms = layerNorms(config);
    for (const norm of [norms.attention, norms.afterAttention]) if (norm) addNorm(`model.layers.${layer}.${norm}`);
    add('self_attn.q_proj', numHeads * headDim, D);
    add('self_attn.k_proj', numKeyValueHeads * headDim, D);
    add('self_attn.v_proj', numKeyValueHeads * headDim, D);
    if (config.qkNorm) for (const each of ['q_norm', 'k_norm']) add(`self_attn.${each}`, 1, headDim);
    add('self_attn.o_proj', D, numHeads * headDim);
    for (const norm of [norms.feedForward, norms.afterFeedForward]) if (norm) addNorm(`model.layers.${layer}.${norm}`);
    if (!config.feedForward) add('mlp.gate_proj', F, D);
    add('mlp.up_proj', F, D);
    add('mlp.down_proj', D, F);
  }
  addNorm('model.norm');
  if (!config.tieWordEmbeddings) expected.set('lm_head.weight', [V, D]);
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
