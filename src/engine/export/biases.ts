// Biases that a written model's files have a word for. Adapters may bring others (`lora_bias`), and programs that read the
// files leave those out, or refuse the file.
import { PronkError } from '../../core/errors';
import type { ModelConfig } from '../../core/model-config';
import type { WeightTensor } from '../../core/weight-kinds';
import { BIAS_FLAGS, familyToWrite, ggufToWrite, QKV } from '../../formats/families/index';

type Tensors = readonly Pick<WeightTensor, 'name'>[];

/**
 * Checks that config.json can ask for every bias: transformers reads no others.
 * @throws PronkError `unsupported-format`
 */
export function checkBiasesInFolder(config: ModelConfig, tensors: Tensors): void {
  const { biasFlags = [], biased, title } = familyToWrite(config);
  const known: readonly string[] = [...biasFlags.flatMap((flag) => BIAS_FLAGS[flag]), ...(biased?.(undefined) ?? [])];
  check(tensors, known, `Hugging Face folders of ${title}`);
}

/**
 * Checks that llama.cpp reads every bias: of its `llama` all, of the others those of q, k and v alone (llama-model.cpp). It
 * does not open a file with more.
 * @throws PronkError `unsupported-format`
 */
export function checkBiasesInGguf(config: ModelConfig, tensors: Tensors): void {
  const { architecture } = ggufToWrite(config);
  if (architecture === 'llama') return;
  const { packs, title } = familyToWrite(config);
  check(tensors, packs ? [] : QKV, `GGUF files of ${title}`);
}

function check(tensors: Tensors, known: readonly string[], files: string): void {
  const stems = tensors.flatMap(({ name }) => /^model\.layers\.\d+\.(.+_proj)\.bias$/.exec(name)?.[1] ?? []);
  const others = [...new Set(stems)].filter((stem) => !known.includes(stem));
  if (others.length === 0) return;
  const message = `${files} have no biases of ${others.join(', ')}, and this model has: programs would read it without them, or not at all. Use its adapter without merging.`;
  throw new PronkError('unsupported-format', message);
}
