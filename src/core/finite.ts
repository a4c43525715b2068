// The one place that looks for infinities and NaN in arrays: failed trainings and damaged downloads leave them. Compilers may
// assume that there are none, so exponents are looked at instead of values; shaders/optimizer/finite.wgsl does it on the device.

import { type PackedRows, codeBytes } from './weight-kinds';

/** An exponent field of all ones, in each half of a word where there are two, carries into the bit above it. */
const PATTERNS = {
  f32: { exponents: 0x7f800000, lowest: 0x00800000, carries: 0x80000000 },
  bf16: { exponents: 0x7f807f80, lowest: 0x00800080, carries: 0x80008000 },
  f16: { exponents: 0x7c007c00, lowest: 0x04000400, carries: 0x80008000 },
} as const;

/** Whether all of the values are finite numbers. */
export function areFinite({ buffer, byteOffset, length }: Float32Array): boolean {
  return new Uint32Array(buffer, byteOffset, length).every((bits) => (bits & 0x7f800000) !== 0x7f800000);
}

/** Whether rows hold an infinity or a NaN. The codes of block kinds are whole numbers, so only their scales are looked at. */
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
