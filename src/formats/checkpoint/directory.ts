// A file's directory entries as tensors that can be read by rows.

import type { ElementType } from '../../core/weight-kinds';
import { elementRowBytes } from '../../quant/repack';
import type { Tensor } from '../../core/checkpoint';
import { PronkError, corruptFile } from '../../core/errors';
import type { Source } from '../../core/source';

/** What safetensors and PyTorch files say about a tensor. */
export interface DirectoryEntry {
  readonly name: string;
  /** In safetensors' spelling: `F32`, `F16`, `BF16`, or something that Pronk does not read. */
  readonly dtype: string;
  /** Row-major; the last dimension is contiguous unless there are strides. */
  readonly shape: readonly number[];
  /** Elements from one index of a dimension to the next, where the tensor is not contiguous. */
  readonly strides?: readonly number[];
  readonly source: Source;
  /** Where its first element stands in the file. */
  readonly start: number;
}

/** A view that is not contiguous is gathered in memory from at most so many bytes. */
const MAX_GATHER = 1 << 30;

/**
 * An entry as a tensor; a vector has one row.
 * @throws PronkError `unsupported-tensor-type`; `corrupt-file` for anything but a matrix or a vector
 */
export function fromDirectory({ name, dtype, shape, strides, source, start }: DirectoryEntry): Tensor {
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'F64') {
    const message = `${source.name} stores ${name} as ${dtype}. Pronk reads F32, F16, BF16 and F64 from such files.`;
    throw new PronkError('unsupported-tensor-type', message);
  }
  if (shape.length < 1 || shape.length > 2) {
    throw corruptFile(source.name, `the tensor ${name} has ${shape.length} dimensions`);
  }
  const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
  if (!strides) return tensorAt(name, dtype, rows, columns, source, start);
  const [rowStride, columnStride] = strides.length === 1 ? [0, strides[0]] : strides;
  return { ...tensorAt(name, dtype, rows, columns, source, start), readRows: gathered };

  async function gathered(first: number, end: number) {
    const size = elementRowBytes(dtype as ElementType, 1);
    const count = end - first;
    const result = new Uint8Array(count * columns * size);
    if (!result.length) return result;
    const span = ((count - 1) * rowStride + (columns - 1) * columnStride + 1) * size;
    if (span > MAX_GATHER) {
      const message = `${source.name} stores ${name} as a non-contiguous view that is too large to be reordered here.`;
      throw new PronkError('unsupported-tensor-type', `${message} Save it again with .contiguous() in PyTorch.`);
    }
    const from = start + first * rowStride * size;
    const bytes = await source.read(from, from + span);
    for (let row = 0, at = 0; row < count; row++) {
      for (let column = 0; column < columns; column++) {
        const element = (row * rowStride + column * columnStride) * size;
        for (let byte = 0; byte < size; byte++) result[at++] = bytes[element + byte];
      }
    }
    return result;
  }
}

/** A matrix whose rows lie one after another from byte `at` of the source. */
export function tensorAt(
  name: string,
  type: ElementType,
  rows: number,
  columns: number,
  source: Source,
  at: number,
): Tensor {
  const rowBytes = elementRowBytes(type, columns);
  const readRows = (start: number, end: number) => source.read(at + start * rowBytes, at + end * rowBytes);
  return { name, type, rows, columns, place: { file: source.name, start: at }, readRows };
}
