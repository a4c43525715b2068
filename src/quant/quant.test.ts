import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Float16Array } from '@petamoriken/float16';
import { type BlockType, dequantizeBlocks, quantizeBlocks } from './blocks';
import { bf16ToF32, f16ToF32, f32ArrayToBf16, f32ArrayToF16, f32ToBf16, f32ToF16 } from './f16';
import golden from './golden/blocks.json';
import { type ElementType, type WeightKind, codeBytes, scaleBytes } from './kinds';
import { dequantizeRows, elementRowBytes, packRows, quantizeRows, repackRows, storedKind } from './repack';

const TYPES: readonly BlockType[] = ['Q8_0', 'Q4_0', 'Q4_1'];

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

function floats(base64: string): Float32Array<ArrayBuffer> {
  return new Float32Array(bytes(base64).buffer);
}

function halves(base64: string): Uint16Array<ArrayBuffer> {
  return new Uint16Array(bytes(base64).buffer);
}

describe('16-bit floats', () => {
  test('agree with numpy', () => {
    expect(f32ArrayToF16(floats(golden.f16.values))).toEqual(halves(golden.f16.bytes));
    expect(f32ArrayToBf16(floats(golden.bf16.values))).toEqual(halves(golden.bf16.bytes));
  });

  test('every f16 goes to its value and back', () => {
    const oracle = new Float16Array(1);
    const pattern = new Uint16Array(oracle.buffer);
    const wrong: number[] = [];
    for (let half = 0; half < 65536; half++) {
      pattern[0] = half;
      if (!Object.is(f16ToF32(half), oracle[0])) wrong.push(half);
      if (!Number.isNaN(oracle[0]) && f32ToF16(oracle[0]) !== half) wrong.push(half);
    }
    expect(wrong).toEqual([]);
    expect(f16ToF32(f32ToF16(NaN))).toBeNaN();
    expect(bf16ToF32(f32ToBf16(NaN))).toBeNaN();
  });

  test('every f32 rounds as the oracle does, halfway cases included', () => {
    const oracle = new Float16Array(1);
    const pattern = new Uint16Array(oracle.buffer);
    const agrees = (value: number) => {
      oracle[0] = value;
      return f32ToF16(value) === pattern[0];
    };
    const halfway = fc.tuple(fc.integer({ min: 0, max: 0x7bfe }), fc.boolean());
    fc.assert(fc.property(fc.float({ noNaN: true }), agrees), { numRuns: 2000 });
    fc.assert(
      fc.property(halfway, ([half, negative]) => {
        const middle = (f16ToF32(half) + f16ToF32(half + 1)) / 2;
        return agrees(negative ? -middle : middle);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('block codecs', () => {
  for (const { name, values, ...types } of golden.blocks) {
    test.each(TYPES)(`%s of ${name} values agrees with ggml, bit for bit`, (type) => {
      expect(quantizeBlocks(type, floats(values))).toEqual(bytes(types[type].bytes));
      expect(dequantizeBlocks(type, bytes(types[type].bytes))).toEqual(floats(types[type].values));
    });
  }

  test('a nibble in the wrong half, or another rounding, would be seen', () => {
    const [{ values, Q4_0: expected }] = golden.blocks;
    const quantized = quantizeBlocks('Q4_0', floats(values));
    const swapped = quantized.map((byte, i) => (i % 18 < 2 ? byte : ((byte & 15) << 4) | (byte >>> 4)));
    expect(dequantizeBlocks('Q4_0', swapped)).not.toEqual(floats(expected.values));
    const ties = golden.blocks.find((each) => each.name === 'ties')!;
    const truncated = floats(ties.values).map((value) => Math.trunc(value));
    expect(quantizeBlocks('Q8_0', truncated)).not.toEqual(bytes(ties.Q8_0.bytes));
  });

  test('errors stay within half a step', () => {
    const row = fc.float32Array({ minLength: 32, maxLength: 32, noNaN: true, min: -100, max: 100 });
    fc.assert(
      fc.property(row, fc.constantFrom(...TYPES), (x, type) => {
        const values = new Float32Array(x);
        const back = dequantizeBlocks(type, quantizeBlocks(type, values));
        const largest = Math.max(...values.map(Math.abs));
        const range = Math.max(...values) - Math.min(...values);
        // Q4_0's code 16 does not exist: the far side may be a whole step off. f16 scales add their own rounding.
        const step = { Q8_0: largest / 127 / 2, Q4_0: largest / 8, Q4_1: range / 15 / 2 }[type];
        const slack = largest * 2 ** -9 + 128 * 2 ** -24;
        return values.every((value, i) => Math.abs(value - back[i]) <= step + slack);
      }),
    );
  });
});

describe('stored layout', () => {
  const shape = fc.record({ rows: fc.integer({ min: 1, max: 5 }), blocks: fc.integer({ min: 1, max: 3 }) });

  test('repacking keeps every value of every type', () => {
    fc.assert(
      fc.property(
        shape,
        fc.constantFrom(...TYPES),
        fc.infiniteStream(fc.nat(255)),
        ({ rows, blocks }, type, stream) => {
          const columns = blocks * 32;
          const file = Uint8Array.from(
            { length: rows * elementRowBytes(type, columns) },
            () => stream.next().value ?? 0,
          );
          const packed = repackRows(type, file, rows, columns);
          expect(packed.kind).toBe(storedKind(type));
          expect(packed.codes.length).toBe(rows * codeBytes(packed.kind, columns));
          expect(packed.scales.length).toBe(scaleBytes(packed.kind, rows, columns));
          expect(packed.scales.length % 4).toBe(0);
          expect(dequantizeRows(packed)).toEqual(dequantizeBlocks(type, file));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('rows of odd length are padded to whole words and come back', () => {
    const values = Float32Array.of(1, -2, 3, 0.5, 0.25, -8);
    for (const kind of ['f32', 'f16', 'bf16'] as const) {
      const packed = packRows(values, kind, 2, 3);
      expect(packed.codes.length).toBe(2 * codeBytes(kind, 3));
      expect(dequantizeRows(packed)).toEqual(values);
    }
    const bits = new Uint16Array(packRows(values, 'f16', 2, 3).codes.buffer);
    expect([...bits]).toEqual([...f32ArrayToF16([1, -2, 3]), 0, ...f32ArrayToF16([0.5, 0.25, -8]), 0]);
  });

  test('the layout of q4m is codes apart from interleaved scale and minimum', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => i / 4);
    const { codes, scales } = packRows(values, 'q4m', 2, 32);
    const head = new Uint16Array(scales.buffer);
    expect(f16ToF32(head[1])).toBe(0);
    expect(f16ToF32(head[3])).toBe(8);
    const [scale, minimum] = [f16ToF32(head[2]), f16ToF32(head[3])];
    // Second row, element 5 in the low nibble and element 21 in the high one of byte 16 + 5.
    expect((codes[21] & 15) * scale + minimum).toBeCloseTo(values[32 + 5], 0);
    expect((codes[21] >>> 4) * scale + minimum).toBeCloseTo(values[32 + 21], 0);
  });

  test('requantizing falls back to f16 where blocks do not divide a row', () => {
    const source = packRows(
      Float32Array.from({ length: 2 * 172 }, (_, i) => Math.sin(i)),
      'f32',
      2,
      172,
    );
    for (const kind of ['q8', 'q4', 'f16'] as const) expect(quantizeRows(source, kind).kind).toBe('f16');
    expect(quantizeRows(source, 'f32')).toBe(source);
  });

  test('requantizing to the same codes is stable', () => {
    const values = Float32Array.from({ length: 128 }, (_, i) => Math.cos(i));
    for (const kind of ['q8', 'q4'] satisfies WeightKind[]) {
      const once = packRows(values, kind, 2, 64);
      expect(quantizeRows(quantizeRows(once, 'f32'), kind)).toEqual(once);
    }
  });

  test('a byte count that is not the shape is refused', () => {
    const type: ElementType = 'F16';
    expect(() => repackRows(type, new Uint8Array(7), 1, 4)).toThrow(RangeError);
  });
});
