// ggml's blocks of 4-bit codes that are places in a table, taken apart:
//   IQ4_NL   18 bytes  f16 d, 32 × 4 bits                                              blocks of 32
//   IQ4_XS  136 bytes  f16 d, 8 × 2 high bits of a scale, 8 × 4 low ones, 256 × 4 bits  blocks of 32
//   MXFP4    17 bytes  exponent of a scale, 32 × 4 bits                                blocks of 32
//   NVFP4    36 bytes  4 × scale of 4 + 3 bits, 64 × 4 bits                            blocks of 16
// The nibbles of a block lie as in Q4_0: its first half low, its second half high.

import { type BlockCodec, half, u16 } from './codec';
import type { TableType } from '../core/weight-kinds';

/** The nibbles of block `b`, of `count` elements. */
function nibbles(bytes: Uint8Array, at: number, b: number, count: 16 | 32, codes: Int8Array): void {
  const middle = count / 2;
  for (let j = 0; j < middle; j++) {
    const byte = bytes[at + b * middle + j];
    codes[b * count + j] = byte & 15;
    codes[b * count + middle + j] = byte >> 4;
  }
}

/** Half of an E4M3 without a sign; what would be no number is 0, as in ggml. */
function halfE4M3(byte: number): number {
  const [exponent, mantissa] = [(byte >> 3) & 15, byte & 7];
  if (byte === 0x7f) return 0;
  return exponent ? (1 + mantissa / 8) * 2 ** (exponent - 8) : mantissa * 2 ** -10;
}

export const TABLE_BLOCKS: Readonly<Record<TableType, BlockCodec>> = {
  IQ4_NL: {
    bytes: 18,
    elements: 32,
    block: 32,
    kind: 'q4nl',
    centre: 0,
    verbatim: true,
    unpack(bytes, at, { codes, scales, minimums }) {
      scales[0] = half(bytes, at);
      minimums[0] = -0;
      nibbles(bytes, at + 2, 0, 32, codes);
    },
  },
  IQ4_XS: {
    bytes: 136,
    elements: 256,
    block: 32,
    kind: 'q4nl',
    centre: 0,
    rounded: true,
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      const high = u16(bytes, at + 2);
      for (let b = 0; b < 8; b++) {
        const low = (bytes[at + 4 + (b >> 1)] >> (4 * (b & 1))) & 15;
        scales[b] = d * ((low | (((high >> (2 * b)) & 3) << 4)) - 32);
        minimums[b] = -0;
        nibbles(bytes, at + 8, b, 32, codes);
      }
    },
  },
  MXFP4: {
    bytes: 17,
    elements: 32,
    block: 32,
    kind: 'q4fp',
    centre: 0,
    unpack(bytes, at, { codes, scales, minimums }) {
      // half of the power of two, since the table is doubled
      scales[0] = 2 ** (bytes[at] - 128);
      minimums[0] = -0;
      nibbles(bytes, at + 1, 0, 32, codes);
    },
  },
  NVFP4: {
    bytes: 36,
    elements: 64,
    block: 16,
    kind: 'q4fpx16',
    centre: 0,
    unpack(bytes, at, { codes, scales, minimums }) {
      for (let b = 0; b < 4; b++) {
        scales[b] = halfE4M3(bytes[at + b]);
        minimums[b] = -0;
        nibbles(bytes, at + 4, b, 16, codes);
      }
    },
  },
};
