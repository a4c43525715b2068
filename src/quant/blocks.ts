// ggml's blocks (ggml-quants.c), taken apart: those of plain codes here, the others in k-quants.ts (super-blocks), iq4.ts
// (tables), grid-quants.ts and ternary.ts.
//   Q8_0  34 bytes  f16 d, 32 × int8                                       x = d · code
//   Q4_0  18 bytes  f16 d, 16 × two nibbles                                x = d · (code − 8)
//   Q4_1  20 bytes  f16 d, f16 m, 16 × two nibbles                         x = d · code + m
//   Q5_0  22 bytes  f16 d, 32 × highest bit, 16 × two nibbles              x = d · (code − 16)
//   Q5_1  24 bytes  f16 d, f16 m, 32 × highest bit, 16 × two nibbles       x = d · code + m
//   Q2_0  18 bytes  f16 d, 64 × 2 bits                                     x = d · (code − 1)
//   Q1_0  18 bytes  f16 d, 128 × one bit                                   x = d or −d
// Byte j of the nibbles holds element j in the low nibble and element j + 16 in the high one.

import { type BlockCodec, half, unpacked } from './codec';
import { GRID_BLOCKS } from './grid-quants';
import { SUPER_BLOCKS } from './k-quants';
import { PACKED_BLOCKS } from './packed';
import { TABLE_BLOCKS } from './iq4';
import { TERNARY_BLOCKS } from './ternary';
import { type BlockType, blockLayout } from '../core/weight-kinds';

/** The simple blocks differ in what stands before the nibbles, and in what a code of zero is. */
function simple(zero: number, hasMinimum: boolean, fifthBit: boolean): BlockCodec['unpack'] {
  return (bytes, at, { codes, scales, minimums }) => {
    scales[0] = half(bytes, at);
    minimums[0] = hasMinimum ? half(bytes, at + 2) : -0;
    const high = at + (hasMinimum ? 4 : 2);
    const low = high + (fifthBit ? 4 : 0);
    const bit = (j: number) => (fifthBit ? ((bytes[high + (j >> 3)] >> (j & 7)) & 1) << 4 : 0);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[low + j];
      codes[j] = ((byte & 15) | bit(j)) - zero;
      codes[j + 16] = ((byte >> 4) | bit(j + 16)) - zero;
    }
  };
}

const SIMPLE = { elements: 32, block: 32, centre: 0 } as const;

/** Every block type that Pronk reads. */
export const CODECS: Readonly<Record<BlockType, BlockCodec>> = {
  Q8_0: {
    ...SIMPLE,
    bytes: 34,
    kind: 'q8',
    verbatim: true,
    unpack(bytes, at, { codes, scales, minimums }) {
      scales[0] = half(bytes, at);
      minimums[0] = -0;
      for (let j = 0; j < 32; j++) codes[j] = bytes[at + 2 + j];
    },
  },
  Q4_0: { ...SIMPLE, bytes: 18, kind: 'q4', verbatim: true, unpack: simple(8, false, false) },
  Q4_1: { ...SIMPLE, bytes: 20, kind: 'q4m', verbatim: true, unpack: simple(0, true, false) },
  Q5_0: { ...SIMPLE, bytes: 22, kind: 'q8', unpack: simple(16, false, true) },
  Q5_1: { ...SIMPLE, bytes: 24, kind: 'q8o', unpack: simple(0, true, true) },
  Q2_0: {
    bytes: 18,
    elements: 64,
    block: 32,
    kind: 'q4',
    centre: 0,
    unpack(bytes, at, { codes, scales, minimums }) {
      scales.fill(half(bytes, at), 0, 2);
      minimums.fill(-0, 0, 2);
      for (let j = 0; j < 64; j++) codes[j] = ((bytes[at + 2 + (j >> 2)] >> (2 * (j & 3))) & 3) - 1;
    },
  },
  Q1_0: {
    bytes: 18,
    elements: 128,
    block: 32,
    kind: 'q4',
    centre: 0,
    unpack(bytes, at, { codes, scales, minimums }) {
      scales.fill(half(bytes, at), 0, 4);
      minimums.fill(-0, 0, 4);
      for (let j = 0; j < 128; j++) codes[j] = (bytes[at + 2 + (j >> 3)] >> (j & 7)) & 1 ? 1 : -1;
    },
  },
  ...SUPER_BLOCKS,
  ...TABLE_BLOCKS,
  ...GRID_BLOCKS,
  ...TERNARY_BLOCKS,
  ...PACKED_BLOCKS,
};

/** Values of whole blocks, rounded to f32 after each step as C does it, so that they agree with ggml's bit for bit. */
export function dequantizeBlocks(type: BlockType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const { bytes: size, elements, block, kind, unpack } = CODECS[type];
  const { table } = blockLayout(kind);
  const count = bytes.length / size;
  if (!Number.isInteger(count)) throw new RangeError(`${bytes.length} bytes are not whole ${type} blocks`);
  const result = new Float32Array(count * elements);
  const each = unpacked();
  const { codes, scales, minimums } = each;
  for (let at = 0, out = 0; at < bytes.length; at += size, out += elements) {
    unpack(bytes, at, each);
    for (let start = 0, b = 0; start < elements; start += block, b++) {
      const scale = scales[b];
      const minimum = minimums[b];
      for (let j = start; j < start + block; j++) {
        result[out + j] = Math.fround(scale * (table ? table[codes[j]] : codes[j])) + minimum;
      }
    }
  }
  return result;
}
