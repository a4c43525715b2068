// ggml's block codecs (ggml-quants.c, reference functions), 32 elements a block:
//   Q8_0  34 bytes  f16 d, 32 × int8                 x = d · code
//   Q4_0  18 bytes  f16 d, 16 × two nibbles          x = d · (code − 8)
//   Q4_1  20 bytes  f16 d, f16 m, 16 × two nibbles   x = d · code + m
// Byte j of a Q4 block holds element j in the low nibble and element j + 16 in the high one. Arithmetic is rounded to
// f32 after each step, as C does it, so that the codes agree bit for bit.

import { f16ToF32, f32ToF16 } from './f16';
import { BLOCK } from './kinds';

export type BlockType = 'Q8_0' | 'Q4_0' | 'Q4_1';

/** Bytes of a block. */
export const BLOCK_BYTES: Readonly<Record<BlockType, number>> = { Q8_0: 34, Q4_0: 18, Q4_1: 20 };

const f32 = Math.fround;

/** Values of whole blocks. */
export function dequantizeBlocks(type: BlockType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const blocks = bytes.length / BLOCK_BYTES[type];
  if (!Number.isInteger(blocks)) throw new RangeError(`${bytes.length} bytes are not whole ${type} blocks`);
  const result = new Float32Array(blocks * BLOCK);
  for (let block = 0, at = 0; block < blocks; block++, at += BLOCK_BYTES[type]) {
    const scale = f16ToF32(bytes[at] | (bytes[at + 1] << 8));
    const out = block * BLOCK;
    if (type === 'Q8_0') {
      for (let j = 0; j < BLOCK; j++) result[out + j] = scale * ((bytes[at + 2 + j] << 24) >> 24);
      continue;
    }
    const minimum = type === 'Q4_1' ? f16ToF32(bytes[at + 2] | (bytes[at + 3] << 8)) : -0; // x + −0 is x, for x = −0 too
    const codes = at + (type === 'Q4_1' ? 4 : 2);
    const zero = type === 'Q4_0' ? 8 : 0;
    for (let j = 0; j < 16; j++) {
      const byte = bytes[codes + j];
      result[out + j] = f32(scale * ((byte & 15) - zero)) + minimum;
      result[out + j + 16] = f32(scale * ((byte >>> 4) - zero)) + minimum;
    }
  }
  return result;
}

/** Blocks of values whose count is a multiple of 32. Values must be finite. */
export function quantizeBlocks(type: BlockType, values: Float32Array): Uint8Array<ArrayBuffer> {
  if (values.length % BLOCK) throw new RangeError(`${values.length} values are not whole blocks of ${BLOCK}`);
  const blocks = values.length / BLOCK;
  const result = new Uint8Array(blocks * BLOCK_BYTES[type]);
  for (let block = 0; block < blocks; block++) {
    const x = values.subarray(block * BLOCK, (block + 1) * BLOCK);
    quantizers[type](x, result.subarray(block * BLOCK_BYTES[type]));
  }
  return result;
}

const quantizers: Readonly<Record<BlockType, (x: Float32Array, out: Uint8Array) => void>> = {
  Q8_0(x, out) {
    let largest = 0;
    for (let j = 0; j < BLOCK; j++) largest = Math.max(largest, Math.abs(x[j]));
    const scale = f32(largest / 127);
    const inverse = scale ? f32(1 / scale) : 0;
    writeHalf(out, 0, scale);
    for (let j = 0; j < BLOCK; j++) out[2 + j] = roundAway(f32(x[j] * inverse));
  },
  Q4_0(x, out) {
    // The value of largest magnitude, with its sign, becomes code 0, that is -8.
    let extreme = 0;
    for (let j = 0; j < BLOCK; j++) if (Math.abs(x[j]) > Math.abs(extreme)) extreme = x[j];
    const scale = f32(extreme / -8);
    const inverse = scale ? f32(1 / scale) : 0;
    writeHalf(out, 0, scale);
    for (let j = 0; j < 16; j++) {
      const low = Math.min(15, Math.trunc(f32(f32(x[j] * inverse) + 8.5)));
      const high = Math.min(15, Math.trunc(f32(f32(x[j + 16] * inverse) + 8.5)));
      out[2 + j] = low | (high << 4);
    }
  },
  Q4_1(x, out) {
    let minimum = Infinity;
    let maximum = -Infinity;
    for (let j = 0; j < BLOCK; j++) {
      minimum = Math.min(minimum, x[j]);
      maximum = Math.max(maximum, x[j]);
    }
    const scale = f32(f32(maximum - minimum) / 15);
    const inverse = scale ? f32(1 / scale) : 0;
    writeHalf(out, 0, scale);
    writeHalf(out, 2, minimum);
    for (let j = 0; j < 16; j++) {
      const low = Math.min(15, Math.trunc(f32(f32(f32(x[j] - minimum) * inverse) + 0.5)));
      const high = Math.min(15, Math.trunc(f32(f32(f32(x[j + 16] - minimum) * inverse) + 0.5)));
      out[4 + j] = low | (high << 4);
    }
  },
};

/** C's roundf: halves go away from zero. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

function writeHalf(out: Uint8Array, at: number, value: number): void {
  const half = f32ToF16(value);
  out[at] = half & 255;
  out[at + 1] = half >>> 8;
}
