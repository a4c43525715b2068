// compressed-tensors (github.com/neuralmagic/compressed-tensors): integers of 4 bits in words of 32 or of 8 bits in bytes,
// around zero or around a zero point, with a scale for a row or for a group of its columns.

import type { Tensor } from '../../core/checkpoint';
import type { DirectoryEntry } from '../checkpoint/directory';
import { unpackBits } from './bits';
import { gridTensor } from './grid';
import { type Parts, wordsOf } from './parts';

/**
 * Words of packed codes: `weight_packed`.
 * @param known shape of the matrix, where the configuration says it; else it is read
 * @throws PronkError `corrupt-file`
 */
export async function readPackedIntegers(
  parts: Parts,
  known: readonly [number, number] | undefined,
  symmetric: boolean,
): Promise<Tensor> {
  const [rows, columns] = known ?? (await shapeOf(parts));
  const [height, words] = parts.main.shape;
  const bits = [4, 8].find((each) => Math.ceil((columns * each) / 32) === words);
  if (height !== rows || bits === undefined) {
    throw parts.wrong(`${parts.main.name} does not hold ${rows} × ${columns} codes of 4 or 8 bits`);
  }
  const middle = 2 ** (bits - 1);
  return integers(
    parts,
    { rows, columns, bits, symmetric },
    async (start, end) => {
      const bytes = await parts.codes(start * words, end * words);
      if (words * 32 === columns * bits) return unpackBits(bytes, bits, (end - start) * columns);
      const codes = new Uint8Array((end - start) * columns);
      for (let row = 0; row < end - start; row++) {
        const own = unpackBits(bytes.subarray(row * words * 4, (row + 1) * words * 4), bits, columns);
        codes.set(own, row * columns);
      }
      return codes;
    },
    async (entry) => {
      const groups = parts.count(entry) / Math.ceil((rows * bits) / 32);
      const packed = wordsOf(await parts.bytes(entry));
      // zero points are packed down the rows
      return (row, group) => {
        const [bit, perWord] = [row % (32 / bits), 32 / bits];
        return (packed[Math.floor(row / perWord) * groups + group] >>> (bit * bits)) & (2 * middle - 1);
      };
    },
  );
}

/** A byte a code: `weight` as int8. @throws PronkError `corrupt-file` */
export function readBytes(parts: Parts, symmetric: boolean): Tensor {
  const [rows, columns] = parts.main.shape;
  if (parts.main.shape.length !== 2) throw parts.wrong(`${parts.name} has ${parts.main.shape.length} dimensions`);
  return integers(
    parts,
    { rows, columns, bits: 8, symmetric },
    async (start, end) => (await parts.codes(start * columns, end * columns)).map((code) => code ^ 128),
    async (entry) => {
      const groups = Math.max(1, parts.count(entry) / rows);
      const points = await parts.bytes(entry);
      return (row, group) => points[points.length === 1 ? 0 : row * groups + group] ^ 128;
    },
  );
}

type Size = { readonly rows: number; readonly columns: number; readonly bits: number; readonly symmetric: boolean };
type PointAt = (row: number, group: number) => number;

function integers(
  parts: Parts,
  { rows, columns, bits, symmetric }: Size,
  codesOf: (start: number, end: number) => Promise<Uint8Array>,
  pointsOf: (entry: DirectoryEntry) => Promise<PointAt>,
): Tensor {
  const scale = parts.part('weight_scale');
  const count = parts.count(scale);
  const groups = count === 1 ? 1 : count / rows;
  const group = columns / groups;
  if (!Number.isInteger(groups) || !Number.isInteger(group)) {
    throw parts.wrong(`${parts.name} has ${count} scales for ${rows} × ${columns} codes`);
  }
  const hasPoints = !symmetric && parts.has('weight_zero_point');
  return gridTensor(parts, {
    rows,
    columns,
    bits,
    group,
    symmetric: !hasPoints,
    float: parts.floatType(scale),
    ...(parts.has('weight_g_idx') && groups > 1 && { groupOf: () => orderOf(parts, columns, groups) }),
    async read(start, end) {
      const all = await parts.floats(scale);
      const pointAt = hasPoints ? await pointsOf(parts.part('weight_zero_point')) : () => 2 ** (bits - 1);
      const [scales, offsets] = [0, 1].map(() => new Float32Array((end - start) * groups));
      for (let row = start, i = 0; row < end; row++) {
        for (let index = 0; index < groups; index++, i++) {
          scales[i] = all[count === 1 ? 0 : row * groups + index];
          offsets[i] = -pointAt(row, index) * scales[i];
        }
      }
      return { codes: await codesOf(start, end), scales, offsets };
    },
  });
}

async function shapeOf(parts: Parts): Promise<readonly [number, number]> {
  const entry = parts.part('weight_shape');
  const bytes = await parts.bytes(entry);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const size = parts.sizeOf(entry);
  if (parts.count(entry) !== 2 || size < 4) throw parts.wrong(`${entry.name} is not a shape of two sizes`);
  // sizes stay far below what the lower half can say
  return [view.getUint32(0, true), view.getUint32(size, true)];
}

async function orderOf(parts: Parts, columns: number, groups: number): Promise<Uint32Array> {
  const entry = parts.part('weight_g_idx');
  parts.expectShape(entry, columns);
  const indices = wordsOf(await parts.bytes(entry));
  if (indices.some((index) => index >= groups)) throw parts.wrong(`${entry.name} names a group that is not there`);
  return indices;
}
