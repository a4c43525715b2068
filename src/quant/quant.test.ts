import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Float16Array } from '@petamoriken/float16';
import { dequantizeBlocks } from './blocks';
import { elementsPerBlock, roundsScales } from './elements';
import { bf16ToF32, f16ToF32, f32ArrayToBf16, f32ArrayToF16, f32ToBf16, f32ToF16 } from './f16';
import golden from './golden/blocks.json';
import iq from './golden/iq.json';
import {
  type BlockType,
  type ElementType,
  type WeightKind,
  WEIGHT_KINDS,
  blockLayout,
  codeBytes,
  fitsKind,
  isBlockKind,
  scaleBytes,
} from '../core/weight-kinds';
import {
  ScaleOverflow,
  dequantizeRows,
  elementRowBytes,
  fileRows,
  packRows,
  quantizeRows,
  repackRows,
  storedKind,
} from './repack';

/** Types that a kind has as they are, which can be written too. */
const WRITTEN = { Q8_0: 'q8', Q4_0: 'q4', Q4_1: 'q4m' } as const;
type Written = keyof typeof WRITTEN;
const TYPES = Object.keys(WRITTEN) as Written[];
const SIMPLE = [...TYPES, 'Q5_0', 'Q5_1'] as const;

/** Values as a GGUF file has them. */
function quantizeBlocks(type: Written, values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return fileRows(packRows(values, WRITTEN[type], 1, values.length));
}

/** Blocks of gguf-py's that are read alone, since nothing here writes them. */
const READ = [...golden.superBlocks, ...iq];

/** Bit patterns: −0 is not 0. */
function patterns(values: Float32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  return new Uint32Array(values.buffer);
}

/** The f16 nearest to a number. */
function half(value: number): number {
  return f16ToF32(f32ToF16(value));
}

/** How often a trained model has a 4-bit code. */
function often(code: number): number {
  return Math.round(20 * Math.exp(-(((code - 7.4) / 3.5) ** 2) / 2));
}

/** The widest gap between neighbours of a table, as a share of its largest value. */
function widestStep(table: readonly number[]): number {
  const sorted = table.toSorted((a, b) => a - b);
  const gaps = sorted.map((value, i) => value - (sorted[i - 1] ?? value));
  // values beyond the table's shorter side are as far off as that side is short
  const [least, most] = [sorted[0], sorted.at(-1)!].map(Math.abs);
  return Math.max(...gaps, 2 * Math.abs(least - most)) / Math.max(least, most);
}

/** ‖actual − expected‖ / ‖expected‖ */
function relative(actual: Float32Array, expected: Float32Array): number {
  return Math.hypot(...actual.map((each, i) => each - expected[i])) / Math.hypot(...expected);
}

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
    // and in bulk as one by one, whatever the bits
    const any = new Float32Array(Uint32Array.from({ length: 200_000 }, (_, i) => Math.imul(i, 2654435761)).buffer);
    expect(f32ArrayToF16(any).findIndex((half, i) => half !== f32ToF16(any[i]))).toBe(-1);
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
    test.each(TYPES)(`%s of ${name} values is quantized as ggml does it, bit for bit`, (type) => {
      expect(quantizeBlocks(type, floats(values))).toEqual(bytes(types[type].bytes));
    });
    test.each(SIMPLE)(`%s of ${name} values is read as ggml does it, bit for bit`, (type) => {
      expect(patterns(dequantizeBlocks(type, bytes(types[type].bytes)))).toEqual(patterns(floats(types[type].values)));
    });
  }

  for (const { type, name, ...expected } of READ) {
    test(`${type} with ${name} is read as ggml does it, bit for bit`, () => {
      const values = dequantizeBlocks(type as BlockType, bytes(expected.bytes));
      expect(patterns(values)).toEqual(patterns(floats(expected.values)));
    });
  }

  test('any byte of a block that is another would be seen', () => {
    for (const { type, bytes: text, name, ...expected } of READ) {
      if (!name.startsWith('usual factors, random')) continue;
      const block = bytes(text);
      for (let at = 0; at < elementRowBytes(type as BlockType, elementsPerBlock(type as BlockType)); at++) {
        const damaged = block.map((byte, i) => (i === at ? byte ^ 0x91 : byte));
        expect(dequantizeBlocks(type as BlockType, damaged), `${type}, byte ${at}`).not.toEqual(
          floats(expected.values),
        );
      }
    }
  });

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

  test('one bit is a scale with a sign, two bits are four steps from one below zero, float64 is rounded', () => {
    // as libggml 0.5.0 has them
    const four = Uint8Array.of(0x00, 0x38, 0, 1, 2, 3, 0x55, 0xaa, 0xff, 0xe4, ...Array<number>(8).fill(0));
    const two = dequantizeBlocks('Q2_0', four);
    expect([...two.subarray(4, 9)]).toEqual([0, -0.5, -0.5, -0.5, 0.5]);
    expect([...two.subarray(28, 32), two.length]).toEqual([-0.5, 0, 0.5, 1, 64]);
    expect(dequantizeRows(repackRows('Q2_0', four, 1, 64))).toEqual(two);
    const file = Uint8Array.of(0x00, 0x38, ...Array<number>(16).fill(0b00000101));
    const values = dequantizeBlocks('Q1_0', file);
    expect([...values.subarray(0, 4), values.length]).toEqual([0.5, -0.5, 0.5, -0.5, 128]);
    const packed = repackRows('Q1_0', file, 1, 128);
    expect(packed.kind).toBe('q4');
    expect(dequantizeRows(packed)).toEqual(values);
    const wide = Float64Array.of(0.1, -1e-300, 1 / 3);
    const kept = repackRows('F64', new Uint8Array(wide.buffer), 1, 3);
    expect(kept.kind).toBe('f32');
    expect(patterns(dequantizeRows(kept))).toEqual(patterns(Float32Array.from(wide)));
  });

  test('types whose bytes are kept are written as they were', () => {
    const { bytes: text } = iq.find(({ type }) => type === 'IQ4_NL')!;
    expect(fileRows(repackRows('IQ4_NL', bytes(text), 2, 32))).toEqual(bytes(text));
    for (const { Q4_0: packed } of golden.blocks) {
      const file = bytes(packed.bytes);
      expect(fileRows(repackRows('Q4_0', file, file.length / 18, 32))).toEqual(file);
    }
  });

  test('a scale that is infinite in the file stays so, for whoever looks for such', () => {
    const file = Uint8Array.of(0x00, 0x7c, 0x00, 0x38, ...Array<number>(20).fill(0));
    const packed = repackRows('Q5_1', file, 1, 32);
    expect([...new Uint16Array(packed.scales.buffer)]).toEqual([0x7c00, 0x3800]);
  });

  test('repacking keeps every value of simple blocks', () => {
    fc.assert(
      fc.property(
        shape,
        fc.constantFrom(...SIMPLE),
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

  describe('super-blocks', () => {
    const usable = READ.filter(({ name }) => !/^large|beyond/.test(name));
    test.each(usable)('$type with $name keeps its codes, and its weights within 5e-4', ({ type: name, ...each }) => {
      const type = name as BlockType;
      const columns = elementsPerBlock(type);
      const file = bytes(each.bytes);
      const blocks = file.length / elementRowBytes(type, columns);
      const packed = repackRows(type, file, blocks, columns);
      const [kept, exact] = [dequantizeRows(packed), dequantizeBlocks(type, file)];
      expect(packed.kind).toBe(storedKind(type));
      expect(packed.codes.length).toBe(blocks * codeBytes(packed.kind, columns));
      expect(packed.scales.length).toBe(scaleBytes(packed.kind, blocks, columns));
      if (exact.every((value) => value === 0)) expect(kept.every((value) => value === 0)).toBe(true);
      else expect(relative(kept, exact)).toBeLessThan(roundsScales(type) ? 5e-4 : 1e-9);
    });

    test('a minimum rounded as it stands would lose more than that', () => {
      // 15 steps, and most weights near zero, as trained models have them
      const scales = Float32Array.from({ length: 200 }, (_, i) => 1e-3 * (1 + i / 211));
      const error = (stored: (scale: number, code: number) => number) => {
        const codes = Array.from({ length: 16 }, (_, code) => Array<number>(often(code)).fill(code)).flat();
        const pairs = [...scales].flatMap((scale) => codes.map((code) => [scale, code] as const));
        const exact = Float32Array.from(pairs, ([scale, code]) => scale * (code - 7.4));
        return relative(
          Float32Array.from(pairs, ([scale, code]) => stored(scale, code)),
          exact,
        );
      };
      expect(error((scale, code) => half(scale) * code + half(-7.4 * scale))).toBeGreaterThan(5e-4);
      expect(error((scale, code) => half(scale) * (code - 8) + half(0.6 * scale))).toBeLessThan(3e-4);
    });

    test('scales that f16 cannot hold are refused, not stored as infinite', () => {
      const large = golden.superBlocks.filter(({ name }) => name === 'large factors, highest codes');
      const overflowing = large.filter(({ type }) => !/Q[23]_K|Q6_K/.test(type));
      expect(overflowing.map(({ type }) => type)).toEqual(['Q4_K', 'Q5_K']);
      for (const { type } of overflowing) {
        const file = bytes(large.find((each) => each.type === type)!.bytes).fill(0x7b, 0, 4);
        expect(() => repackRows(type as BlockType, file, 1, 256), type).toThrow(ScaleOverflow);
        expect(dequantizeBlocks(type as BlockType, file).every(Number.isFinite)).toBe(true);
      }
      const { bytes: text } = iq.find(({ name }) => name.startsWith('factors beyond f16'))!;
      expect(() => repackRows('MXFP4', bytes(text), 6, 32)).toThrow(ScaleOverflow);
    });
  });

  test('every kind is packed and read back within half a step', () => {
    const [rows, columns] = [2, 96];
    const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 1.7) + 0.2);
    for (const kind of WEIGHT_KINDS.filter(isBlockKind)) {
      const { bits, block, offset, table } = blockLayout(kind);
      const packed = packRows(values, kind, rows, columns);
      expect(packed.codes.length, kind).toBe((rows * columns * bits) / 8);
      expect(packed.scales.length, kind).toBe((rows * columns * (offset ? 4 : 2)) / block);
      const step = bits === 8 ? 2.4 / 254 : table ? 1.2 * widestStep(table) : 2.4 / 15;
      const most = Math.max(...dequantizeRows(packed).map((value, i) => Math.abs(value - values[i])));
      // around zero, code 8 of 4 bits does not exist: the far side may be a whole step off
      expect(most, kind).toBeLessThan(step * (bits === 4 && !offset && !table ? 1.01 : 0.55));
      expect(most, kind).toBeGreaterThan(step / 4);
    }
  });

  test('every kind becomes every other by way of its values', () => {
    const values = Float32Array.from({ length: 2 * 64 }, (_, i) => Math.cos(i * 0.9) / 8);
    for (const from of WEIGHT_KINDS) {
      const source = packRows(values, from, 2, 64);
      for (const to of WEIGHT_KINDS) {
        const target = quantizeRows(source, to);
        expect(target.kind).toBe(to);
        if (to === 'f32') expect(dequantizeRows(target)).toEqual(dequantizeRows(source));
        // uneven steps are coarse, and two bits with a sign are coarser
        else {
          const most = to.startsWith('q4i2') ? 0.2 : /^q4(fp|nf)/.test(to) ? 0.13 : 0.1;
          expect(relative(dequantizeRows(target), dequantizeRows(source)), `${from} to ${to}`).toBeLessThan(most);
        }
      }
    }
  });

  test('a row must be whole blocks of its kind', () => {
    expect(WEIGHT_KINDS.filter((kind) => fitsKind(kind, 48))).toEqual(
      WEIGHT_KINDS.filter((kind) => !isBlockKind(kind) || blockLayout(kind)!.block === 16),
    );
    expect(elementsPerBlock('Q4_K')).toBe(256);
  });

  test('rows of odd length are padded to whole words and come back', () => {
    const values = Float32Array.of(1, -2, 3, 0.5, 0.25, -8);
    for (const kind of ['f32', 'f16', 'bf16'] as const) {
      const packed = packRows(values, kind, 2, 3);
      expect(packed.codes.length).toBe(2 * codeBytes(kind, 3));
      expect(dequantizeRows(packed)).toEqual(values);
    }
    const bits = new Uint16Array(packRows(values, 'f16', 2, 3).codes.buffer);
    expect([...bits]).toEqual([
      ...f32ArrayToF16(Float32Array.of(1, -2, 3)),
      0,
      ...f32ArrayToF16(Float32Array.of(0.5, 0.25, -8)),
      0,
    ]);
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
