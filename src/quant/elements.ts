// The element types of files: how long a row of each is, which stored kind keeps it, and which type a kind can be written as.

import { CODECS, dequantizeBlocks } from './blocks';
import { PACKED_BLOCKS } from './packed';
import { bf16ArrayToF32, f16ArrayToF32 } from './f16';
import type { BlockType, ElementType, FloatKind, WeightKind } from '../core/weight-kinds';

/** The kinds that keep float types bit for bit. */
export const FLOATS = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const satisfies Record<string, FloatKind>;
type KeptFloat = keyof typeof FLOATS;
type FloatType = KeptFloat | 'F64';

/** Types whose bytes a kind keeps, so that a file can be written again from it. */
const VERBATIM = new Map<WeightKind, ElementType>([
  ...(Object.keys(FLOATS) as KeptFloat[]).map((type) => [FLOATS[type], type] as const),
  ...(Object.keys(CODECS) as BlockType[])
    .filter((type) => CODECS[type].verbatim)
    .map((type) => [CODECS[type].kind, type] as const),
]);

export function isFloatType(type: ElementType): type is FloatType {
  return type in FLOATS || type === 'F64';
}

/** Every type of ggml's that Pronk reads. */
export const GGML_ELEMENTS = [
  ...Object.keys(FLOATS),
  'F64',
  ...Object.keys(CODECS).filter((type) => !(type in PACKED_BLOCKS)),
] as readonly ElementType[];

/** The stored kind that keeps a file's codes, or its floats, as they are; F64 is rounded to f32. */
export function storedKind(type: ElementType): WeightKind {
  if (type === 'F64') return 'f32';
  return isFloatType(type) ? FLOATS[type] : CODECS[type].kind;
}

/** Whether a type's scales have more bits than f16, to which they are rounded where its codes are kept. */
export function roundsScales(type: ElementType): boolean {
  return !isFloatType(type) && CODECS[type].rounded === true;
}

/** The file's type that has a kind's values exactly, if there is one. */
export function elementTypeOf(kind: FloatKind): ElementType;
export function elementTypeOf(kind: WeightKind): ElementType | undefined;
export function elementTypeOf(kind: WeightKind): ElementType | undefined {
  return VERBATIM.get(kind);
}

/** Elements of which a row must have a whole number. */
export function elementsPerBlock(type: ElementType): number {
  return isFloatType(type) ? 1 : CODECS[type].elements;
}

const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Bytes of one row in a file, which pads nothing. Block types need `columns` in whole blocks. */
export function elementRowBytes(type: ElementType, columns: number): number {
  if (isFloatType(type)) return columns * FLOAT_BYTES[type];
  return (columns / CODECS[type].elements) * CODECS[type].bytes;
}

/** A file's values, rows × columns, as ggml has them to the bit. Of F32 they may be the same memory. */
export function dequantizeElements(type: ElementType, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  if (!isFloatType(type)) return dequantizeBlocks(type, bytes);
  const { buffer, byteOffset, length } = bytes.byteOffset % FLOAT_BYTES[type] ? bytes.slice() : bytes;
  if (type === 'F64') return Float32Array.from(new Float64Array(buffer, byteOffset, length / 8));
  if (type === 'F32') return new Float32Array(buffer, byteOffset, length / 4);
  const halves = new Uint16Array(buffer, byteOffset, length / 2);
  return type === 'F16' ? f16ArrayToF32(halves) : bf16ArrayToF32(halves);
}
