// Blocks in the stored layout, one at a time: PackedRows in weight-kinds.ts says where what lies.

import { f16ToF32, f32ToF16 } from './f16';
import type { BlockLayout } from '../core/weight-kinds';

/** Codes relative to the layout's zero, or places in its table. */
export function writeCodes({ bits, block, zero }: BlockLayout, codes: Int8Array, b: number, out: Uint8Array): void {
  if (bits === 8) {
    for (let j = 0; j < block; j++) out[b * block + j] = codes[j];
    return;
  }
  const nibbles = block / 2;
  for (let j = 0; j < nibbles; j++) {
    out[b * nibbles + j] = (codes[j] + zero) | ((codes[j + nibbles] + zero) << 4);
  }
}

/** A block's values before its scale multiplies them: codes relative to the layout's zero, or what its table has for them. */
export function readCodes(layout: BlockLayout, codes: Uint8Array, b: number, out: Float32Array): void {
  const { bits, block, zero, table } = layout;
  if (bits === 8) {
    for (let j = 0; j < block; j++) out[j] = (codes[b * block + j] << 24) >> 24;
    return;
  }
  const nibbles = block / 2;
  for (let j = 0; j < nibbles; j++) {
    const byte = codes[b * nibbles + j];
    out[j] = (byte & 15) - zero;
    out[j + nibbles] = (byte >> 4) - zero;
  }
  if (table) for (let j = 0; j < block; j++) out[j] = table[out[j]];
}

/** A block's scale, and its offset where the layout has one, as f16. */
export function writeScale({ offset }: BlockLayout, scale: number, base: number, b: number, out: Uint8Array): void {
  writeHalf(out, offset ? 2 * b : b, scale);
  if (offset) writeHalf(out, 2 * b + 1, base);
}

/** The f16 number `i`. */
export function halfAt(bytes: Uint8Array, i: number): number {
  return f16ToF32(bytes[2 * i] | (bytes[2 * i + 1] << 8));
}

/** Writes the f16 number `i`. */
export function writeHalf(out: Uint8Array, i: number, value: number): void {
  const half = f32ToF16(value);
  out[2 * i] = half & 255;
  out[2 * i + 1] = half >>> 8;
}
