// Weights that are no numbers come of failed trainings and damaged downloads. Compilers may assume that there are none, so
// exponents are looked at instead of values.

import type { PackedRows } from '../../quant/kinds';

/** Whether rows hold an infinity or a NaN. Of block kinds the scales are looked at: codes are whole numbers. */
export function hasNonFinite({ kind, codes, scales }: PackedRows): boolean {
  if (kind === 'f32') return someWord(codes, (word) => (word & 0x7f800000) === 0x7f800000);
  if (kind === 'bf16') return someWord(codes, (word) => isMax(word, 0x7f80) || isMax(word >>> 16, 0x7f80));
  return someWord(kind === 'f16' ? codes : scales, (word) => isMax(word, 0x7c00) || isMax(word >>> 16, 0x7c00));
}

function isMax(half: number, exponent: number): boolean {
  return (half & exponent) === exponent;
}

function someWord(bytes: Uint8Array<ArrayBuffer>, test: (word: number) => boolean): boolean {
  const words = bytes.byteOffset % 4 ? new Uint32Array(bytes.slice().buffer) : wordsOf(bytes);
  for (let i = 0; i < words.length; i++) if (test(words[i])) return true;
  return false;
}

function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}
