import type { Tensor } from '../../core/checkpoint';
import { f32ArrayToBf16, f32ArrayToF16 } from '../../quant/f16';
import type { Parts } from './parts';

export type FloatType = 'F32' | 'F16' | 'BF16';

/** Values as the bytes of a float type. */
export function floatBytes(type: FloatType, values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const halves = type === 'F16' ? f32ArrayToF16(values) : f32ArrayToBf16(values);
  return new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
}

/**
 * A matrix whose values are computed a few rows at a time.
 * @param values of the rows from `start` to `end`
 */
export function floatTensor(
  parts: Parts,
  type: FloatType,
  [rows, columns]: readonly [number, number],
  values: (start: number, end: number) => Promise<Float32Array<ArrayBuffer>>,
): Tensor {
  const { source, start: place } = parts.main;
  return {
    name: parts.name,
    type,
    rows,
    columns,
    place: { file: source.name, start: place },
    readRows: async (start, end) => floatBytes(type, await values(start, end)),
  };
}

/** The float type that a configuration names (`bfloat16`, `torch.float16`); BF16 where it says nothing. */
export function floatTypeNamed(name: unknown): FloatType {
  const text = typeof name === 'string' ? name.replace(/^torch\./, '') : '';
  return text === 'float32' ? 'F32' : text === 'float16' ? 'F16' : 'BF16';
}
