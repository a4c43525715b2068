// Weights that are no numbers come of failed trainings and damaged downloads. Compilers may assume that there are none, so
// exponents are looked at instead of values.

import { type PackedRows, codeBytes } from '../../core/weight-kinds';

/** An exponent field of all ones, in each half of a word where there are two, carries into the bit above it. */
const PATTERNS = {
  f32: { exponents: 0x7f800000, lowest: 0x00800000, carries: 0x80000000 },
  bf16: { exponents: 0x7f807f80, lowest: 0x00800080, carries: 0x80008000 },
  f16: { exponents: 0x7c007c00, lowest: 0x04000400, carries: 0x80008000 },
} as const;

/** Whether rows hold an infinity or a NaN. Of block kinds the scales are looked at: codes are whole numbers. */
export function hasNonFinite({ kind, rows, columns, codes, scales }: PackedRows): boolean {
  if (kind === 'f32' || kind === 'bf16' || kind === 'f16') {
    return someNonFinite(codes.subarray(0, rows * codeBytes(kind, columns)), PATTERNS[kind]);
  }
  return someNonFinite(scales, PATTERNS.f16);
}

function someNonFinite(
  bytes: Uint8Array<ArrayBuffer>,
  { exponents, lowest, carries }: (typeof PATTERNS)[keyof typeof PATTERNS],
): boolean {
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  for (let i = 0; i < words.length; i++) {
    if ((((words[i] & exponents) + lowest) & carries) !== 0) return true;
  }
  return false;
}
