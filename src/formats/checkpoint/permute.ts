// Hugging Face keeps the rows of q and k in half-split order: in a head of d rows, rows j and j + d/2 rotate together.
// Meta, GGUF and Pronk keep a pair adjacent: rows 2j and 2j + 1. The order changes here and nowhere else. Where only the first
// rows of a head rotate, the pairs are among those, and the others stay in their places.

import { type ModelConfig, rotaryDimOf } from '../../core/model-config';
import { elementRowBytes } from '../../quant/repack';
import type { Tensor } from '../../core/checkpoint';

/** The rows of a head, and how many of them rotate. */
export type HeadRows = Pick<ModelConfig, 'headDim' | 'rotaryDim'>;

/** Whether a tensor's rows are heads that rotate, a bias's or a norm's elements among them: those of q and k. */
export function isRotated(name: string): boolean {
  return /\.self_attn\.[qk]_(proj|norm)\./.test(name);
}

/** The half-split row that stands at interleaved row `row`. */
function halfSplitRow(row: number, head: HeadRows): number {
  const inHead = row % head.headDim;
  const rotated = rotaryDimOf(head);
  return inHead < rotated ? row - inHead + (inHead >> 1) + (inHead & 1) * (rotated / 2) : row;
}

/** A q or k tensor in half-split order, or its bias or the gains of its norm, seen in interleaved order. */
export function interleaved(tensor: Tensor, head: HeadRows): Tensor {
  const { headDim } = head;
  return { ...tensor, readRows: tensor.rows === 1 ? readBias : readMatrix };

  async function readMatrix(start: number, end: number) {
    // Whole heads are read, so that any range costs at most two heads more than it holds.
    const first = Math.floor(start / headDim) * headDim;
    const last = Math.min(tensor.rows, Math.ceil(end / headDim) * headDim);
    const heads = await tensor.readRows(first, last);
    return gather(heads, elementRowBytes(tensor.type, tensor.columns), start, end, first);
  }

  async function readBias(start: number, end: number) {
    const all = await tensor.readRows(start, end);
    return end > start ? gather(all, elementRowBytes(tensor.type, 1), 0, tensor.columns, 0) : all;
  }

  function gather(source: Uint8Array, size: number, start: number, end: number, first: number) {
    const result = new Uint8Array((end - start) * size);
    for (let row = start; row < end; row++) {
      const from = (halfSplitRow(row, head) - first) * size;
      result.set(source.subarray(from, from + size), (row - start) * size);
    }
    return result;
  }
}

/** Rows (or a bias's elements) in interleaved order -> half-split order, for writing Hugging Face files. */
export function toHalfSplit(rows: Uint8Array, rowBytes: number, head: HeadRows): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(rows.length);
  for (let row = 0; row * rowBytes < rows.length; row++) {
    result.set(rows.subarray(row * rowBytes, (row + 1) * rowBytes), halfSplitRow(row, head) * rowBytes);
  }
  return result;
}

/** The reverse: rows (or a bias's elements) in half-split order -> interleaved order. */
export function fromHalfSplit(rows: Uint8Array, rowBytes: number, head: HeadRows): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(rows.length);
  for (let row = 0; row * rowBytes < rows.length; row++) {
    const from = halfSplitRow(row, head) * rowBytes;
    result.set(rows.subarray(from, from + rowBytes), row * rowBytes);
  }
  return result;
}
