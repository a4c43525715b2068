// ggml's tensor types by their codes (ggml.h), and which of them are read.

import { GGML_ELEMENTS } from '../../quant/elements';
import type { ElementType } from '../../core/weight-kinds';
import { PronkError, corruptFile } from '../../core/errors';

/** ggml's type codes; those without an element type are named so that a message can say what a file holds. */
const GGML_TYPES: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  4: 'Q4_2',
  5: 'Q4_3',
  6: 'Q5_0',
  7: 'Q5_1',
  8: 'Q8_0',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  30: 'BF16',
  31: 'Q4_0_4_4',
  32: 'Q4_0_4_8',
  33: 'Q4_0_8_8',
  34: 'TQ1_0',
  35: 'TQ2_0',
  36: 'IQ4_NL_4_4',
  37: 'IQ4_NL_4_8',
  38: 'IQ4_NL_8_8',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
  42: 'Q2_0',
};

/** Codes above this are no types that ggml may have one day. */
const MOST_TYPES = 999;

/** Layouts of weights for one processor, which llama.cpp has taken out again. */
const REMOVED = /^(IQ4_NL|Q4_0)_\d_\d$/;

/** ggml's code of a type that Pronk reads. */
export function ggmlTypeCode(type: ElementType): number {
  return Number(Object.keys(GGML_TYPES).find((code) => GGML_TYPES[Number(code)] === type));
}

/**
 * A tensor's type by its code in a file.
 * @throws PronkError `unsupported-tensor-type` for one that Pronk does not read; `corrupt-file` for what is no code
 */
export function readType(code: number, tensor: string, file: string): ElementType {
  if (code > MOST_TYPES) throw corruptFile(file, `the tensor ${tensor} has the impossible type ${code}`);
  const type = GGML_TYPES[code] ?? `ggml's type ${code}`;
  const read = GGML_ELEMENTS.find((each) => each === type);
  if (read) return read;
  const [, plain] = REMOVED.exec(type) ?? [];
  const instead = plain === undefined ? '' : ` llama.cpp reads it no longer either: take a file in ${plain}.`;
  const message = `${file} stores ${tensor} as ${type}, which Pronk does not read.${instead} It reads ${GGML_ELEMENTS.join(', ')}.`;
  throw new PronkError('unsupported-tensor-type', message);
}
