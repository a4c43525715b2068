// The kinds of a stored tensor, and how many bytes a row of each takes: the layout that shaders read.

/** How a matrix is stored and bound. 16-bit kinds are packed pairs in u32; `q8` and `q4` are blocks of 32 along the row. */
export type WeightKind = 'f32' | 'f16' | 'bf16' | 'q8' | 'q4' | 'q4m';

/** Codes per block of `q8`, `q4` (symmetric) and `q4m` (with a minimum). */
export const BLOCK = 32;

/** Bytes of one row's codes (or elements), a multiple of 4. */
export function codeBytes(kind: WeightKind, columns: number): number {
  switch (kind) {
    case 'f32':
      return columns * 4;
    case 'f16':
    case 'bf16':
      return Math.ceil(columns / 2) * 4;
    case 'q8':
      return columns;
    case 'q4':
    case 'q4m':
      return columns / 2;
  }
}

/** f16 values per block beside the codes: a scale, or a scale and a minimum (interleaved). */
export function scalesPerBlock(kind: WeightKind): 0 | 1 | 2 {
  return kind === 'q8' || kind === 'q4' ? 1 : kind === 'q4m' ? 2 : 0;
}
