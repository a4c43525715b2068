// 16-bit floats by hand: `Float16Array` is too young to rely on, and block scales need the exact rounding of ggml and
// numpy (round to nearest, ties to even, subnormals kept).

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** An f16 bit pattern's value. */
export function f16ToF32(half: number): number {
  return table()[half & 0xffff];
}

/** The f16 bit pattern nearest to a number (ties to even; overflow gives infinity, NaN stays a quiet NaN). */
export function f32ToF16(value: number): number {
  float[0] = value;
  const word = bits[0];
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const mantissa = word & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 | (mantissa >>> 13) : 0);
  // Below 2^-14 an f16 is subnormal: a multiple of 2^-24.
  const shift = exponent < 113 ? 126 - exponent : 13;
  if (shift > 24) return sign;
  const significand = exponent === 0 ? mantissa : mantissa | 0x800000;
  const base = exponent < 113 ? 0 : (exponent - 113) << 10;
  const kept = significand >>> shift;
  const lost = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const rounded = kept + (lost > half || (lost === half && kept & 1) ? 1 : 0);
  // The hidden bit of a normal number adds one to the exponent field, as does a carry out of the mantissa.
  const result = base + rounded;
  return sign | (result >= 0x7c00 ? 0x7c00 : result);
}

/** A bf16 bit pattern's value. */
export function bf16ToF32(half: number): number {
  bits[0] = (half & 0xffff) << 16;
  return float[0];
}

/** The bf16 bit pattern nearest to a number (ties to even). */
export function f32ToBf16(value: number): number {
  float[0] = value;
  const word = bits[0];
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Bulk conversions; the result has the input's length. */
export function f16ArrayToF32(source: Uint16Array): Float32Array<ArrayBuffer> {
  const values = table();
  const result = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) result[i] = values[source[i]];
  return result;
}

export function f32ArrayToF16(source: Float32Array): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(source.length);
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const size = word & 0x7fffffff;
    // what becomes a normal f16, which is nearly every weight: a new exponent bias, and 13 bits rounded off
    if (size >= 0x38800000 && size < 0x47000000) {
      const biased = size - 0x38000000;
      result[i] = ((word >>> 16) & 0x8000) | ((biased + 0xfff + ((biased >>> 13) & 1)) >>> 13);
    } else result[i] = f32ToF16(source[i]);
  }
  return result;
}

export function bf16ArrayToF32(source: Uint16Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(source.length);
  const words = new Uint32Array(result.buffer);
  for (let i = 0; i < source.length; i++) words[i] = source[i] << 16;
  return result;
}

export function f32ArrayToBf16(source: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) result[i] = f32ToBf16(source[i]);
  return result;
}

let values: Float32Array | undefined;

/** All 65,536 values, made on first use: one look-up is faster than unpacking. */
function table(): Float32Array {
  if (values) return values;
  values = new Float32Array(65536);
  const words = new Uint32Array(values.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const mantissa = half & 0x3ff;
    if (exponent === 31) words[half] = sign | 0x7f800000 | (mantissa << 13);
    else if (exponent > 0) words[half] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else values[half] = (sign ? -1 : 1) * mantissa * 2 ** -24;
  }
  return values;
}
