// GPTQ (AutoGPTQ's and GPTQModel's QuantLinear) and AWQ (AutoAWQ's WQLinear_GEMM). Both keep a matrix transposed, in words
// of 32 bits, and compute (code − zero) · scale for each group of its columns. GPTQ's words go down the columns, and its
// first format keeps zeros less one; AWQ's go along the rows, eight of them in an order of their own.

import type { Tensor } from '../../core/checkpoint';
import { type Grid, gridTensor } from './grid';
import { type Parts, wordsOf } from './parts';

/** What AutoGPTQ packs. */
const BITS = new Set([2, 3, 4, 8]);

export interface GptqSettings {
  readonly bits: number;
  /** Columns of a group; undefined for one group a row. */
  readonly group: number | undefined;
  /** The code in the middle stands for zero. */
  readonly symmetric: boolean;
  /** Columns were taken in the order of their activations, and belong to groups as `g_idx` says. */
  readonly ordered: boolean;
  /** What is added to a zero of the file: 1 in the first format, 0 in the second. */
  readonly added: 0 | 1;
}

/** @throws PronkError `corrupt-file` */
export function readGptq(parts: Parts, { bits, group, symmetric, ordered, added }: GptqSettings): Tensor {
  const [height, rows] = sizesOf(parts);
  const columns = (height * 32) / bits;
  const perGroup = group ?? columns;
  if (!BITS.has(bits) || !Number.isInteger(columns))
    throw parts.wrong(`${parts.main.name} does not hold codes of ${bits} bits`);
  const groups = Math.ceil(columns / perGroup);
  const [zeros, scales] = [parts.part('qzeros'), parts.part('scales')];
  parts.expectShape(scales, groups, rows);
  parts.expectShape(zeros, groups, Math.ceil((rows * bits) / 32));
  const width = Math.ceil((rows * bits) / 32);
  const code = codeIn(bits);
  return transposed(parts, {
    rows,
    columns,
    bits,
    group: perGroup,
    symmetric,
    ...(ordered && groups > 1 && parts.has('g_idx') && { groupOf: () => groupsIn(parts, columns, groups) }),
    zeroAt: (words, index, row) => code(words, index * width, 1, row) + added,
    codeAt: (words, row, column) => code(words, row, rows, column),
  });
}

/** Rows of eight in AWQ's words: where each stands. */
const PLACES = [0, 4, 1, 5, 2, 6, 3, 7];

/** @throws PronkError `corrupt-file` */
export function readAwq(parts: Parts, group: number | undefined): Tensor {
  const [columns, width] = sizesOf(parts);
  const rows = width * 8;
  const perGroup = group ?? columns;
  const groups = Math.ceil(columns / perGroup);
  const [zeros, scales] = [parts.part('qzeros'), parts.part('scales')];
  parts.expectShape(scales, groups, rows);
  parts.expectShape(zeros, groups, width);
  const at = (words: Uint32Array, index: number, row: number) =>
    (words[index * width + (row >> 3)] >>> (4 * PLACES[row & 7])) & 15;
  return transposed(parts, {
    rows,
    columns,
    bits: 4,
    group: perGroup,
    symmetric: false,
    zeroAt: at,
    codeAt: (words, row, column) => at(words, column, row),
  });
}

interface Transposed extends Omit<Grid, 'float' | 'read'> {
  zeroAt(words: Uint32Array, index: number, row: number): number;
  codeAt(words: Uint32Array, row: number, column: number): number;
}

function transposed(parts: Parts, { zeroAt, codeAt, ...grid }: Transposed): Tensor {
  const { rows, columns, bits, group, symmetric } = grid;
  const [zeroPart, scalePart] = [parts.part('qzeros'), parts.part('scales')];
  const groups = Math.ceil(columns / group);
  const middle = 2 ** (bits - 1);
  return gridTensor(parts, {
    ...grid,
    float: parts.floatType(scalePart),
    async read(start, end) {
      const zeros = wordsOf(await parts.bytes(zeroPart));
      const all = await parts.floats(scalePart);
      // each row has a part of every word: the whole is read, once for rows that follow each other
      const words = await parts.once('words', async () => wordsOf(await parts.codes(0, parts.count(parts.main))));
      const codes = new Uint8Array((end - start) * columns);
      const [scales, offsets] = [0, 1].map(() => new Float32Array((end - start) * groups));
      for (let row = start, i = 0, g = 0; row < end; row++) {
        for (let column = 0; column < columns; column++) codes[i++] = codeAt(words, row, column);
        for (let index = 0; index < groups; index++, g++) {
          const zero = zeroAt(zeros, index, row);
          if (symmetric && zero !== middle) throw parts.wrong(`${zeroPart.name} is not symmetric, as its settings say`);
          scales[g] = all[index * rows + row];
          offsets[g] = -zero * scales[g];
        }
      }
      return { codes, scales, offsets };
    },
  });
}

function sizesOf(parts: Parts): readonly [number, number] {
  const { main } = parts;
  const [height, width, ...more] = main.shape;
  if (width === undefined || more.length)
    throw parts.wrong(`the tensor ${main.name} has ${main.shape.length} dimensions`);
  return [height, width];
}

/** A code in a column of words: they lie one after another, some of them across two words. */
function codeIn(bits: number) {
  const mask = 2 ** bits - 1;
  return (words: Uint32Array, first: number, stride: number, place: number): number => {
    const bit = place * bits;
    const at = first + (bit >>> 5) * stride;
    const shift = bit & 31;
    const low = words[at] >>> shift;
    return (shift + bits > 32 ? low | (words[at + stride] << (32 - shift)) : low) & mask;
  };
}

async function groupsIn(parts: Parts, columns: number, groups: number): Promise<Uint32Array> {
  const entry = parts.part('g_idx');
  parts.expectShape(entry, columns);
  const indices = wordsOf(await parts.bytes(entry));
  if (indices.some((index) => index >= groups)) throw parts.wrong(`${entry.name} names a group that is not there`);
  return indices;
}
