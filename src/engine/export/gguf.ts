// A model as a GGUF file that llama.cpp reads too.

import { type ModelConfig, type RopeScaling, rotaryDimOf } from '../../core/model-config';
import { elementTypeOf } from '../../quant/elements';
import type { ElementType, WeightKind, WeightTensor } from '../../core/weight-kinds';
import type { TokenizerSpec } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { windowPeriod } from '../../formats/families/gemma3';
import { checkInGguf, familyToWrite, ggufToWrite } from '../../formats/families/index';
import type { GgufValue } from '../../formats/gguf/gguf';
import { tokenizerMetadata } from './gguf-tokenizer';
import { type GgufStream, type GgufTensorContent, writeGguf } from '../../formats/gguf/writer';
import { type FileTensor, inFiles, packedToGguf } from '../../formats/checkpoint/packed';
import type { HeadRows } from '../../formats/checkpoint/permute';
import { toGgufName } from '../../formats/checkpoint/tensor-names';
import { yarnMagnitude } from '../../formats/config/rope-scaling';
import { DIVISOR_TENSORS, llama3Divisors, OWN_KEYS } from '../../formats/config/rope-scaling-gguf';
import { checkBiasesInGguf } from './biases';
import { inGguf } from './gains';
import { joinedBytes } from './rows';

type Yarn = Extract<RopeScaling, { readonly type: 'yarn' }>;

/** `general.file_type`, by the type of most weights. */
const FILE_TYPES: Readonly<Partial<Record<ElementType, number>>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  IQ4_NL: 25,
  BF16: 32,
};

/**
 * A model's GGUF file. Kinds that ggml has a type for keep every bit; others become F16.
 * @throws PronkError `unsupported-tokenizer`; `unsupported-format` for what GGUF cannot say; `unsupported-tensor` for a
 *   tensor that GGUF has no name for
 */
export function exportGguf(
  given: ModelConfig,
  tokenizer: TokenizerSpec,
  givenTensors: readonly WeightTensor[],
  meta: { readonly name: string; readonly licence?: string | undefined },
): GgufStream {
  const { config, tensors } = inGguf({ config: given, tensors: givenTensors });
  const { architecture, halfSplit, noDivisors = false } = ggufToWrite(config);
  const family = familyToWrite(config);
  checkInGguf(config);
  checkBiasesInGguf(config, tensors);
  const files = inFiles(tensors, family.packs === true);
  const contents = files.map((each) => contentOf(each, config, halfSplit ? config : undefined));
  return writeGguf({
    metadata: new Map<string, GgufValue>([
      ...general(architecture, tensors, meta),
      ...hyperparameters(config, architecture),
      ...tokenizerMetadata(tokenizer, config.vocabSize),
    ]),
    tensors: [...ropeDivisors(config, noDivisors), ...contents],
  });
}

function general(
  architecture: string,
  tensors: readonly WeightTensor[],
  { name, licence }: { readonly name: string; readonly licence?: string | undefined },
): Map<string, GgufValue> {
  const weights = new Map<ElementType, number>();
  for (const { kind, rows, columns } of tensors) {
    weights.set(typeOf(kind), (weights.get(typeOf(kind)) ?? 0) + rows * columns);
  }
  const [most] = Array.from(weights).toSorted(([, a], [, b]) => b - a)[0] ?? ['F32'];
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: name }],
    ...(licence ? [['general.license', { type: 'string', value: licence }] as const] : []),
    ['general.file_type', { type: 'u32', value: FILE_TYPES[most] ?? 1 }],
    ['general.quantization_version', { type: 'u32', value: 2 }],
  ]);
}

function hyperparameters(config: ModelConfig, architecture: string): Map<string, GgufValue> {
  const { headDim, slidingWindow, windowLayers } = config;
  const metadata = new Map<string, GgufValue>();
  const count = (key: string, value: number) => metadata.set(`${architecture}.${key}`, { type: 'u32', value });
  const real = (key: string, value: number) => metadata.set(`${architecture}.${key}`, { type: 'f32', value });
  count('vocab_size', config.vocabSize);
  count('context_length', config.contextLength);
  count('embedding_length', config.hiddenSize);
  count('block_count', config.numLayers);
  count('feed_forward_length', config.intermediateSize);
  count('attention.head_count', config.numHeads);
  count('attention.head_count_kv', config.numKeyValueHeads);
  count('attention.key_length', headDim);
  count('attention.value_length', headDim);
  real('attention.layer_norm_rms_epsilon', config.rmsNormEps);
  if (slidingWindow !== undefined) count('attention.sliding_window', slidingWindow);
  const period = config.architecture === 'gemma3' ? windowPeriod(config) : undefined;
  if (period !== undefined) count('attention.sliding_window_pattern', period);
  else if (windowLayers) {
    const value = Array.from({ length: config.numLayers }, (_, layer) => windowLayers.includes(layer));
    metadata.set(`${architecture}.attention.sliding_window_pattern`, { type: 'array', of: 'bool', value });
  }
  count('rope.dimension_count', rotaryDimOf(config));
  real('rope.freq_base', config.ropeTheta);
  if (config.localRopeTheta !== undefined) real('rope.freq_base_swa', config.localRopeTheta);
  scaling(config, architecture, metadata);
  if (config.queryScaling) {
    real('attention.temperature_scale', config.queryScaling.beta);
    count('rope.scaling.original_context_length', config.queryScaling.originalContextLength);
  }
  return metadata;
}

/** Metadata of scaled positions, in llama.cpp's words and, where it has none, in Pronk's. */
function scaling({ ropeScaling }: ModelConfig, architecture: string, metadata: Map<string, GgufValue>): void {
  const exact = (key: string, value: number) => metadata.set(key, { type: 'f64', value });
  const real = (key: string, value: number) => metadata.set(`${architecture}.${key}`, { type: 'f32', value });
  const count = (key: string, value: number) => metadata.set(`${architecture}.${key}`, { type: 'u32', value });
  switch (ropeScaling?.type) {
    case 'linear':
      metadata.set(`${architecture}.rope.scaling.type`, { type: 'string', value: 'linear' });
      real('rope.scaling.factor', ropeScaling.factor);
      break;
    case 'dynamic':
      // llama.cpp computes such a model up to its trained context, where nothing is scaled
      exact(OWN_KEYS.dynamic, ropeScaling.factor);
      break;
    case 'yarn':
      metadata.set(`${architecture}.rope.scaling.type`, { type: 'string', value: 'yarn' });
      real('rope.scaling.factor', ropeScaling.factor);
      count('rope.scaling.original_context_length', ropeScaling.originalContextLength);
      real('rope.scaling.yarn_beta_fast', ropeScaling.betaFast);
      real('rope.scaling.yarn_beta_slow', ropeScaling.betaSlow);
      yarnAttention(ropeScaling, architecture).forEach((value, key) => real(`rope.scaling.${key}`, value));
      break;
    case 'longrope':
      metadata.set(`${architecture}.rope.scaling.type`, { type: 'string', value: 'longrope' });
      count('rope.scaling.original_context_length', ropeScaling.originalContextLength);
      real('rope.scaling.attn_factor', ropeScaling.attentionFactor);
      break;
    case 'llama3': {
      count('rope.scaling.original_context_length', ropeScaling.originalContextLength);
      // llama.cpp reads the divisors, which do not say what they were computed from
      exact(OWN_KEYS.factor, ropeScaling.factor);
      exact(OWN_KEYS.low, ropeScaling.lowFrequencyFactor);
      exact(OWN_KEYS.high, ropeScaling.highFrequencyFactor);
      break;
    }
  }
}

/** llama.cpp makes an attention factor of its own, of which a multiplier of 1 leaves nothing, and multiplies it by another. */
function yarnAttention({ attentionFactor, factor }: Yarn, architecture: string): Map<string, number> {
  if (architecture !== 'mistral3') return new Map([['attn_factor', attentionFactor / yarnMagnitude(factor)]]);
  const plain = new Map([['yarn_log_multiplier', 1]]);
  return attentionFactor === 1 ? plain : plain.set('attn_factor', attentionFactor);
}

/** Divisors of each pair's frequency, as GGUF has them (convert_hf_to_gguf.py). */
function ropeDivisors(config: ModelConfig, noDivisors: boolean): GgufTensorContent[] {
  const lists = Object.entries(divisorLists(config)) as [keyof typeof DIVISOR_TENSORS, ArrayLike<number>][];
  if (lists.length > 0 && noDivisors) {
    const { name } = familyToWrite(config);
    const message = `GGUF files of ${name} models have no place for divisors of rotary frequencies, which this one has.`;
    throw new PronkError('unsupported-format', `${message} Write safetensors instead.`);
  }
  return lists.map(([which, list]) => {
    const divisors = Float32Array.from(list);
    return {
      name: DIVISOR_TENSORS[which],
      type: 'F32',
      shape: [divisors.length],
      async *pieces() {
        yield new Uint8Array(divisors.buffer);
      },
    };
  });
}

function divisorLists(config: ModelConfig): Partial<Record<keyof typeof DIVISOR_TENSORS, ArrayLike<number>>> {
  const { ropeScaling } = config;
  switch (ropeScaling?.type) {
    case 'llama3':
      return { all: llama3Divisors(ropeScaling, config) };
    case 'divisors':
      return { all: ropeScaling.divisors };
    case 'longrope':
      return { long: ropeScaling.long, short: ropeScaling.short };
    default:
      return {};
  }
}

function typeOf(kind: WeightKind): ElementType {
  return elementTypeOf(kind) ?? 'F16';
}

/** @param head of q and k rows that are to be written in half-split order; undefined where none are */
function contentOf(
  { name: own, parts }: FileTensor<WeightTensor>,
  config: ModelConfig,
  head: HeadRows | undefined,
): GgufTensorContent {
  const name = packedToGguf(own) ?? toGgufName(own, config);
  if (name === undefined) {
    throw new PronkError('unsupported-tensor', `The model has the tensor ${own}, which GGUF has no name for.`);
  }
  const types = [...new Set(parts.map(({ kind }) => typeOf(kind)))];
  const [type = 'F16'] = types;
  if (types.length > 1) {
    const message = `${name} would hold maps of several types (${types.join(', ')}): import the model with one quantization.`;
    throw new PronkError('unsupported-format', message);
  }
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const columns = parts[0]?.columns ?? 0;
  return { name, type, shape: rows === 1 ? [columns] : [columns, rows], pieces: () => joinedBytes(parts, head) };
}
