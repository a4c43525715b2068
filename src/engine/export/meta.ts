// Meta's layout: consolidated.00.pth, params.json, tokenizer.model. q and k are in interleaved order there as here.
import { defined } from '../../core/defined';
import type { ModelConfig } from '../../core/model-config';
import type { TokenizerSpec } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { metaParams } from '../../formats/meta/meta';
import { toMetaName } from '../../formats/checkpoint/tensor-names';
import { type TorchInput, writeTorch } from '../../formats/torch/writer';
import type { WeightTensor } from '../../core/weight-kinds';
import { type FileContent, jsonFile } from './file';
import type { FloatType } from './hf';
import { fileBytes } from './rows';
import { metaTokenizer } from './tokenizer-files';

/**
 * The files of a model.
 * @param tensors all of them of the kind `type`
 * @throws PronkError `unsupported-format` for a model that Meta's program does not compute, `unsupported-tokenizer`
 */
export function metaFiles(
  config: ModelConfig,
  tokenizer: TokenizerSpec,
  tensors: readonly WeightTensor[],
  type: FloatType,
): FileContent[] {
  const biased = tensors.find(({ name }) => name.endsWith('.bias'));
  if (biased) {
    const message = `Meta's layout is for models without biases, and this one has ${biased.name}. Write safetensors instead.`;
    throw new PronkError('unsupported-format', message);
  }
  const params = metaParams(config);
  const inputs = tensors.map((tensor) => torchInput(tensor, defined(toMetaName(tensor.name), tensor.name), type));
  // Meta's program has a head of its own, which is the embedding again where they are one
  const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight');
  if (config.tieWordEmbeddings && embedding) inputs.push(torchInput(embedding, 'output.weight', type));
  const size = inputs.reduce((sum, { shape }) => sum + shape.reduce((product, each) => product * each, BYTES[type]), 0);
  return [
    jsonFile('params.json', params),
    metaTokenizer(tokenizer),
    { name: 'consolidated.00.pth', size, pieces: () => writeTorch(inputs, 'consolidated') },
  ];
}

const BYTES = { f32: 4, f16: 2 } as const;

function torchInput(tensor: WeightTensor, name: string, type: FloatType): TorchInput {
  const { rows, columns } = tensor;
  return {
    name,
    dtype: type === 'f32' ? 'F32' : 'F16',
    shape: rows === 1 ? [columns] : [rows, columns],
    bytes: () => fileBytes(tensor, undefined),
  };
}
