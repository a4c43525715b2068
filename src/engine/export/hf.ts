// A Hugging Face folder: config.json, shards of safetensors with their index, the tokenizer's files.
import { type Architecture, type ModelConfig, windowAt } from '../../core/model-config';
import type { TokenizerSpec } from '../../core/checkpoint';
import {
  planShards,
  safetensorsStream,
  shardIndex,
  type Shard,
  type StreamedTensor,
} from '../../formats/safetensors/writer';
import { PronkError } from '../../core/errors';
import { type FileTensor, inFiles, packedName } from '../../formats/checkpoint/packed';
import { expectedTensors, optionalBiases } from '../../formats/config/llama-config';
import { gemma3 } from '../../formats/families/gemma3';
import { scalingJson } from '../../formats/config/rope-scaling';
import type { WeightTensor } from '../../core/weight-kinds';
import { type FileContent, jsonFile, textFile } from './file';
import { inFolder } from './gains';
import { joinedBytes } from './rows';
import { huggingFaceTokenizer } from './tokenizer-files';

export type FloatType = 'f32' | 'f16';

/**
 * The files of a model.
 * @param tensors all of them of the kind `type`
 * @param shardBytes of data in a file, at most; default: 5 GB
 */
export function huggingFaceFiles(
  given: ModelConfig,
  tokenizer: TokenizerSpec,
  givenTensors: readonly WeightTensor[],
  type: FloatType,
  shardBytes?: number,
): FileContent[] {
  const family = familyOf(given);
  const { config, tensors } = inFolder({ config: given, tensors: givenTensors });
  const biased = biasesOf(config, family, tensors);
  const streamed = inFiles(tensors, family === 'phi3').map((each) => streamedTensor(each, config, type));
  const missing = biased.missing.map(([name, rows]) => zeros(name, rows, type));
  const shards = planShards(inOrder(config, [...streamed, ...missing]), shardBytes);
  return [
    jsonFile('config.json', configJson(config, tokenizer, family, biased.flags, type)),
    jsonFile('generation_config.json', ends(tokenizer)),
    ...huggingFaceTokenizer(tokenizer),
    ...shards.map(shardFile),
    ...(shards.length > 1 ? [textFile('model.safetensors.index.json', shardIndex(shards))] : []),
  ];
}

function shardFile({ file, tensors }: Shard): FileContent {
  const sizeOf = ({ dtype, shape }: StreamedTensor) =>
    shape.reduce((product, each) => product * each, dtype === 'F32' ? 4 : 2);
  return {
    name: file,
    size: tensors.reduce((sum, tensor) => sum + sizeOf(tensor), 0),
    pieces: () => safetensorsStream(tensors),
  };
}

function streamedTensor(
  { name, parts }: FileTensor<WeightTensor>,
  config: ModelConfig,
  type: FloatType,
): StreamedTensor {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const columns = parts[0]?.columns ?? 0;
  return {
    name,
    dtype: type === 'f32' ? 'F32' : 'F16',
    shape: rows === 1 ? [columns] : [rows, columns],
    bytes: () => joinedBytes(parts, config),
  };
}

function zeros(name: string, rows: number, type: FloatType): StreamedTensor {
  return {
    name,
    dtype: type === 'f32' ? 'F32' : 'F16',
    shape: [rows],
    async *bytes() {
      yield new Uint8Array(rows * (type === 'f32' ? 4 : 2));
    },
  };
}

/** The order of a model's layers, each bias behind its matrix. */
function inOrder(config: ModelConfig, tensors: readonly StreamedTensor[]): StreamedTensor[] {
  const order = new Map(
    [...expectedTensors(config).keys()].flatMap((name, i) => [
      [name, i],
      [packedName(name), i],
    ]),
  );
  const place = ({ name }: StreamedTensor) =>
    name.endsWith('.bias') ? (order.get(name.replace(/bias$/, 'weight')) ?? 0) + 0.5 : (order.get(name) ?? 0);
  return tensors.toSorted((a, b) => place(a) - place(b));
}

const OWN = ['qwen2', 'ministral3', 'phi3', 'gemma3'] as const satisfies readonly Architecture[];
type Family = 'llama' | 'mistral' | (typeof OWN)[number];

/** InternLM2 computes what LLaMA does, with its tensors apart; a window is Mistral's. */
function familyOf({ architecture, slidingWindow, windowLayers, rotaryDim }: ModelConfig): Family {
  const own = OWN.find((each) => each === architecture);
  if (own) return own;
  if (rotaryDim !== undefined) {
    const message = 'The model rotates a part of each head, which config.json can say of Phi-3 only.';
    throw new PronkError('unsupported-format', `${message} Write GGUF instead.`);
  }
  if (windowLayers) {
    const message = 'The model has a sliding window in some of its layers, which config.json can say of Qwen2 only.';
    throw new PronkError('unsupported-format', `${message} Write GGUF instead.`);
  }
  return architecture === 'mistral' || slidingWindow !== undefined ? 'mistral' : 'llama';
}

const ATTENTION = /self_attn\.[qkvo]_proj\.bias$/;
const MLP = /\.mlp\.\w+_proj\.bias$/;

/** LLaMA's biases are there all together or not at all: those that a model lacks are zero. Qwen2's stand for themselves. */
function biasesOf(config: ModelConfig, family: Family, tensors: readonly WeightTensor[]) {
  if (family !== 'llama') return { flags: {}, missing: [] };
  const names = new Set(tensors.map(({ name }) => name));
  const some = (which: RegExp) => [...names].some((name) => which.test(name));
  const flags = { attention_bias: some(ATTENTION), mlp_bias: some(MLP) };
  const wanted = Array.from(optionalBiases(config), ([name, [, rows]]) => [name, rows] as const).filter(
    ([name]) => (flags.attention_bias && ATTENTION.test(name)) || (flags.mlp_bias && MLP.test(name)),
  );
  return { flags, missing: wanted.filter(([name]) => !names.has(name)) };
}

const CLASSES = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  ministral3: 'Ministral3ForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  phi3: 'Phi3ForCausalLM',
  gemma3: 'Gemma3ForCausalLM',
} as const;

function ends({ bosId, eosIds }: TokenizerSpec) {
  return {
    ...(bosId !== undefined && { bos_token_id: bosId }),
    ...(eosIds.length > 0 && { eos_token_id: eosIds.length === 1 ? eosIds[0] : eosIds }),
  };
}

function configJson(
  config: ModelConfig,
  tokenizer: TokenizerSpec,
  family: Family,
  flags: object,
  type: FloatType,
): object {
  return {
    architectures: [CLASSES[family]],
    model_type: family === 'gemma3' ? gemma3.modelType : family,
    ...ends(tokenizer),
    ...flags,
    head_dim: config.headDim,
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.contextLength,
    ...(config.rotaryDim !== undefined && { partial_rotary_factor: rotatedPart(config) }),
    ...originalContext(config, family),
    num_attention_heads: config.numHeads,
    num_hidden_layers: config.numLayers,
    num_key_value_heads: config.numKeyValueHeads,
    rms_norm_eps: config.rmsNormEps,
    rope_scaling: scalingJson(config),
    rope_theta: config.ropeTheta,
    ...windowOf(config, family),
    ...(family === 'gemma3' && gemma3.toJson?.(config)),
    tie_word_embeddings: config.tieWordEmbeddings,
    torch_dtype: type === 'f32' ? 'float32' : 'float16',
    vocab_size: config.vocabSize,
  };
}

function windowOf(config: ModelConfig, family: Family): object {
  const { slidingWindow, numLayers } = config;
  if (family === 'mistral' || family === 'ministral3' || family === 'phi3')
    return { sliding_window: slidingWindow ?? null };
  if (family === 'llama' || family === 'gemma3' || slidingWindow === undefined) return {};
  const types = Array.from({ length: numLayers }, (_, layer) =>
    windowAt(config, layer) === undefined ? 'full_attention' : 'sliding_attention',
  );
  // for versions of transformers before layer_types
  const first = types.indexOf('sliding_attention');
  return { use_sliding_window: true, sliding_window: slidingWindow, max_window_layers: first, layer_types: types };
}

/** LongRoPE's original context. Phi-3 has one in any case, and a token for padding that must be in the vocabulary. */
function originalContext({ ropeScaling, contextLength }: ModelConfig, family: Family): object {
  const original = ropeScaling?.type === 'longrope' ? ropeScaling.originalContextLength : undefined;
  if (family === 'phi3') return { original_max_position_embeddings: original ?? contextLength, pad_token_id: null };
  return original === undefined ? {} : { original_max_position_embeddings: original };
}

/** The share of a head that rotates, such that its product with d, rounded down, is as many elements as there are. */
function rotatedPart({ headDim, rotaryDim = headDim }: ModelConfig): number {
  const share = rotaryDim / headDim;
  return Math.floor(headDim * share) === rotaryDim ? share : (rotaryDim + 0.5) / headDim;
}
