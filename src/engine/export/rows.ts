// A stored tensor's rows as files have them.
import { elementTypeOf } from '../../quant/elements';
import type { PackedRows, WeightTensor } from '../../core/weight-kinds';
import { fileRows, quantizeRows } from '../../quant/repack';
import { type HeadRows, isRotated, toHalfSplit } from '../../formats/checkpoint/permute';

/**
 * A tensor's bytes, row after row. Kinds that no file has become F16.
 * @param head of q's and k's rows that are to be in Hugging Face's half-split order; undefined where none are
 */
export function fileBytes(
  tensor: WeightTensor,
  head: HeadRows | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  return head !== undefined && isRotated(tensor.name) ? halfSplit(tensor, head) : asStored(tensor);
}

/** The bytes of several tensors, one after another. */
export async function* joinedBytes(
  parts: readonly WeightTensor[],
  head: HeadRows | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (const part of parts) yield* fileBytes(part, head);
}

async function* asStored(tensor: WeightTensor): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for await (const group of tensor.groups()) yield fileRows(writable(group));
}

function writable(rows: PackedRows): PackedRows {
  return elementTypeOf(rows.kind) ? rows : quantizeRows(rows, 'f16');
}

/** Row groups may end within a head. */
async function* halfSplit(tensor: WeightTensor, head: HeadRows): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let rest = new Uint8Array(0);
  let rowBytes = 0;
  for await (const group of tensor.groups()) {
    const bytes = fileRows(writable(group));
    rowBytes = bytes.length / (tensor.rows === 1 ? group.columns : group.rows);
    const joined = new Uint8Array(rest.length + bytes.length);
    joined.set(rest);
    joined.set(bytes, rest.length);
    const whole = joined.length - (joined.length % (rowBytes * head.headDim));
    if (whole) yield toHalfSplit(joined.subarray(0, whole), rowBytes, head);
    rest = joined.slice(whole);
  }
}
