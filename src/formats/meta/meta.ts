// Meta's own checkpoints (llama/model.py and generation.py of github.com/meta-llama/llama): consolidated.NN.pth, one for
// each GPU that the model was cut for, and params.json. q and k are in interleaved order already.

import type { ModelConfig } from '../../core/model-config';
import { checkTensors } from '../checkpoint/check-tensors';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { fromDirectory } from '../checkpoint/directory';
import { PronkError, corruptFile, missingFile } from '../../core/errors';
import type { ModelFiles } from '../checkpoint/files';
import { folderName } from '../checkpoint/folder';
import { type JsonObject, numberIn } from '../../core/json';
import { type Draft, checked, expectedTensors } from '../config/llama-config';
import { fromMetaName } from '../checkpoint/tensor-names';
import { baseName } from '../../core/source';
import { tokenizerFromFiles } from '../tokenizer/tokenizer-files';
import type { TorchFile, TorchTensor } from '../torch/torch';
import { joinColumns, joinRows } from '../checkpoint/views';

/** Whether a directory has Meta's names. */
export function isMeta({ tensors }: TorchFile): boolean {
  return tensors.has('layers.0.attention.wq.weight');
}

/**
 * Opens a checkpoint of one or several parts.
 * @throws PronkError `missing-file` for params.json or a part; `corrupt-file`; `missing-tensor`
 */
export async function openMeta(files: ModelFiles, parts: readonly TorchFile[]): Promise<Checkpoint> {
  const sorted = inOrder(parts);
  const firstName = fileOf(sorted[0]);
  if (!files.params) {
    throw new PronkError(
      'missing-file',
      `${firstName} is a part of a checkpoint in Meta's layout. Add its params.json and tokenizer.model together with it.`,
    );
  }
  const { name: paramsName, json } = files.params;
  const byName = new Map<string, readonly Tensor[]>();
  for (const name of sorted[0].tensors.keys()) {
    const ours = fromMetaName(name);
    if (ours === undefined) continue;
    const pieces = sorted.map((part) => part.tensors.get(name));
    const lacking = pieces.findIndex((piece) => !piece);
    if (lacking >= 0) throw corruptFile(fileOf(sorted[lacking]), `it lacks the tensor ${name}, which other parts have`);
    byName.set(
      ours,
      (pieces as TorchTensor[]).map((piece) => ({ ...fromDirectory(piece), name: ours })),
    );
  }
  const config = configFromParams(json, paramsName, byName);
  const directory = new Map<string, Tensor>();
  for (const [name, shape] of expectedTensors(config)) {
    const pieces = byName.get(name);
    if (pieces) directory.set(name, join(pieces, shape, firstName));
  }
  return {
    container: 'meta',
    name: folderName(files.params) || 'llama',
    config,
    tensors: checkTensors(directory, config, firstName),
    tokenizer: await tokenizerFromFiles(files, config.vocabSize),
  };
}

function fileOf(part: TorchFile): string {
  const [tensor] = part.tensors.values();
  return tensor.source.name;
}

/** Parts by the number in their names, which says where they belong; each number once. */
function inOrder(parts: readonly TorchFile[]): readonly TorchFile[] {
  if (parts.length === 1) return parts;
  const byNumber = new Map<number, TorchFile>();
  for (const part of parts) {
    const name = baseName(fileOf(part));
    const [, digits] = /\.(\d+)(?: ?\(\d+\))?\.\w+$/.exec(name) ?? [];
    if (digits === undefined || byNumber.has(Number(digits))) {
      const message = `${name} is one of several parts, but its name does not say which. Name it as it was: consolidated.00.pth, consolidated.01.pth, …`;
      throw new PronkError('unsupported-format', message);
    }
    byNumber.set(Number(digits), part);
  }
  const sorted: TorchFile[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = byNumber.get(i);
    if (!part) throw missingFile(partName(i));
    sorted.push(part);
  }
  return sorted;
}

function partName(number: number): string {
  return `consolidated.${String(number).padStart(2, '0')}.pth`;
}

/** One tensor from its parts: the dimension that is too short says along which it was cut; norms are whole in each. */
function join(pieces: readonly Tensor[], [rows, columns]: readonly [number, number], file: string): Tensor {
  const [first] = pieces;
  const alike = pieces.every(
    (each) => each.type === first.type && each.rows === first.rows && each.columns === first.columns,
  );
  if (!alike) throw corruptFile(file, `the parts of ${first.name} differ in shape or type`);
  if (first.rows === rows && first.columns === columns) return first;
  return first.columns === columns ? joinRows(pieces) : joinColumns(pieces);
}

/**
 * params.json, with what it leaves out taken from the tensors.
 * @throws PronkError `corrupt-file`; `missing-file` naming a part, where the given ones are too few
 */
function configFromParams(
  json: JsonObject,
  name: string,
  tensors: ReadonlyMap<string, readonly Tensor[]>,
): ModelConfig {
  const pieces = (key: string) => {
    const found = tensors.get(key);
    if (!found) throw new PronkError('missing-tensor', `The checkpoint lacks the tensor ${key}. Download it again.`);
    return found;
  };
  const rowsOf = (key: string) => pieces(key).reduce((sum, piece) => sum + piece.rows, 0);
  const hiddenSize = numberIn(json, 'dim');
  const numHeads = numberIn(json, 'n_heads');
  const headDim = numberIn(json, 'head_dim') ?? (hiddenSize && numHeads && hiddenSize / numHeads);
  const query = pieces('model.layers.0.self_attn.q_proj.weight');
  if (numHeads && headDim && numHeads * headDim > rowsOf(query[0].name)) {
    const parts = (numHeads * headDim) / query[0].rows;
    if (Number.isInteger(parts)) throw missingFile(partName(query.length));
  }
  const embedding = pieces('model.embed_tokens.weight');
  const [part] = embedding;
  const vocabSize = part.columns === hiddenSize ? rowsOf(part.name) : part.rows;
  const intermediateSize = rowsOf('model.layers.0.mlp.gate_proj.weight');
  const ropeTheta = numberIn(json, 'rope_theta') ?? 10000;
  const ropeScaling = scalingOf(json, hiddenSize ?? 0);
  const contextLength = contextOf(json, ropeTheta);
  const window = numberIn(json, 'sliding_window') ?? contextLength;
  const draft: Draft = {
    architecture: isMistral(json) ? 'mistral' : 'llama',
    vocabSize,
    hiddenSize,
    intermediateSize,
    numLayers: numberIn(json, 'n_layers'),
    numHeads,
    numKeyValueHeads: numberIn(json, 'n_kv_heads') ?? numHeads,
    headDim,
    contextLength,
    rmsNormEps: numberIn(json, 'norm_eps') ?? 1e-5,
    ropeTheta,
    ...(ropeScaling && { ropeScaling }),
    tieWordEmbeddings: !tensors.has('lm_head.weight'),
    ...(window < contextLength && { slidingWindow: window }),
  };
  return checked(draft, name);
}

/** Mistral publishes in the same layout, and gives F itself instead of what it follows from. */
function isMistral(json: JsonObject): boolean {
  return 'hidden_dim' in json;
}

/** Meta's F: two thirds of 4 D, times a factor, rounded up to a multiple. Where there are tensors, they are the truth. */
export function feedForwardFormula(json: JsonObject, hiddenSize: number): number {
  const multiple = numberIn(json, 'multiple_of') ?? 256;
  const twoThirds = Math.floor((2 * 4 * hiddenSize) / 3);
  const scaled = Math.floor((numberIn(json, 'ffn_dim_multiplier') ?? 1) * twoThirds);
  return multiple * Math.ceil(scaled / multiple);
}

/**
 * params.json for a configuration: what `openMeta`, and Meta's own program, make the same model of.
 * @throws PronkError `unsupported-format` for what params.json cannot say
 */
export function metaParams(config: ModelConfig): JsonObject {
  const {
    hiddenSize: D,
    intermediateSize: F,
    numHeads,
    numKeyValueHeads,
    ropeTheta,
    ropeScaling,
    slidingWindow,
  } = config;
  const plain = config.architecture === 'llama' && config.headDim * numHeads === D && slidingWindow === undefined;
  if (!plain || (ropeScaling && ropeScaling.type !== 'llama3')) {
    const message =
      "Meta's layout is for LLaMA models with heads of D / H, no sliding window, and no scaling of positions but Llama 3's.";
    throw new PronkError('unsupported-format', `${message} Write safetensors instead.`);
  }
  // the largest power of two up to 256 that divides F
  const multiple = Math.min(256, F & -F);
  const usual = feedForwardFormula({ multiple_of: multiple }, D) === F;
  const target = multiple > 1 ? F - multiple / 2 : F + 0.5;
  return {
    dim: D,
    multiple_of: multiple,
    ...(!usual && { ffn_dim_multiplier: target / Math.floor((8 * D) / 3) }),
    n_heads: numHeads,
    ...(numKeyValueHeads !== numHeads && { n_kv_heads: numKeyValueHeads }),
    n_layers: config.numLayers,
    norm_eps: config.rmsNormEps,
    ...(ropeTheta !== 10000 && { rope_theta: ropeTheta }),
    ...(ropeScaling && {
      use_scaled_rope: true,
      rope_scaling_factor: ropeScaling.factor,
      low_freq_factor: ropeScaling.lowFrequencyFactor,
      high_freq_factor: ropeScaling.highFrequencyFactor,
      original_max_position_embeddings: ropeScaling.originalContextLength,
    }),
    vocab_size: config.vocabSize,
  };
}

/** Llama 3.1's scaling. The files do not say its factor: the small models of 3.2 (1B and 3B) have 32, the others 8. */
function scalingOf(json: JsonObject, hiddenSize: number): ModelConfig['ropeScaling'] {
  if (json['use_scaled_rope'] !== true) return undefined;
  return {
    type: 'llama3',
    factor: numberIn(json, 'rope_scaling_factor', 'scale_factor') ?? (hiddenSize <= 3072 ? 32 : 8),
    lowFrequencyFactor: numberIn(json, 'low_freq_factor') ?? 1,
    highFrequencyFactor: numberIn(json, 'high_freq_factor') ?? 4,
    originalContextLength: numberIn(json, 'original_max_position_embeddings') ?? 8192,
  };
}

/**
 * Positions, which params.json does not say, by the generation: 131,072 since Llama 3.1 (scaled RoPE), 8,192 for Llama 3
 * (θ 500,000), 16,384 for Code Llama (θ 1,000,000), 4,096 for Llama 2, 2,048 for the first; 32,768 for Mistral 7B. Llama 2 differs from the
 * first in its ε of 1e-5, which of the first only 65B (64 heads, ungrouped) has too.
 */
function contextOf(json: JsonObject, ropeTheta: number): number {
  const said = numberIn(json, 'max_seq_len', 'max_position_embeddings');
  if (said !== undefined) return said;
  if (json['use_scaled_rope'] === true) return 131072;
  if (isMistral(json)) return 32768;
  if (ropeTheta === 500000) return 8192;
  if (ropeTheta === 1000000) return 16384;
  const grouped = numberIn(json, 'n_kv_heads') !== undefined;
  return grouped || (numberIn(json, 'norm_eps') === 1e-5 && numberIn(json, 'n_heads') !== 64) ? 4096 : 2048;
}
