// Floats of 8 bits (E4M3, without infinities) with a scale for the whole matrix, for each row, or for each block of rows and
// columns: DeepSeek's and Qwen's `weight_scale_inv`, compressed-tensors', FBGEMM's and ModelOpt's `weight_scale`.

import type { Tensor } from '../../core/checkpoint';
import { floatTensor, type FloatType } from './floats';
import type { Parts } from './parts';

/** The value of each byte: sign, 4 bits of exponent (bias 7), 3 of mantissa. */
const VALUES = Float32Array.from({ length: 256 }, (_, byte) => {
  const [exponent, mantissa] = [(byte >> 3) & 15, byte & 7];
  if (exponent === 15 && mantissa === 7) return Number.NaN;
  const magnitude = exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7);
  return byte & 128 ? -magnitude : magnitude;
});

/**
 * @param blocks rows and columns of a block, where the configuration says them
 * @param type of the values: what the model computes with
 * @throws PronkError `corrupt-file`
 */
export function readFp8(parts: Parts, blocks: readonly [number, number] | undefined, type: FloatType): Tensor {
  const { main } = parts;
  const [rows, columns] = main.shape;
  if (main.shape.length !== 2) throw parts.wrong(`the tensor ${main.name} has ${main.shape.length} dimensions`);
  const scale = parts.part(parts.has('weight_scale_inv') ? 'weight_scale_inv' : 'weight_scale');
  const [down = 1, across = 1, ...more] = scale.shape;
  const [blockRows, blockColumns] = [blockOf(rows, down, blocks?.[0]), blockOf(columns, across, blocks?.[1])];
  if (more.length || blockRows === undefined || blockColumns === undefined) {
    throw parts.wrong(`${scale.name} is ${scale.shape.join(' × ')}, which does not go into ${rows} × ${columns}`);
  }
  return floatTensor(parts, type, [rows, columns], async (start, end) => {
    const scales = await parts.floats(scale);
    const bytes = await parts.codes(start * columns, end * columns);
    const result = new Float32Array(bytes.length);
    for (let row = start, i = 0; row < end; row++) {
      const first = Math.floor(row / blockRows) * across;
      for (let column = 0; column < columns; column++, i++) {
        result[i] = VALUES[bytes[i]] * scales[first + Math.floor(column / blockColumns)];
      }
    }
    return result;
  });
}

/**
 * Rows (or columns) that share a scale; undefined where so many scales do not go into them.
 * @param block what the configuration says; the last block may reach beyond the matrix
 */
function blockOf(size: number, scales: number, block: number | undefined): number | undefined {
  if (block !== undefined && scales === Math.ceil(size / block)) return block;
  return size % scales === 0 ? size / scales : undefined;
}
