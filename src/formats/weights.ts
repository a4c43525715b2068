// A checkpoint's tensors as rows in the stored layout, converted while they are read: bounded memory for any size.

import { BLOCK, type WeightKind, type WeightTensor, codeBytes, fitsKind, scalesPerBlock } from '../quant/kinds';
import { quantizeRows, repackRows, storedKind } from '../quant/repack';
import type { Checkpoint, Tensor } from './checkpoint';

/** Row groups are at most this large whatever the device; the loader cuts bindings from them. */
export const MAX_GROUP_BYTES = 64 << 20;

/** What matrices are converted to: `keep` leaves every value exactly as the file has it. */
export type Quantize = 'keep' | 'f32' | 'f16' | 'q8' | 'q4';

/**
 * Every tensor of a checkpoint, in the order of its directory. Vectors (norms, biases) are always f32; a matrix whose
 * rows are not whole blocks becomes f16 where a block kind is asked for.
 */
export function weightTensors(
  checkpoint: Checkpoint,
  quantize: Quantize,
  maxGroupBytes = MAX_GROUP_BYTES,
): WeightTensor[] {
  return Array.from(checkpoint.tensors.values(), (tensor) => weightTensor(tensor, quantize, maxGroupBytes));
}

/** One tensor of `weightTensors`. */
export function weightTensor(tensor: Tensor, quantize: Quantize, maxGroupBytes = MAX_GROUP_BYTES): WeightTensor {
  const { name, type, rows, columns } = tensor;
  const kind = targetKind(tensor, quantize);
  const step = groupRows(kind, columns, maxGroupBytes);
  return {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      for (let rowStart = 0; rowStart < rows; rowStart += step) {
        const end = Math.min(rows, rowStart + step);
        const kept = repackRows(type, await tensor.readRows(rowStart, end), end - rowStart, columns);
        yield { ...(kept.kind === kind ? kept : quantizeRows(kept, kind)), rowStart };
      }
    },
  };
}

function targetKind(tensor: Tensor, quantize: Quantize): WeightKind {
  if (tensor.rows === 1) return 'f32';
  if (quantize === 'keep') return storedKind(tensor.type);
  return fitsKind(quantize, tensor.columns) ? quantize : 'f16';
}

/**
 * Rows of a full group: as many as `maxGroupBytes` of codes and scales hold. Even where that can be, so that a group's
 * scales end on a whole word.
 */
export function groupRows(kind: WeightKind, columns: number, maxGroupBytes: number): number {
  const rowBytes = codeBytes(kind, columns) + (columns / BLOCK) * scalesPerBlock(kind) * 2;
  const rows = Math.max(1, Math.floor(maxGroupBytes / rowBytes));
  return rows > 1 ? rows & ~1 : 1;
}
