// Rows as files hold them -> rows as shaders read them: codes and scales apart, 16-bit rows padded to whole words.

import { BLOCK_BYTES, type BlockType, dequantizeBlocks, quantizeBlocks } from './blocks';
import { bf16ArrayToF32, f16ArrayToF32, f32ArrayToBf16, f32ArrayToF16 } from './f16';
import {
  BLOCK,
  type ElementType,
  type PackedRows,
  type WeightKind,
  codeBytes,
  fitsKind,
  scaleBytes,
  scalesPerBlock,
} from './kinds';

const STORED: Readonly<Record<ElementType, WeightKind>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  Q8_0: 'q8',
  Q4_0: 'q4',
  Q4_1: 'q4m',
};

const BLOCK_TYPES: Readonly<Partial<Record<WeightKind, BlockType>>> = { q8: 'Q8_0', q4: 'Q4_0', q4m: 'Q4_1' };

/** The stored kind that keeps a file's element type exactly. */
export function storedKind(type: ElementType): WeightKind {
  return STORED[type];
}

/** Bytes of one row in a file, which pads nothing. Block types need `columns` in whole blocks. */
export function elementRowBytes(type: ElementType, columns: number): number {
  if (type === 'F32') return columns * 4;
  if (type === 'F16' || type === 'BF16') return columns * 2;
  return (columns / BLOCK) * BLOCK_BYTES[type];
}

/** A file's rows in the stored layout, every value kept exactly. `bytes` are little-endian, rows × columns elements. */
export function repackRows(
  type: ElementType,
  bytes: Uint8Array<ArrayBuffer>,
  rows: number,
  columns: number,
): PackedRows {
  const kind = STORED[type];
  const rowBytes = elementRowBytes(type, columns);
  if (bytes.length !== rows * rowBytes) {
    throw new RangeError(`${rows} × ${columns} ${type} are ${rows * rowBytes} bytes, not ${bytes.length}`);
  }
  const blockType = BLOCK_TYPES[kind];
  if (blockType) return splitBlocks(kind, blockType, bytes, rows, columns);
  const stride = codeBytes(kind, columns);
  if (stride === rowBytes) return { kind, rows, columns, codes: bytes, scales: new Uint8Array(0) };
  const codes = new Uint8Array(rows * stride);
  for (let row = 0; row < rows; row++) {
    codes.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), row * stride);
  }
  return { kind, rows, columns, codes, scales: new Uint8Array(0) };
}

/** The values of packed rows, rows × columns. */
export function dequantizeRows(packed: PackedRows): Float32Array<ArrayBuffer> {
  const { kind, rows, columns, codes } = packed;
  const blockType = BLOCK_TYPES[kind];
  if (blockType) return dequantizeBlocks(blockType, joinBlocks(packed, blockType));
  if (kind === 'f32') return new Float32Array(codes.slice(0, rows * columns * 4).buffer);
  const halves = new Uint16Array(rows * columns);
  const stored = new Uint16Array(codes.slice().buffer);
  const stride = codeBytes(kind, columns) / 2;
  for (let row = 0; row < rows; row++) {
    halves.set(stored.subarray(row * stride, row * stride + columns), row * columns);
  }
  return kind === 'f16' ? f16ArrayToF32(halves) : bf16ArrayToF32(halves);
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
  const type = (Object.keys(STORED) as ElementType[]).find((each) => STORED[each] === kind) as ElementType;
  const blockType = BLOCK_TYPES[kind];
  if (blockType) return repackRows(type, quantizeBlocks(blockType, values), rows, columns);
  const halves = kind === 'f16' ? f32ArrayToF16(values) : kind === 'bf16' ? f32ArrayToBf16(values) : values.slice();
  return repackRows(type, new Uint8Array(halves.buffer), rows, columns);
}

function splitBlocks(kind: WeightKind, type: BlockType, bytes: Uint8Array, rows: number, columns: number): PackedRows {
  const head = scalesPerBlock(kind) * 2;
  const size = BLOCK_BYTES[type];
  const body = size - head;
  const codes = new Uint8Array(rows * codeBytes(kind, columns));
  const scales = new Uint8Array(scaleBytes(kind, rows, columns));
  for (let block = 0, at = 0; at < bytes.length; block++, at += size) {
    for (let i = 0; i < head; i++) scales[block * head + i] = bytes[at + i];
    for (let i = 0; i < body; i++) codes[block * body + i] = bytes[at + head + i];
  }
  return { kind, rows, columns, codes, scales };
}

function joinBlocks({ kind, rows, columns, codes, scales }: PackedRows, type: BlockType): Uint8Array {
  const head = scalesPerBlock(kind) * 2;
  const size = BLOCK_BYTES[type];
  const body = size - head;
  const bytes = new Uint8Array(rows * (columns / BLOCK) * size);
  for (let block = 0, at = 0; at < bytes.length; block++, at += size) {
    for (let i = 0; i < head; i++) bytes[at + i] = scales[block * head + i];
    for (let i = 0; i < body; i++) bytes[at + head + i] = codes[block * body + i];
  }
  return bytes;
}
