// Values -> codes of a stored kind. For q8, q4 and q4m this is what ggml does for Q8_0, Q4_0 and Q4_1 (quantize_row_*_ref):
// arithmetic is rounded to f32 after each step, as C does it, so that the codes agree bit for bit.

import { f32ToF16 } from './f16';
import type { BlockLayout, PackedRows } from '../core/weight-kinds';

/**
 * A block's scale and offset before they are rounded to f16; codes are written relative to the layout's zero, or as places
 * in its table.
 */
export type BlockQuantizer = (x: Float32Array, codes: Int8Array) => readonly [scale: number, offset: number];

const f32 = Math.fround;

/** How a layout's blocks are quantized. Values must be finite. */
export function quantizer(layout: BlockLayout): BlockQuantizer {
  if (layout.table) return byTable(layout.table);
  if (layout.offset) return withOffset(layout);
  return layout.bits === 8 ? byLargest : byExtreme;
}

/**
 * Values into rows of `q8` or `q4`, the kinds that models are converted to: what `quantizer` does for them block by block,
 * in one loop over the whole, which is several times as fast. False for other kinds.
 */
export function quantizeWhole(values: Float32Array, { kind, codes, scales }: PackedRows): boolean {
  if (kind !== 'q8' && kind !== 'q4') return false;
  const halves = new Uint16Array(scales.buffer, scales.byteOffset, scales.length / 2);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const blocks = values.length / 32;
  for (let b = 0; b < blocks; b++) halves[b] = kind === 'q8' ? eight(values, words, b, codes) : four(values, b, codes);
  return true;
}

/** By the sign bit: a branch on it would be taken half of the time, and cost more than all else. */
const HALF_STEP = Float64Array.of(0.5, -0.5);

/** @returns the scale's f16 */
function eight(x: Float32Array, words: Uint32Array, b: number, codes: Uint8Array): number {
  const start = b * 32;
  const end = start + 32;
  let largest = 0;
  for (let j = start; j < end; j++) {
    const size = Math.abs(x[j]);
    if (size > largest) largest = size;
  }
  const scale = f32(largest / 127);
  const inverse = scale ? f32(1 / scale) : 0;
  for (let j = start; j < end; j++) {
    // half a step away from zero and then towards it is roundAway; a byte keeps the low bits of a negative code
    codes[j] = (f32(x[j] * inverse) + HALF_STEP[words[j] >>> 31]) | 0;
  }
  return f32ToF16(scale);
}

/** @returns the scale's f16 */
function four(x: Float32Array, b: number, codes: Uint8Array): number {
  const start = b * 32;
  let extreme = 0;
  let size = 0;
  for (let j = start; j < start + 32; j++) {
    const each = Math.abs(x[j]);
    if (each > size) {
      size = each;
      extreme = x[j];
    }
  }
  const scale = f32(extreme / -8);
  const inverse = scale ? f32(1 / scale) : 0;
  for (let j = 0; j < 16; j++) {
    const low = f32(f32(x[start + j] * inverse) + 8.5) | 0;
    const high = f32(f32(x[start + j + 16] * inverse) + 8.5) | 0;
    codes[b * 16 + j] = (low > 15 ? 15 : low) | ((high > 15 ? 15 : high) << 4);
  }
  return f32ToF16(scale);
}

/** 8 bits around zero: the largest magnitude becomes 127. */
const byLargest: BlockQuantizer = (x, codes) => {
  let largest = 0;
  for (let j = 0; j < x.length; j++) largest = Math.max(largest, Math.abs(x[j]));
  const scale = f32(largest / 127);
  const inverse = scale ? f32(1 / scale) : 0;
  for (let j = 0; j < x.length; j++) codes[j] = roundAway(f32(x[j] * inverse));
  return [scale, 0];
};

/** 4 bits around zero: the value of largest magnitude, with its sign, becomes −8. */
const byExtreme: BlockQuantizer = (x, codes) => {
  let extreme = 0;
  for (let j = 0; j < x.length; j++) if (Math.abs(x[j]) > Math.abs(extreme)) extreme = x[j];
  const scale = f32(extreme / -8);
  const inverse = scale ? f32(1 / scale) : 0;
  for (let j = 0; j < x.length; j++) codes[j] = Math.min(15, Math.trunc(f32(f32(x[j] * inverse) + 8.5))) - 8;
  return [scale, 0];
};

/** Steps from the least value to the largest. The offset is the value of the layout's zero. */
function withOffset({ bits, zero }: BlockLayout): BlockQuantizer {
  const steps = 2 ** bits - 1;
  const centre = bits === 8 ? 128 : zero;
  return (x, codes) => {
    let minimum = Infinity;
    let maximum = -Infinity;
    for (let j = 0; j < x.length; j++) {
      minimum = Math.min(minimum, x[j]);
      maximum = Math.max(maximum, x[j]);
    }
    const scale = f32(f32(maximum - minimum) / steps);
    const inverse = scale ? f32(1 / scale) : 0;
    for (let j = 0; j < x.length; j++) {
      codes[j] = Math.min(steps, Math.trunc(f32(f32(f32(x[j] - minimum) * inverse) + 0.5))) - centre;
    }
    // not `+ 0`: a minimum of −0 stays one
    return [scale, centre ? minimum + centre * scale : minimum];
  };
}

/** The nearest value of a table: the value of largest magnitude becomes the table's own, with its sign. */
function byTable(table: readonly number[]): BlockQuantizer {
  const largest = table.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most));
  return (x, codes) => {
    let extreme = 0;
    for (let j = 0; j < x.length; j++) if (Math.abs(x[j]) > Math.abs(extreme)) extreme = x[j];
    const scale = f32(extreme / largest);
    const inverse = scale ? f32(1 / scale) : 0;
    for (let j = 0; j < x.length; j++) {
      const wanted = x[j] * inverse;
      let best = 0;
      for (let i = 1; i < table.length; i++) {
        if (Math.abs(table[i] - wanted) < Math.abs(table[best] - wanted)) best = i;
      }
      codes[j] = best;
    }
    return [scale, 0];
  };
}

/** C's roundf: halves go away from zero. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
