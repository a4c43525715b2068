// Rounds the input of a product to 8-bit codes in blocks of 32, so that the product is one of integers.
import { defined } from '../../core/defined';
import { op } from '../../gpu/op';
import quantizeSource from '../../../shaders/matmul/quantize.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import type { KernelTarget } from '../tuning';

/** Elements that share a scale. */
export const INPUT_BLOCK = 32;

interface Variant {
  /** Element type of x. */
  readonly input: 'f32' | 'f16';
  /** Whether x is multiplied by a norm's gain before it is rounded. */
  readonly norm: boolean;
}

/** Threads of a workgroup. */
const threadsOf = (integers: KernelTarget['integers']) =>
  defined(integers, 'shapes of products of whole numbers').quantizeThreads;

/** Codes [T, K] of x and, of each block, [scale, Σ of the first half's codes, Σ of the second's, Σx²]. */
export const quantize = op({
  name: 'quantize',
  variants: ({ integers, activation }: KernelTarget): readonly Variant[] =>
    integers
      ? [
          { input: 'f32', norm: true },
          { input: 'f32', norm: false },
          { input: activation, norm: false },
        ]
      : [],
  source: ({ input, norm }: Variant, { integers }: KernelTarget) => ({
    definitions: { Input: input, NORM: norm, WORKGROUP_SIZE: threadsOf(integers) },
    snippets: { state, quantize: quantizeSource },
  }),
  params: { columns: 'u32' },
  bindings: { state: 'read', x: 'read', gain: 'read?', codes: 'read_write', blocks: 'read_write' },
  grid: ({ target: { integers }, params: { columns }, rows }) => [
    Math.ceil((rows * columns) / INPUT_BLOCK / threadsOf(integers)),
  ],
  cost: ({ variant: { input }, params: { columns }, rows }) => ({
    flops: 4 * columns * rows,
    bytes: rows * columns * ((input === 'f16' ? 2 : 4) + 1.5),
  }),
  reference: quantized,
});

/** A product's input as 8-bit integers. */
interface Quantized {
  readonly codes: Int8Array<ArrayBuffer>;
  /** [blocks][4]: scale, Σ of the codes of either half, Σx² before the gain */
  readonly blocks: Float32Array<ArrayBuffer>;
}

/** Blocks whose largest magnitude is below this become zeros: from here on 127 / it is finite and it / 127 is normal. */
const LEAST = 2 ** -119;

/** The nearest whole number, ties to even. */
function rounded(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

/**
 * Codes and blocks as the kernel gives them to the bit, except for Σx², whose order of summation is not fixed.
 * @param x [T, K] @param gain [K]
 */
function quantized(x: ArrayLike<number>, columns: number, gain?: ArrayLike<number>): Quantized {
  const codes = new Int8Array(x.length);
  const blocks = new Float32Array((x.length / INPUT_BLOCK) * 4);
  const { fround } = Math;
  for (let start = 0; start < x.length; start += INPUT_BLOCK) {
    const block = Array.from({ length: INPUT_BLOCK }, (_, i) => {
      const value = x[start + i];
      return gain ? fround(value * gain[(start + i) % columns]) : value;
    });
    const largest = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const inverse = largest < LEAST ? 0 : fround(127 / largest);
    const own = block.map((value) => rounded(fround(value * inverse)));
    codes.set(own, start);
    const sum = (from: number) => own.slice(from, from + 16).reduce((total, code) => total + code, 0);
    const squares = Array.from({ length: INPUT_BLOCK }, (_, i) => x[start + i] ** 2).reduce((a, b) => a + b, 0);
    const scale = largest < LEAST ? 0 : fround(largest * fround(1 / 127));
    blocks.set([scale, sum(0), sum(16), squares], (start / INPUT_BLOCK) * 4);
  }
  return { codes, blocks };
}

/** The values that codes stand for, times the gain where there was one. */
export function dequantized({ codes, blocks }: Quantized): Float64Array {
  return Float64Array.from(codes, (code, i) => code * blocks[4 * Math.floor(i / INPUT_BLOCK)]);
}
