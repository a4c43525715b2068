// Tensors made of parts of others, or of several: nothing is copied until rows are read.

import { elementRowBytes } from '../../quant/repack';
import type { Tensor } from '../../core/checkpoint';

/** Parts one above another: `parts` have the same type and columns. */
export function joinRows(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  return {
    ...first,
    rows,
    async readRows(start, end) {
      const rowBytes = elementRowBytes(first.type, first.columns);
      const result = new Uint8Array((end - start) * rowBytes);
      let top = 0;
      for (const part of parts) {
        const [from, to] = [Math.max(start, top), Math.min(end, top + part.rows)];
        if (from < to) result.set(await part.readRows(from - top, to - top), (from - start) * rowBytes);
        top += part.rows;
      }
      return result;
    },
  };
}

/** Parts side by side: `parts` have the same type and rows. */
export function joinColumns(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  return {
    ...first,
    columns,
    async readRows(start, end) {
      const rowBytes = elementRowBytes(first.type, columns);
      const result = new Uint8Array((end - start) * rowBytes);
      let left = 0;
      for (const part of parts) {
        const bytes = await part.readRows(start, end);
        const width = elementRowBytes(part.type, part.columns);
        for (let row = 0; row < end - start; row++) {
          result.set(bytes.subarray(row * width, (row + 1) * width), row * rowBytes + left);
        }
        left += width;
      }
      return result;
    },
  };
}

/**
 * Some groups of `height` rows of a tensor, in the order of `groups`. A vector (a bias) is taken for a column.
 * @param groups indices of groups: rows `group × height` to `(group + 1) × height`
 */
export function rowGroups(tensor: Tensor, name: string, groups: readonly number[], height: number): Tensor {
  if (tensor.rows === 1) return transposed(rowGroups(transposed(tensor), name, groups, height));
  const rowBytes = elementRowBytes(tensor.type, tensor.columns);
  const { file, start: begin } = tensor.place;
  return {
    ...tensor,
    name,
    rows: groups.length * height,
    place: { file, start: begin + groups[0] * height * rowBytes },
    async readRows(start, end) {
      const result = new Uint8Array((end - start) * rowBytes);
      for (let row = start; row < end; ) {
        // as many rows as lie together
        let index = Math.floor(row / height);
        let stop = (index + 1) * height;
        while (stop < end && groups[index + 1] === groups[index] + 1) {
          index++;
          stop += height;
        }
        stop = Math.min(stop, end);
        const from = groups[Math.floor(row / height)] * height + (row % height);
        result.set(await tensor.readRows(from, from + stop - row), (row - start) * rowBytes);
        row = stop;
      }
      return result;
    },
  };
}

/** A vector as a column of one element a row, or back: the bytes are the same. */
function transposed(tensor: Tensor): Tensor {
  const size = elementRowBytes(tensor.type, 1);
  return {
    ...tensor,
    rows: tensor.columns,
    columns: tensor.rows,
    readRows:
      tensor.rows === 1
        ? async (start, end) => (await tensor.readRows(0, 1)).slice(start * size, end * size)
        : (start, end) => tensor.readRows(0, start < end ? tensor.rows : 0),
  };
}
