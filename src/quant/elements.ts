// The element types of files: how long a row of each is, which stored kind keeps it, and which type a kind can be written as.

import { CODECS, dequantizeBlocks } from './blocks';
import { bf16ArrayToF32, f16ArrayToF32 } from './f16';
import type { BlockType, ElementType, FloatKind, WeightKind } from '../core/weight-kinds';

/** The kinds of float types. */
export const FLOATS = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const satisfies Record<string, FloatKind>;
type FloatType = keyof typeof FLOATS;

/** Types whose bytes a kind keeps, so that a file can be written again from it. */
const VERBATIM = new Map<WeightKind, ElementType>([
  ...(Object.keys(FLOATS) as FloatType[]).map((type) => [FLOATS[type], type] as const),
  ...(Object.keys(CODECS) as BlockType[])
    .filter((type) => CODECS[type].verbatim)
    .map((type) => [CODECS[type].kind, type] as const),
]);

export function isFloatType(type: ElementType): type is FloatType {
  return type in FLOATS;
}

/** Whether Pronk reads a tensor type of ggml's. */
export function isElementType(name: string): name is ElementType {
  return name in FLOATS || name in CODECS;
}

/** Every type that Pronk reads. */
export const ELEMENT_TYPES = [...Object.keys(FLOATS), ...Object.keys(CODECS)] as readonly ElementType[];

/** The stored kind that keeps a file's codes, or its floats, as they are. */
export function storedKind(type: ElementType): WeightKind {
  return isFloatType(type) ? FLOATS[type] : CODECS[type].kind;
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

/** Bytes of one row in a file, which pads nothing. Block types need `columns` in whole blocks. */
export function elementRowBytes(type: ElementType, columns: number): number {
  if (type === 'F32') return columns * 4;
  if (isFloatType(type)) return columns * 2;
  return (columns / CODECS[type].elements) * CODECS[type].bytes;
}

/** A file's values, rows × columns, as ggml has them to the bit. Of F32 they may be the same memory. */
export function dequantizeElements(type: ElementType, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  if (!isFloatType(type)) return dequantizeBlocks(type, bytes);
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  if (type === 'F32') return new Float32Array(buffer, byteOffset, length / 4);
  const halves = new Uint16Array(buffer, byteOffset, length / 2);
  return type === 'F16' ? f16ArrayToF32(halves) : bf16ArrayToF32(halves);
}
