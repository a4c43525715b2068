// Some of the rows of packed ones.

import { type PackedRows, type WeightTensor, codeBytes, scaleBytes, scalesPerRow } from '../core/weight-kinds';

/** Rows `start` (inclusive) to `end` (exclusive), copied. */
export function sliceRows({ kind, columns, codes, scales }: PackedRows, start: number, end: number): PackedRows {
  const rows = end - start;
  const [codeRow, scaleRow] = [codeBytes(kind, columns), scalesPerRow(kind, columns) * 2];
  const own = new Uint8Array(scaleBytes(kind, rows, columns));
  own.set(scales.subarray(start * scaleRow, end * scaleRow));
  return { kind, rows, columns, codes: codes.slice(start * codeRow, end * codeRow), scales: own };
}

/** A tensor's rows in groups of at most `step`. */
export async function* groupsOf(
  tensor: WeightTensor,
  step: number,
): AsyncGenerator<PackedRows & { readonly rowStart: number }, void, void> {
  for await (const group of tensor.groups()) {
    for (let start = 0; start < group.rows; start += step) {
      const part = group.rows <= step ? group : sliceRows(group, start, Math.min(group.rows, start + step));
      yield { ...part, rowStart: group.rowStart + start };
    }
  }
}
