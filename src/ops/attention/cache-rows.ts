// The storage of a head's keys, or values, at one position of the KV cache.
import { f16ToF32, f32ToF16 } from '../../quant/f16';

/** Element types of the KV cache; q8: 8-bit codes in blocks with f16 scales. */
export type CacheElement = 'f32' | 'f16' | 'q8';

/** Elements of a head that share a scale; the last block of a head may have fewer. */
const BLOCK = 32;

const scaleWords = (headDim: number) => Math.ceil(headDim / (2 * BLOCK));

/** Bytes of a row, which is a head's key or value at one position. */
export function cacheRowBytes(headDim: number, element: CacheElement): number {
  if (element === 'q8') return headDim + 4 * scaleWords(headDim);
  return headDim * (element === 'f16' ? 2 : 4);
}

/** Packs rows as q8: codes, then the scales. @param values [rows, headDim] */
export function packCacheRows(values: ArrayLike<number>, headDim: number): Uint8Array<ArrayBuffer> {
  const rows = values.length / headDim;
  const rowBytes = cacheRowBytes(headDim, 'q8');
  const out = new DataView(new ArrayBuffer(rows * rowBytes));
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < headDim; start += BLOCK) {
      const block = Array.from(
        { length: Math.min(BLOCK, headDim - start) },
        (_, i) => values[row * headDim + start + i],
      );
      const half = f32ToF16(Math.max(...block.map(Math.abs)) / 127);
      const scale = f16ToF32(half);
      block.forEach((value, i) => {
        const code = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / scale)));
        out.setInt8(row * rowBytes + start + i, code);
      });
      out.setUint16(row * rowBytes + headDim + (2 * start) / BLOCK, half, true);
    }
  }
  return new Uint8Array(out.buffer);
}

/** The values that q8 rows stand for. @returns [rows, headDim] */
export function unpackCacheRows(bytes: ArrayBuffer, headDim: number): Float32Array<ArrayBuffer> {
  const rowBytes = cacheRowBytes(headDim, 'q8');
  const rows = bytes.byteLength / rowBytes;
  const view = new DataView(bytes);
  return Float32Array.from({ length: rows * headDim }, (_, i) => {
    const [row, at] = [Math.floor(i / headDim), i % headDim];
    const scale = f16ToF32(view.getUint16(row * rowBytes + headDim + 2 * Math.floor(at / BLOCK), true));
    return view.getInt8(row * rowBytes + at) * scale;
  });
}
