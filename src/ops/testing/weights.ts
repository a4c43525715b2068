// Matrices of every kind for kernel tests: what is bound, and the values that a kernel must read from it.
import { type WeightKind, blockLayout } from '../../core/weight-kinds';
import { KERNEL_KINDS } from '../matmul/weights';
import { dequantizeRows, packRows } from '../../quant/repack';
import { random } from './run';

export const KINDS = KERNEL_KINDS;

/** A width of an odd number of the kind's blocks, and no multiple of the next wider ones. */
export function oddColumns(kind: WeightKind): number {
  const { block = 4 } = blockLayout(kind) ?? {};
  return { 4: 172, 16: 176, 32: 160 }[block];
}

/** A random matrix [rows, columns], stored as `kind`. */
export function randomMatrix(kind: WeightKind, rows: number, columns: number, seed = 7) {
  const packed = packRows(random(rows * columns, seed), kind, rows, columns);
  const { codes, scales } = packed;
  return { bind: { codes, ...(scales.length > 0 && { scales }) }, values: dequantizeRows(packed) };
}
