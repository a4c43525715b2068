// ggml's super-blocks of 256 elements whose codes are places in a grid of 8 or 4 elements (ggml-quants.c), taken apart:
//   IQ3_S    110 bytes  d, 64 × 8 bits, 64 × high bit, 256 × sign, 8 × 4-bit scale               blocks of 32
//   IQ3_XXS   98 bytes  d, 64 × 8 bits, 8 × (4 × 7 bits of signs, 4-bit scale)                   blocks of 32
//   IQ2_S     82 bytes  d, 32 × 8 bits, 256 × sign, 32 × 2 high bits, 16 × 4-bit scale           blocks of 16
//   IQ2_XS    74 bytes  d, 32 × (9 bits, 7 bits of signs), 16 × 4-bit scale                      blocks of 16
//   IQ2_XXS   66 bytes  d, 8 × (4 × 8 bits, 4 × 7 bits of signs, 4-bit scale)                    blocks of 32
//   IQ1_M     56 bytes  32 × 8 bits, 32 × (3 high bits, shift), 16 × 3-bit scale, d in pieces    blocks of 16
//   IQ1_S     50 bytes  d, 32 × 8 bits, 8 × (4 × 3 high bits, 3-bit scale, shift)                blocks of 32
// A code's place in the kind's table is the grid's digit, and 8 more below zero. Of 7 bits of signs, the eighth makes their
// number even. Products are rounded to f32, as C does it.

import type { GridType } from '../core/weight-kinds';
import { type BlockCodec, half, u16 } from './codec';
import { f16ToF32 } from './f16';
import { GRIDS } from './grids';

const f32 = Math.fround;

/** Eight signs of seven. */
const SIGNS = Uint8Array.from({ length: 128 }, (_, bits) => {
  let parity = bits;
  for (const shift of [4, 2, 1]) parity ^= parity >> shift;
  return bits | ((parity & 1) << 7);
});

/** Digits of a grid, `bits` each, with a sign each, into places of the table. */
function place(digits: number, bits: 2 | 4, count: 4 | 8, signs: number, codes: Int8Array, at: number): void {
  for (let j = 0; j < count; j++)
    codes[at + j] = ((digits >> (bits * j)) & (bits === 2 ? 3 : 7)) | (((signs >> j) & 1) << 3);
}

/** Where the i2 table has ∓1 moved down, 0 moved down, 1 moved down, and the same moved up. */
const SHIFTED = [
  [8 + 5, 8 + 3, 4],
  [8 + 4, 3, 5],
] as const;

/** Digits of IQ1's grid, which stand for −1, 0 and 1, moved by an eighth. */
function placeShifted(digits: number, up: boolean, codes: Int8Array, at: number): void {
  const places = SHIFTED[up ? 1 : 0];
  for (let j = 0; j < 8; j++) codes[at + j] = places[((digits >> (2 * j)) & 3) as 0 | 1 | 2];
}

/** The `b`th nibble. */
function nibble(bytes: Uint8Array, at: number, b: number): number {
  return (bytes[at + (b >> 1)] >> (4 * (b & 1))) & 15;
}

const COMMON = { elements: 256, centre: 0, rounded: true } as const;
const BY_32 = { ...COMMON, block: 32 } as const;
const BY_16 = { ...COMMON, block: 16 } as const;

export const GRID_BLOCKS: Readonly<Record<GridType, BlockCodec>> = {
  IQ3_S: {
    ...BY_32,
    bytes: 110,
    kind: 'q4i3s',
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      for (let b = 0; b < 8; b++) {
        scales[b] = d * (1 + 2 * nibble(bytes, at + 106, b));
        minimums[b] = -0;
      }
      for (let i = 0; i < 64; i++) {
        const high = (bytes[at + 66 + (i >> 3)] >> (i & 7)) & 1;
        const signs = bytes[at + 74 + (i >> 1)] >> (4 * (i & 1));
        place(GRIDS.IQ3_S[bytes[at + 2 + i] | (high << 8)], 4, 4, signs, codes, 4 * i);
      }
    },
  },
  IQ3_XXS: {
    ...BY_32,
    bytes: 98,
    kind: 'q4i3',
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      for (let b = 0; b < 8; b++) {
        const word = at + 66 + 4 * b;
        const packed = u16(bytes, word) | (u16(bytes, word + 2) << 16);
        scales[b] = f32(d * (0.5 + (packed >>> 28))) * 0.5;
        minimums[b] = -0;
        for (let i = 0; i < 8; i++) {
          const signs = SIGNS[(packed >>> (7 * (i >> 1))) & 127] >> (4 * (i & 1));
          place(GRIDS.IQ3_XXS[bytes[at + 2 + 8 * b + i]], 4, 4, signs, codes, 32 * b + 4 * i);
        }
      }
    },
  },
  IQ2_S: {
    ...BY_16,
    bytes: 82,
    kind: 'q4i2x16',
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      for (let b = 0; b < 16; b++) {
        scales[b] = f32(d * (0.5 + nibble(bytes, at + 74, b))) * 0.25;
        minimums[b] = -0;
      }
      for (let i = 0; i < 32; i++) {
        const high = (bytes[at + 66 + (i >> 2)] >> (2 * (i & 3))) & 3;
        place(GRIDS.IQ2_S[bytes[at + 2 + i] | (high << 8)], 2, 8, bytes[at + 34 + i], codes, 8 * i);
      }
    },
  },
  IQ2_XS: {
    ...BY_16,
    bytes: 74,
    kind: 'q4i2x16',
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      for (let b = 0; b < 16; b++) {
        scales[b] = f32(d * (0.5 + nibble(bytes, at + 66, b))) * 0.25;
        minimums[b] = -0;
      }
      for (let i = 0; i < 32; i++) {
        const packed = u16(bytes, at + 2 + 2 * i);
        place(GRIDS.IQ2_XS[packed & 511], 2, 8, SIGNS[packed >> 9], codes, 8 * i);
      }
    },
  },
  IQ2_XXS: {
    ...BY_32,
    bytes: 66,
    kind: 'q4i2',
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      for (let b = 0; b < 8; b++) {
        const group = at + 2 + 8 * b;
        const packed = u16(bytes, group + 4) | (u16(bytes, group + 6) << 16);
        scales[b] = f32(d * (0.5 + (packed >>> 28))) * 0.25;
        minimums[b] = -0;
        for (let i = 0; i < 4; i++) {
          place(GRIDS.IQ2_XXS[bytes[group + i]], 2, 8, SIGNS[(packed >>> (7 * i)) & 127], codes, 32 * b + 8 * i);
        }
      }
    },
  },
  IQ1_M: {
    ...BY_16,
    bytes: 56,
    kind: 'q4i2x16',
    unpack(bytes, at, { codes, scales, minimums }) {
      let bits = 0;
      for (let i = 0; i < 4; i++) bits |= (bytes[at + 49 + 2 * i] >> 4) << (4 * i);
      const d = f16ToF32(bits);
      for (let b = 0; b < 16; b++) {
        // an eighth, since the table has eighths
        scales[b] = (d * (2 * ((u16(bytes, at + 48 + 2 * (b >> 2)) >> (3 * (b & 3))) & 7) + 1)) / 8;
        minimums[b] = -0;
      }
      for (let i = 0; i < 32; i++) {
        const high = nibble(bytes, at + 32, i);
        placeShifted(GRIDS.IQ1_S[bytes[at + i] | ((high & 7) << 8)], high < 8, codes, 8 * i);
      }
    },
  },
  IQ1_S: {
    ...BY_32,
    bytes: 50,
    kind: 'q4i2',
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at);
      for (let b = 0; b < 8; b++) {
        const packed = u16(bytes, at + 34 + 2 * b);
        scales[b] = (d * (2 * ((packed >> 12) & 7) + 1)) / 8;
        minimums[b] = -0;
        for (let i = 0; i < 4; i++) {
          const index = bytes[at + 2 + 4 * b + i] | (((packed >> (3 * i)) & 7) << 8);
          placeShifted(GRIDS.IQ1_S[index], packed < 0x8000, codes, 32 * b + 8 * i);
        }
      }
    },
  },
};
