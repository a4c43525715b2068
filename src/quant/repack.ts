// Rows as files hold them -> rows as shaders read them: codes and scales apart, 16-bit rows padded to whole words.

import { defined } from '../core/defined';
import { CODECS } from './blocks';
import { unpacked } from './codec';
import { FLOATS, dequantizeElements, elementRowBytes, elementTypeOf, isFloatType } from './elements';
import { f32ArrayToBf16, f32ArrayToF16 } from './f16';
import {
  type BlockKind,
  type BlockType,
  type ElementType,
  type FloatKind,
  type PackedRows,
  type WeightKind,
  blockLayout,
  codeBytes,
  fitsKind,
  isBlockKind,
  scaleBytes,
} from '../core/weight-kinds';
import { halfAt, readCodes, writeCodes, writeHalf, writeScale } from './layout';
import { quantizer, quantizeWhole } from './quantize';

export { elementRowBytes, storedKind } from './elements';

/** A super-block's scale or minimum is 65,520 or more, and so are weights: f16 has no such number, and no model either. */
export class ScaleOverflow extends RangeError {}

/**
 * A file's rows in the stored layout. Floats and codes are kept exactly, but for F64, which is rounded to f32; of
 * super-blocks, the products that stand for scales and minimums are rounded to f16, which moves the weights by less than
 * 5e-4 of their norm.
 * @param bytes little-endian, rows × columns elements
 * @throws ScaleOverflow when such a product is too large for f16
 */
export function repackRows(
  type: ElementType,
  bytes: Uint8Array<ArrayBuffer>,
  rows: number,
  columns: number,
): PackedRows {
  const rowBytes = elementRowBytes(type, columns);
  if (bytes.length !== rows * rowBytes) {
    throw new RangeError(`${rows} × ${columns} ${type} are ${rows * rowBytes} bytes, not ${bytes.length}`);
  }
  if (type === 'F64') return packRows(dequantizeElements(type, bytes), 'f32', rows, columns);
  if (isFloatType(type)) return padRows(FLOATS[type], bytes, rows, columns);
  const packed = emptyRows(CODECS[type].kind, rows, columns);
  if (CODECS[type].verbatim) split(bytes, CODECS[type].bytes, packed);
  else takeApart(type, bytes, packed);
  return packed;
}

/**
 * Packed rows as a GGUF file has them.
 * @throws RangeError for kinds that no file type has: `elementTypeOf` says which do
 */
export function fileRows(packed: PackedRows): Uint8Array<ArrayBuffer> {
  const { kind, rows, columns, codes } = packed;
  const type = elementTypeOf(kind);
  if (!type) throw new RangeError(`no file type has the values of ${kind}`);
  const bytes = new Uint8Array(rows * elementRowBytes(type, columns));
  if (!isFloatType(type)) return join(packed, CODECS[type].bytes, bytes);
  const rowBytes = bytes.length / rows;
  const stride = codeBytes(kind, columns);
  for (let row = 0; row < rows; row++) bytes.set(codes.subarray(row * stride, row * stride + rowBytes), row * rowBytes);
  return bytes;
}

/** The values of packed rows, rows × columns. */
export function dequantizeRows(packed: PackedRows): Float32Array<ArrayBuffer> {
  const { kind, codes, scales } = packed;
  if (!isBlockKind(kind)) return dequantizeElements(elementTypeOf(kind), fileRows(packed));
  const layout = blockLayout(kind);
  const { block, offset } = layout;
  const result = new Float32Array(packed.rows * packed.columns);
  const decoded = new Float32Array(block);
  for (let b = 0; b * block < result.length; b++) {
    readCodes(layout, codes, b, decoded);
    const scale = halfAt(scales, offset ? 2 * b : b);
    const base = offset ? halfAt(scales, 2 * b + 1) : -0;
    for (let j = 0; j < block; j++) result[b * block + j] = Math.fround(scale * decoded[j]) + base;
  }
  return result;
}

/**
 * Rows whose values are multiplied by a number: of block kinds the scales are, and rounded to f16 again.
 * @throws ScaleOverflow when a scale becomes too large for f16
 */
export function multipliedRows(packed: PackedRows, factor: number): PackedRows {
  const { kind, rows, columns } = packed;
  if (!isBlockKind(kind)) {
    return packRows(
      dequantizeRows(packed).map((value) => value * factor),
      kind,
      rows,
      columns,
    );
  }
  const scales = new Uint8Array(packed.scales.length);
  for (let i = 0; 2 * i < scales.length; i++) {
    const scale = halfAt(packed.scales, i);
    if (overflows(scale * factor) && Number.isFinite(scale)) throw new ScaleOverflow();
    writeHalf(scales, i, scale * factor);
  }
  return { ...packed, scales };
}

/** Rows converted to another kind by way of f32; rows that are not whole blocks become f16 where blocks are asked for. */
export function quantizeRows(source: PackedRows, kind: WeightKind): PackedRows {
  const target = fitsKind(kind, source.columns) ? kind : 'f16';
  return source.kind === target ? source : packRows(dequantizeRows(source), target, source.rows, source.columns);
}

/** Values, rows × columns, in a stored kind that fits them. */
export function packRows(
  values: Float32Array<ArrayBuffer>,
  kind: WeightKind,
  rows: number,
  columns: number,
): PackedRows {
  if (!isBlockKind(kind)) {
    const floats = kind === 'f16' ? f32ArrayToF16(values) : kind === 'bf16' ? f32ArrayToBf16(values) : values.slice();
    return padRows(kind, new Uint8Array(floats.buffer), rows, columns);
  }
  const packed = emptyRows(kind, rows, columns);
  if (quantizeWhole(values, packed)) return packed;
  const layout = blockLayout(kind);
  const quantize = quantizer(layout);
  const codes = new Int8Array(layout.block);
  for (let b = 0; b * layout.block < values.length; b++) {
    const x = values.subarray(b * layout.block, (b + 1) * layout.block);
    const [scale, offset] = quantize(x, codes);
    writeCodes(layout, codes, b, packed.codes);
    writeScale(layout, scale, offset, b, packed.scales);
  }
  return packed;
}

function emptyRows(kind: BlockKind, rows: number, columns: number): PackedRows {
  const codes = new Uint8Array(rows * codeBytes(kind, columns));
  return { kind, rows, columns, codes, scales: new Uint8Array(scaleBytes(kind, rows, columns)) };
}

function padRows(kind: FloatKind, bytes: Uint8Array<ArrayBuffer>, rows: number, columns: number): PackedRows {
  const rowBytes = bytes.length / rows;
  const stride = codeBytes(kind, columns);
  const scales = new Uint8Array(0);
  if (stride === rowBytes) return { kind, rows, columns, codes: bytes, scales };
  const codes = new Uint8Array(rows * stride);
  for (let row = 0; row < rows; row++) {
    codes.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), row * stride);
  }
  return { kind, rows, columns, codes, scales };
}

/** Bytes of a block's scale, and offset, in front of its codes. */
function headBytes({ kind }: PackedRows): number {
  return blockLayout(kind)?.offset ? 4 : 2;
}

function split(bytes: Uint8Array, size: number, packed: PackedRows): void {
  const { codes, scales } = packed;
  const head = headBytes(packed);
  const body = size - head;
  for (let block = 0, at = 0; at < bytes.length; block++, at += size) {
    for (let i = 0; i < head; i++) scales[block * head + i] = bytes[at + i];
    for (let i = 0; i < body; i++) codes[block * body + i] = bytes[at + head + i];
  }
}

function join(packed: PackedRows, size: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { codes, scales } = packed;
  const head = headBytes(packed);
  const body = size - head;
  for (let block = 0, at = 0; at < bytes.length; block++, at += size) {
    for (let i = 0; i < head; i++) bytes[at + i] = scales[block * head + i];
    for (let i = 0; i < body; i++) bytes[at + head + i] = codes[block * body + i];
  }
  return bytes;
}

/** Blocks whose codes are stored in another order or with more bits, and whose scales are products. */
function takeApart(type: BlockType, bytes: Uint8Array, packed: PackedRows): void {
  const { bytes: size, elements, block, centre, unpack } = CODECS[type];
  const layout = defined(blockLayout(packed.kind), 'a layout of blocks');
  const each = unpacked();
  const { codes, scales, minimums } = each;
  const perBlock = elements / block;
  for (let at = 0, b = 0; at < bytes.length; at += size) {
    unpack(bytes, at, each);
    for (let i = 0; i < perBlock; i++, b++) {
      const own = codes.subarray(i * block, (i + 1) * block);
      if (centre) for (let j = 0; j < block; j++) own[j] -= centre;
      writeCodes(layout, own, b, packed.codes);
      const [scale, offset] = [scales[i], centre ? minimums[i] + centre * scales[i] : minimums[i]];
      // a rounding that would give infinity; what is infinite or no number in the file is left to whoever reads it
      if (overflows(scale) || overflows(offset)) throw new ScaleOverflow();
      writeScale(layout, scale, offset, b, packed.scales);
    }
  }
}

/** Whether a number becomes infinite as f16. */
function overflows(value: number): boolean {
  return Math.abs(value) >= 65520 && Number.isFinite(value);
}
