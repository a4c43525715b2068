// A Hugging Face folder: config.json, shards of safetensors with their index, the tokenizer's files.
import type { ModelConfig } from '../../core/model-config';
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
import { BIAS_FLAGS, type BiasFlag, type Family, familyToWrite } from '../../formats/families/index';
import { expectedTensors, optionalBiases } from '../../formats/config/llama-config';
import { scalingJson } from '../../formats/config/rope-scaling';
import type { WeightTensor } from '../../core/weight-kinds';
import { checkBiasesInFolder } from './biases';
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
  const family = familyToWrite(given);
  const { config, tensors } = inFolder({ config: given, tensors: givenTensors });
  checkBiasesInFolder(config, tensors);
  const biased = biasesOf(config, family, tensors);
  const streamed = inFiles(tensors, family.packs === true).map((each) => streamedTensor(each, config, type));
  const missing = biased.missing.map(([name, rows]) => zeros(name, rows, type));
  const named = (tensor: StreamedTensor) => ({ ...tensor, name: family.ownName?.(tensor.name) ?? tensor.name });
  const shards = planShards(inOrder(config, [...streamed, ...missing]).map(named), shardBytes);
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

/** Biases that a key asks for are there all together or not at all: those that a model lacks are zero. Others stand for themselves. */
function biasesOf(config: ModelConfig, { biasFlags = [] }: Family, tensors: readonly WeightTensor[]) {
  const names = new Set(tensors.map(({ name }) => name));
  const isOf = (flag: BiasFlag, name: string) => BIAS_FLAGS[flag].some((stem) => name.endsWith(`.${stem}.bias`));
  const set = biasFlags.filter((flag) => [...names].some((name) => isOf(flag, name)));
  const wanted = Array.from(optionalBiases(config), ([name, [, rows]]) => [name, rows] as const).filter(([name]) =>
    set.some((flag) => isOf(flag, name)),
  );
  const flags = Object.fromEntries(biasFlags.map((flag) => [flag, set.includes(flag)]));
  return { flags, missing: wanted.filter(([name]) => !names.has(name)) };
}

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
    architectures: [family.className],
    model_type: family.modelType,
    ...ends(tokenizer),
    ...flags,
    head_dim: config.headDim,
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.contextLength,
    ...rotatedPart(config, family),
    ...originalContext(config),
    num_attention_heads: config.numHeads,
    num_hidden_layers: config.numLayers,
    num_key_value_heads: config.numKeyValueHeads,
    rms_norm_eps: config.rmsNormEps,
    rope_scaling: scalingJson(config),
    rope_theta: config.ropeTheta,
    ...family.toJson?.(config),
    tie_word_embeddings: config.tieWordEmbeddings,
    torch_dtype: type === 'f32' ? 'float32' : 'float16',
    vocab_size: config.vocabSize,
  };
}

/** LongRoPE's original context, which stands beside the scaling. */
function originalContext({ ropeScaling }: ModelConfig): object {
  return ropeScaling?.type === 'longrope'
    ? { original_max_position_embeddings: ropeScaling.originalContextLength }
    : {};
}

/** The share of a head that rotates, such that its product with d, rounded down, is as many elements as there are. */
function rotatedPart({ headDim, rotaryDim }: ModelConfig, { rotatesPart }: Family): object {
  if (rotaryDim === undefined) return {};
  if (!rotatesPart) {
    const message = 'The model rotates a part of each head, which config.json can say of Phi-3 only.';
    throw new PronkError('unsupported-format', `${message} Write GGUF instead.`);
  }
  const share = rotaryDim / headDim;
  const exact = Math.floor(headDim * share) === rotaryDim;
  return { partial_rotary_factor: exact ? share : (rotaryDim + 0.5) / headDim };
}
