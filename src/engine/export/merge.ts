// A model with adapters merged into it, as a Hugging Face folder, Meta's folder or a GGUF file. What is merged is what was
// trained: the dequantized base plus the adapter. Rounding the sum to 8 or 4 bits again may round small changes away.
import { configWith } from '../../core/adapter';
import { checkFit } from '../../formats/adapters/index';
import { PronkError } from '../../core/errors';
import { fitsKind, type WeightKind, type WeightTensor } from '../../core/weight-kinds';
import { wholeOf } from '../../model/inference/lora';
import type { MergeFormat, MergeType } from '../training/types';
import type { FileContent } from './file';
import { exportGguf } from './gguf';
import { inFolder } from './gains';
import { ggufNote } from './gguf-note';
import { huggingFaceFiles } from './hf';
import { mergedTensors } from './merged';
import { metaFiles } from './meta';
import { type AdapterOrigin, type Base, type MadeAs, originFiles } from './origin';

export interface MergeOptions {
  readonly format: MergeFormat;
  readonly dtype: MergeType;
  /** Most bytes of a file's data; `hf` only. */
  readonly shardBytes?: number;
}

const KINDS: Readonly<Record<MergeType, WeightKind>> = { f32: 'f32', f16: 'f16', q8_0: 'q8', q4_0: 'q4' };

/**
 * Every file of the merged model, the README last; nothing is computed before the pieces are asked for.
 * @throws PronkError `adapter-mismatch`, `unsupported-format`, `unsupported-tokenizer`
 */
export function mergedFiles(
  base: Base,
  adapters: readonly AdapterOrigin[],
  { format, dtype, shardBytes }: MergeOptions,
): FileContent[] {
  for (const { adapter } of adapters) checkFit(adapter, base.config);
  const used = adapters.map(({ adapter, strength }) => ({ ...adapter, key: adapter.name, strength }));
  const adapted = configWith(base.config, wholeOf(used));
  // the tokens of the adapter whose vocabulary the model gets
  const tokenizer = used.find((each) => each.tokenizer && each.strength !== 0)?.tokenizer ?? base.tokenizer;
  const { name, licence } = base;
  // gains are in the folder's form before they are rounded
  const { config, tensors: all } =
    format === 'hf' ? inFolder({ ...base, config: adapted }) : { ...base, config: adapted };
  const merged = (kindOf: (tensor: WeightTensor) => WeightKind) => mergedTensors(all, used, kindOf);
  const origin = originFiles({ ...base, config, tokenizer }, adapters, madeAs(format, dtype, adapters));
  if (format === 'gguf') {
    const title = `${name} + ${adapters.map(({ adapter }) => adapter.name).join(' + ')}`;
    const tensors = merged((tensor) => ggufKind(tensor, KINDS[dtype]));
    const gguf = exportGguf(config, tokenizer, tensors, { name: title, licence });
    return [
      { name: `model-${dtype}.gguf`, size: gguf.size, pieces: () => gguf, note: ggufNote(config, tokenizer) },
      ...origin,
    ];
  }
  if (dtype !== 'f32' && dtype !== 'f16') {
    const message = `The format ${format} has no type ${dtype}: use f32 or f16, or the format gguf.`;
    throw new PronkError('unsupported-format', message);
  }
  const tensors = merged(() => dtype);
  if (format === 'meta') return [...metaFiles(config, tokenizer, tensors, dtype), ...origin];
  return [...huggingFaceFiles(config, tokenizer, tensors, dtype, shardBytes), ...origin];
}

/** Vectors stay f32, and rows that are no whole blocks become f16, as llama.cpp has them. */
function ggufKind({ rows, columns }: WeightTensor, kind: WeightKind): WeightKind {
  if (rows === 1) return 'f32';
  return fitsKind(kind, columns) ? kind : 'f16';
}

function madeAs(format: MergeFormat, dtype: MergeType, adapters: readonly AdapterOrigin[]): MadeAs {
  const use = {
    hf: '```python\nfrom transformers import AutoModelForCausalLM\nmodel = AutoModelForCausalLM.from_pretrained("this folder")\n```',
    meta: "Meta's `llama` program reads this folder as its `--ckpt_dir`.",
    gguf: `\`\`\`sh\nllama-cli -m model-${dtype}.gguf\n\`\`\``,
  }[format];
  const rounded = dtype === 'q8_0' || dtype === 'q4_0';
  const note = rounded
    ? `\n\nAfter merging, the weights were rounded to ${dtype} again, which can take small changes away: compare its answers with those before.`
    : '';
  const what = `model with ${adapters.length === 1 ? 'an adapter' : 'adapters'} merged into it (dequantized base plus adapter)`;
  const library = format === 'gguf' ? 'gguf' : 'transformers';
  return { library, what, format: `${format}, ${dtype}`, use: `${use}${note}` };
}
