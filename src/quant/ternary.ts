// ggml's ternary blocks of 256 elements with one f16 d, whose codes are −1, 0 and 1:
//   TQ1_0  54 bytes  48 and 4 bytes of base-3 digits, d
//   TQ2_0  66 bytes  256 × 2 bits, d

import { type BlockCodec, half, plane } from './codec';
import type { TernaryType } from '../core/weight-kinds';

/** Elements from which bytes hold five digits for every 32nd, for every 16th, and four for every 4th element. */
const DIGITS = [
  { first: 0, end: 160, bytes: 0, stride: 32 },
  { first: 160, end: 240, bytes: 32, stride: 16 },
  { first: 240, end: 256, bytes: 48, stride: 4 },
] as const;
const POWERS = [1, 3, 9, 27, 81] as const;

function ternary(
  bytes: number,
  d: number,
  code: (bytes: Uint8Array, at: number, codes: Int8Array) => void,
): BlockCodec {
  return {
    bytes,
    elements: 256,
    block: 32,
    kind: 'q4',
    centre: 0,
    unpack(data, at, { codes, scales, minimums }) {
      scales.fill(half(data, at + d), 0, 8);
      minimums.fill(-0, 0, 8);
      code(data, at, codes);
    },
  };
}

export const TERNARY_BLOCKS: Readonly<Record<TernaryType, BlockCodec>> = {
  TQ1_0: ternary(54, 52, (bytes, at, codes) => {
    for (const { first, end, bytes: start, stride } of DIGITS) {
      for (let j = first; j < end; j++) {
        const place = j - first;
        // a byte is its digits as a fraction of 256: multiplied, the next digit stands before the point
        const moved = (bytes[at + start + (place % stride)] * POWERS[Math.floor(place / stride)]) & 255;
        codes[j] = ((moved * 3) >> 8) - 1;
      }
    }
  }),
  TQ2_0: ternary(66, 64, (bytes, at, codes) => {
    for (let j = 0; j < 256; j++) codes[j] = plane(bytes, at, j, 2) - 1;
  }),
};
