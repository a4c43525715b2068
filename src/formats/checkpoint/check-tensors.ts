// The last check of a directory: what a model is made of, and nothing else.

import type { ModelConfig } from '../../core/model-config';
import type { Tensor } from '../../core/checkpoint';
import { PronkError, corruptFile } from '../../core/errors';
import { expectedTensors, optionalBiases } from '../config/llama-config';

/**
 * The model's tensors in a fixed order, each present and of the right shape.
 * @param file for messages
 * @param biased projections that must have a bias in every layer
 * @throws PronkError `missing-tensor`, `corrupt-file`
 */
export function checkTensors(
  directory: ReadonlyMap<string, Tensor>,
  config: ModelConfig,
  file: string,
  biased: readonly string[] = [],
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const add = (tensor: Tensor, [rows, columns]: readonly [number, number]) => {
    if (tensor.rows !== rows || tensor.columns !== columns) {
      const [is, should] = [`${tensor.rows} × ${tensor.columns}`, `${rows} × ${columns}`];
      throw corruptFile(file, `the tensor ${tensor.name} is ${is} where the configuration asks for ${should}`);
    }
    tensors.set(tensor.name, tensor);
  };
  const missing = (name: string) => {
    const message = `${file} and what came with it lack the tensor ${name}. Add all of the model's files together.`;
    return new PronkError('missing-tensor', message);
  };
  for (const [name, shape] of expectedTensors(config)) {
    const tensor = directory.get(name);
    if (!tensor) throw missing(name);
    add(tensor, shape);
  }
  for (const [name, shape] of optionalBiases(config)) {
    const tensor = directory.get(name);
    if (tensor) add(tensor, shape);
    else if (biased.some((stem) => name.endsWith(`.${stem}.bias`))) throw missing(name);
  }
  return tensors;
}
