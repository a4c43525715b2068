// Codes of other programs in blocks of 32, with scale and offset in f32 as those programs compute with: what the packed
// weights of Hugging Face folders (GPTQ, AWQ, MLX, bitsandbytes, compressed-tensors) are read as. No file has these blocks.
//   S4  20 bytes  f32 d, 16 × two nibbles          x = d · (code − 8)
//   A4  24 bytes  f32 d, f32 m, 16 × two nibbles   x = d · code + m
//   N4  20 bytes  f32 d, 16 × two nibbles          x = d · NormalFloat[code]
//   S8  36 bytes  f32 d, 32 × int8                 x = d · code
//   A8  40 bytes  f32 d, f32 m, 32 × int8          x = d · code + m

import type { BlockCodec } from './codec';
import type { BlockKind, PackedType } from '../core/weight-kinds';

/** Elements of a block. */
export const PACKED_BLOCK = 32;

/** Where the parts of a block begin. */
export interface PackedLayout {
  readonly bits: 4 | 8;
  readonly offset: boolean;
  readonly bytes: number;
  /** Where codes begin. */
  readonly head: number;
}

export function packedLayout(type: PackedType): PackedLayout {
  const [bits, offset] = [type.endsWith('4') ? 4 : 8, type.startsWith('A')] as const;
  const head = offset ? 8 : 4;
  return { bits, offset, bytes: head + (PACKED_BLOCK * bits) / 8, head };
}

function codec(type: PackedType, kind: BlockKind): BlockCodec {
  const { bits, offset, bytes, head } = packedLayout(type);
  const zero = type === 'S4' ? 8 : 0;
  return {
    bytes,
    elements: PACKED_BLOCK,
    block: PACKED_BLOCK,
    kind,
    // the code in the middle stands for a small value, which loses less as f16
    centre: type === 'A4' ? 8 : 0,
    rounded: true,
    unpack(source, at, { codes, scales, minimums }) {
      const view = new DataView(source.buffer, source.byteOffset + at, bytes);
      scales[0] = view.getFloat32(0, true);
      minimums[0] = offset ? view.getFloat32(4, true) : -0;
      if (bits === 8) {
        for (let j = 0; j < PACKED_BLOCK; j++) codes[j] = view.getInt8(head + j);
        return;
      }
      for (let j = 0; j < 16; j++) {
        const byte = view.getUint8(head + j);
        codes[j] = (byte & 15) - zero;
        codes[j + 16] = (byte >> 4) - zero;
      }
    },
  };
}

export const PACKED_BLOCKS: Readonly<Record<PackedType, BlockCodec>> = {
  S4: codec('S4', 'q4'),
  A4: codec('A4', 'q4o'),
  N4: codec('N4', 'q4nf'),
  S8: codec('S8', 'q8'),
  A8: codec('A8', 'q8o'),
};
