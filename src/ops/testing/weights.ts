// Matrices of every kind for kernel tests: what is bound, and the values that a kernel must read from it.
import type { WeightKind } from '../../quant/kinds';
import { dequantizeRows, packRows } from '../../quant/repack';
import { random } from './run';

export const KINDS: readonly WeightKind[] = ['f32', 'f16', 'bf16', 'q8', 'q4', 'q4m'];

/** A random matrix [rows, columns], stored as `kind`. */
export function randomMatrix(kind: WeightKind, rows: number, columns: number, seed = 7) {
  const packed = packRows(random(rows * columns, seed), kind, rows, columns);
  const { codes, scales } = packed;
  return { bind: { codes, ...(scales.length > 0 && { scales }) }, values: dequantizeRows(packed) };
}
