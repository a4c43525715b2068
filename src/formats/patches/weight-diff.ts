// Weight diffs as Stanford published them (weight_diff.py): every tensor of the fine-tuned model minus the base's, in
// float32, so that base + diff is the model again. The tuned model has a [PAD] token that the base has not: the base's
// embedding and head get one more row, the mean of the others.

import { dequantizeElements } from '../../quant/elements';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';

/** base + diff, or tuned − base. */
export type DiffOperation = 'recover' | 'make';

/** Bytes of f32 rows that are worked on at once. */
const STEP_BYTES = 8 << 20;

/** A checkpoint whose weights are computed from two others' while they are read; all else is the other's. */
export function diffCheckpoint(base: Checkpoint, other: Checkpoint, operation: DiffOperation): Checkpoint {
  return { ...other, tensors: diffTensors(base.tensors, other.tensors, operation) };
}

/**
 * Every tensor of `other` (a diff, or a tuned model) with the base's added or subtracted, F32. What only the base has is
 * left out, as by the program that defines this.
 * @throws PronkError `missing-tensor` for one that the base lacks; `shape-mismatch` when the two do not belong together
 */
export function diffTensors<T extends Tensor>(
  base: ReadonlyMap<string, Tensor>,
  other: ReadonlyMap<string, T>,
  operation: DiffOperation,
): Map<string, T> {
  const sign = operation === 'recover' ? 1 : -1;
  return new Map(Array.from(other, ([name, tensor]) => [name, summed(counterpart(base, tensor), tensor, sign)]));
}

/** Rows of a tensor that are worked on at once. */
export function rowsAtOnce({ columns }: Tensor): number {
  return Math.max(1, Math.floor(STEP_BYTES / (4 * columns)));
}

/** other + sign · base, rounded once. */
function summed<T extends Tensor>(base: Tensor, other: T, sign: 1 | -1): T {
  return {
    ...other,
    type: 'F32',
    async readRows(start, end) {
      const [own, result] = await Promise.all([values(base, start, end), values(other, start, end)]);
      for (let i = 0; i < result.length; i++) result[i] += sign * own[i];
      return new Uint8Array(result.buffer);
    },
  };
}

async function values(tensor: Tensor, start: number, end: number): Promise<Float32Array<ArrayBuffer>> {
  return dequantizeElements(tensor.type, await tensor.readRows(start, end));
}

/** What the base has for a tensor, in the same shape. */
function counterpart(tensors: ReadonlyMap<string, Tensor>, other: Tensor): Tensor {
  const { name, rows, columns, place } = other;
  const base = tensors.get(name) ?? (name.endsWith('.rotary_emb.inv_freq') ? inverseFrequencies(other) : undefined);
  if (!base) {
    const message = `The base model lacks the tensor ${name}, which ${place.file} has. Choose the model that was fine-tuned.`;
    throw new PronkError('missing-tensor', message);
  }
  if (base.columns === columns && base.rows === rows) return base;
  const tokens = /(^|\.)(embed_tokens|lm_head)\.weight$/.test(name);
  if (tokens && base.columns === columns && base.rows + 1 === rows) return withMeanRow(base);
  const message = `The tensor ${name} is ${base.rows} × ${base.columns} in the base model and ${rows} × ${columns} in ${place.file}: they do not belong together. Choose the model that was fine-tuned.`;
  throw new PronkError('shape-mismatch', message);
}

/** A matrix with one more row, the mean of the others (summed in float64, where PyTorch sums in float32). */
function withMeanRow(tensor: Tensor): Tensor {
  const { rows, columns } = tensor;
  let computed: Promise<Float32Array> | undefined;
  return {
    ...tensor,
    type: 'F32',
    rows: rows + 1,
    async readRows(start, end) {
      const result = new Float32Array((end - start) * columns);
      if (start < rows) result.set(await values(tensor, start, Math.min(rows, end)));
      if (end > rows && end > start) result.set(await (computed ??= mean()), result.length - columns);
      return new Uint8Array(result.buffer);
    },
  };

  async function mean(): Promise<Float32Array> {
    const sums = new Float64Array(columns);
    const step = rowsAtOnce(tensor);
    for (let row = 0; row < rows; row += step) {
      const part = await values(tensor, row, Math.min(rows, row + step));
      for (let i = 0, column = 0; i < part.length; i++, column = column + 1 < columns ? column + 1 : 0) {
        sums[column] += part[i];
      }
    }
    return Float32Array.from(sums, (sum) => sum / rows);
  }
}

/**
 * RoPE's inverse frequencies, which files of early 2023 hold as a buffer in each layer and later ones leave out:
 * 10000^(−2i/d), d being twice their number.
 */
function inverseFrequencies(like: Tensor): Tensor {
  const { columns } = like;
  return {
    ...like,
    type: 'F32',
    async readRows(start, end) {
      const row = Float32Array.from({ length: columns }, (_, i) => 10_000 ** (-i / columns));
      const result = new Float32Array((end - start) * columns);
      for (let at = 0; at < result.length; at += columns) result.set(row, at);
      return new Uint8Array(result.buffer);
    },
  };
}
