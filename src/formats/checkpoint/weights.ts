// A checkpoint's tensors as rows in the stored layout, converted while they are read: bounded memory for any size.

import { PACKED_BLOCKS } from '../../quant/packed';
import { dequantizeElements, roundsScales, storedKind } from '../../quant/elements';
import {
  type PackedRows,
  type WeightKind,
  type WeightTensor,
  codeBytes,
  fitsKind,
  scalesPerRow,
} from '../../core/weight-kinds';
import { multipliedRows, packRows, quantizeRows, repackRows, ScaleOverflow } from '../../quant/repack';
import { groupsOf } from '../../quant/slice';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { POSITIONS } from '../../core/model-config';

/** Row groups are at most this large whatever the device; the loader cuts bindings from them. */
export const MAX_GROUP_BYTES = 64 << 20;

/**
 * The kind of weights that matrices are converted to. `keep` leaves floats and codes exactly as the file has them; the
 * scales of super-blocks are rounded to f16.
 */
export type Quantize = 'keep' | 'f32' | 'f16' | 'q8' | 'q4';

/**
 * A clause about values that `keep` rounds; undefined where it keeps every bit. Super-blocks spell their scales out as
 * products, which are stored as f16; F64 is stored as f32.
 */
export function keepRounds(tensors: Iterable<Tensor>): string | undefined {
  const all = [...tensors];
  const types = new Set(all.map(({ type }) => type));
  const products = all.filter(({ type, scale }) => roundsScales(type) || scale !== undefined);
  const own = (type: string) => type in PACKED_BLOCKS;
  const others = [...new Set(products.map(({ type }) => type))];
  const names = others.filter((type) => !own(type)).toSorted();
  const clauses = types.has('F64') ? ['F64 rounded to F32'] : [];
  if (others.length > 0) {
    const codes =
      names.length > 0 ? `${inWords(names)} as the file has them` : 'quantized weights as the files have them';
    clauses.push(
      `the codes of ${codes}, their scales rounded to 16 bits: weights move by less than 0.05\u00a0% of their norm`,
    );
  }
  return clauses.length > 0 ? clauses.join('; ') : undefined;
}

/** `A`, `A and B`, `A, B and C`. */
function inWords(names: readonly string[]): string {
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

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
  const { name, rows, columns } = tensor;
  const kind = targetKind(tensor, storedKind(tensor.type), quantize);
  // what is converted passes through f32, which is not to take more room than a group either
  const widest = kind === storedKind(tensor.type) ? kind : 'f32';
  const step = Math.min(groupRows(kind, columns, maxGroupBytes), groupRows(widest, columns, maxGroupBytes));
  return {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      for (let rowStart = 0; rowStart < rows; rowStart += step) {
        const end = Math.min(rows, rowStart + step);
        yield { ...convertRows(tensor, kind, await tensor.readRows(rowStart, end), end - rowStart), rowStart };
      }
    },
  };
}

/**
 * Rows of a tensor in a kind: kept as they are, or from their exact values.
 * @param bytes of `rows` rows, as `readRows` gives them
 * @throws PronkError `weights-out-of-range`
 */
export function convertRows(
  tensor: Omit<Tensor, 'readRows'>,
  kind: WeightKind,
  bytes: Uint8Array<ArrayBuffer>,
  rows: number,
): PackedRows {
  const { name, type, columns, place, scale } = tensor;
  if (kind !== storedKind(type)) return packRows(valuesOf(tensor, bytes), kind, rows, columns);
  try {
    const kept = repackRows(type, bytes, rows, columns);
    return scale === undefined ? kept : multipliedRows(kept, scale);
  } catch (error) {
    if (!(error instanceof ScaleOverflow)) throw error;
    const message =
      `${place.file} has weights of 65,520 or more in ${name}, which 16-bit scales cannot hold. ` +
      'No trained model has them: the file is likely damaged. Converted to f32 it can be imported all the same.';
    throw new PronkError('weights-out-of-range', message, { cause: error });
  }
}

/** A tensor's values, of the bytes of some of its rows. Of F32 they may be the same memory. */
export function valuesOf(
  { type, scale }: Pick<Tensor, 'type' | 'scale'>,
  bytes: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const values = dequantizeElements(type, bytes);
  return scale === undefined ? values : values.map((value) => value * scale);
}

/**
 * The kind that a tensor is stored in. Vectors and learned positions are f32 always; rows that are no whole blocks become f16 where a block kind is
 * asked for.
 * @param own the kind that holds the tensor's values as they are
 */
function targetKind(
  { name, rows, columns }: { readonly name: string; readonly rows: number; readonly columns: number },
  own: WeightKind,
  quantize: Quantize,
): WeightKind {
  if (rows === 1 || name === POSITIONS) return 'f32';
  if (quantize === 'keep') return own;
  return fitsKind(quantize, columns) ? quantize : 'f16';
}

/** A stored tensor in the kind that a conversion asks for, converted while it is read. */
export function convertedTensor(tensor: WeightTensor, quantize: Quantize): WeightTensor {
  const kind = targetKind(tensor, tensor.kind, quantize);
  if (kind === tensor.kind) return tensor;
  // a stored group of 4-bit rows is 8 times as large in f32
  const step = groupRows('f32', tensor.columns, MAX_GROUP_BYTES);
  return {
    ...tensor,
    kind,
    async *groups() {
      for await (const group of groupsOf(tensor, step)) {
        yield { ...quantizeRows(group, kind), rowStart: group.rowStart };
      }
    },
  };
}

/** Rows of a full group: as many as `maxGroupBytes` of codes and scales hold. */
export function groupRows(kind: WeightKind, columns: number, maxGroupBytes: number): number {
  return evenRows(codeBytes(kind, columns) + scalesPerRow(kind, columns) * 2, maxGroupBytes);
}

/** Rows of so many bytes that fit, one at least. Even where that can be, so that a group's scales end on a whole word. */
export function evenRows(rowBytes: number, maxBytes: number): number {
  const rows = Math.max(1, Math.floor(maxBytes / rowBytes));
  return rows > 1 ? rows & ~1 : 1;
}
