// ggml's super-blocks of 256 elements (ggml-quants.h), taken apart. An f16 d, and where there are minimums an f16 dmin,
// multiply small scales of their own:
//   Q2_K   84 bytes  16 × (4-bit scale, 4-bit minimum), 256 × 2 bits, d, dmin        blocks of 16
//   Q3_K  110 bytes  256 × high bit, 256 × 2 bits, 16 × 6-bit scale, d               blocks of 16
//   Q4_K  144 bytes  d, dmin, 8 × (6-bit scale, 6-bit minimum), 256 × 4 bits         blocks of 32
//   Q5_K  176 bytes  d, dmin, 8 × (6-bit scale, 6-bit minimum), high bits, 4 bits    blocks of 32
//   Q6_K  210 bytes  256 × 4 bits, 256 × 2 high bits, 16 × int8 scale, d             blocks of 16
// Products are rounded to f32, as C does it.

import { type BlockCodec, type Unpacked, half, plane } from './codec';
import type { SuperBlockType } from '../core/weight-kinds';

const f32 = Math.fround;

/** Eight 6-bit scales and eight 6-bit minimums in 12 bytes: four of each whole, the others' high bits above those. */
function scalesAndMinimums(bytes: Uint8Array, at: number, { scales, minimums }: Unpacked): void {
  const d = half(bytes, at);
  const dmin = half(bytes, at + 2);
  for (let b = 0; b < 8; b++) {
    const packed = at + 4 + (b & 3);
    const [first, second, third] = [bytes[packed], bytes[packed + 4], bytes[packed + 8]];
    const scale = b < 4 ? first & 63 : (third & 15) | ((first >> 2) & 48);
    const minimum = b < 4 ? second & 63 : (third >> 4) | ((second >> 2) & 48);
    scales[b] = d * scale;
    minimums[b] = -f32(dmin * minimum);
  }
}

export const SUPER_BLOCKS: Readonly<Record<SuperBlockType, BlockCodec>> = {
  Q2_K: {
    bytes: 84,
    elements: 256,
    block: 16,
    kind: 'q4ox16',
    centre: 2,
    rounded: true,
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at + 80);
      const dmin = half(bytes, at + 82);
      for (let b = 0; b < 16; b++) {
        scales[b] = d * (bytes[at + b] & 15);
        minimums[b] = -f32(dmin * (bytes[at + b] >> 4));
      }
      for (let j = 0; j < 256; j++) codes[j] = plane(bytes, at + 16, j, 2);
    },
  },
  Q3_K: {
    bytes: 110,
    elements: 256,
    block: 16,
    kind: 'q4x16',
    centre: 0,
    rounded: true,
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at + 108);
      for (let b = 0; b < 16; b++) {
        const low = bytes[at + 96 + (b & 7)] >> (b < 8 ? 0 : 4);
        const high = bytes[at + 104 + (b & 3)] >> (2 * (b >> 2));
        scales[b] = d * (((low & 15) | ((high & 3) << 4)) - 32);
        minimums[b] = -0;
      }
      // a high bit that is set takes nothing off
      for (let j = 0; j < 256; j++) codes[j] = plane(bytes, at + 32, j, 2) - 4 + 4 * plane(bytes, at, j, 1);
    },
  },
  Q4_K: {
    bytes: 144,
    elements: 256,
    block: 32,
    kind: 'q4o',
    centre: 8,
    rounded: true,
    unpack(bytes, at, into) {
      scalesAndMinimums(bytes, at, into);
      for (let j = 0; j < 256; j++) into.codes[j] = plane(bytes, at + 16, j, 4);
    },
  },
  Q5_K: {
    bytes: 176,
    elements: 256,
    block: 32,
    kind: 'q8o',
    centre: 16,
    rounded: true,
    unpack(bytes, at, into) {
      scalesAndMinimums(bytes, at, into);
      for (let j = 0; j < 256; j++) {
        into.codes[j] = plane(bytes, at + 48, j, 4) | (plane(bytes, at + 16, j, 1) << 4);
      }
    },
  },
  Q6_K: {
    bytes: 210,
    elements: 256,
    block: 16,
    kind: 'q8x16',
    centre: 0,
    rounded: true,
    unpack(bytes, at, { codes, scales, minimums }) {
      const d = half(bytes, at + 208);
      for (let b = 0; b < 16; b++) {
        scales[b] = d * ((bytes[at + 192 + b] << 24) >> 24);
        minimums[b] = -0;
      }
      for (let j = 0; j < 256; j++) {
        // the low nibbles lie in planes of 64, the high bits in planes of 32
        const low = (bytes[at + (j >> 7) * 64 + (j & 63)] >> (j & 64 ? 4 : 0)) & 15;
        codes[j] = (low | (plane(bytes, at + 128, j, 2) << 4)) - 32;
      }
    },
  },
};
