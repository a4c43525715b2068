// The kinds of a stored tensor, and how many bytes a row of each takes: the layout that shaders read.

/** Element type of a tensor as a file stores it; block types follow ggml (ggml-quants.h). */
export type ElementType = 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'Q4_0' | 'Q4_1';

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

/** Bytes of the scales of `rows` rows together, padded at the end to a multiple of 4; 0 for float kinds. */
export function scaleBytes(kind: WeightKind, rows: number, columns: number): number {
  return Math.ceil((rows * (columns / BLOCK) * scalesPerBlock(kind)) / 2) * 4;
}

/** Whether rows of this width can be stored in the kind: block kinds need whole blocks. */
export function fitsKind(kind: WeightKind, columns: number): boolean {
  return scalesPerBlock(kind) === 0 || columns % BLOCK === 0;
}

/**
 * Some rows of a matrix in the stored layout.
 *
 * `codes`, row after row, `codeBytes(kind, columns)` each: f32 little-endian; f16 and bf16 (an odd row is padded by one
 * zero element); q8: signed bytes in order; q4 and q4m: 16 bytes a block, byte j holding element j in its low nibble and
 * element j + 16 in its high one. An element is `code × scale` (q8), `(code − 8) × scale` (q4), `code × scale + minimum`
 * (q4m).
 *
 * `scales`, f16, row-major and without padding between rows: a scale for each block (q8, q4), or scale and minimum
 * (q4m). Empty for float kinds; padded at the end to a multiple of 4 bytes.
 */
export interface PackedRows {
  readonly kind: WeightKind;
  readonly rows: number;
  readonly columns: number;
  readonly codes: Uint8Array<ArrayBuffer>;
  readonly scales: Uint8Array<ArrayBuffer>;
}

/** What loading consumes, whether a checkpoint is converted on the fly or a stored model is read back. */
export interface WeightTensor {
  /** Hugging Face's name, as in `Tensor.name`. */
  readonly name: string;
  readonly kind: WeightKind;
  readonly rows: number;
  readonly columns: number;
  /** Row groups in order, together covering every row once; each call reads anew. */
  groups(): AsyncIterable<PackedRows & { readonly rowStart: number }>;
}
