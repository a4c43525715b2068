// The kinds of a stored tensor, and how many bytes a row of each takes: the layout that shaders read.

import { CODE_TABLES, type CodeTable } from './code-tables';

/** Element type of a tensor as a file stores it; block types follow ggml (ggml-quants.h). */
export type ElementType = 'F32' | 'F16' | 'BF16' | 'F64' | BlockType;

/** ggml's plain blocks: a scale, and perhaps a minimum, then codes. */
type PlainType = 'Q8_0' | 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q2_0' | 'Q1_0';

/** ggml's super-blocks of 256, whose scales are products. */
export type SuperBlockType = 'Q2_K' | 'Q3_K' | 'Q4_K' | 'Q5_K' | 'Q6_K';

/** Codes of 4 bits that are places in a table. */
export type TableType = 'IQ4_NL' | 'IQ4_XS' | 'MXFP4' | 'NVFP4';

/** Codes of −1, 0 and 1. */
export type TernaryType = 'TQ1_0' | 'TQ2_0';

/** Codes that are places in a grid: several elements each. */
export type GridType = 'IQ3_S' | 'IQ3_XXS' | 'IQ2_S' | 'IQ2_XS' | 'IQ2_XXS' | 'IQ1_M' | 'IQ1_S';

/**
 * Codes of other programs in blocks of 32 with a scale in f32, and an offset where they begin with `A`; those of N4 are places
 * in a table: quant/packed.ts.
 */
export type PackedType = 'S4' | 'A4' | 'S8' | 'A8' | 'N4';

/** Block types that weights come in: ggml's, and what other programs' codes are read as. */
export type BlockType = PlainType | SuperBlockType | TableType | TernaryType | GridType | PackedType;

/** Kinds that keep every element as a float. 16-bit ones are packed pairs in u32. */
export type FloatKind = 'f32' | 'f16' | 'bf16';

/** Kinds whose codes are places in a table of that name, `x16` with blocks of 16. */
type TableKind = `q4${CodeTable}` | 'q4fpx16' | 'q4i2x16';

/**
 * Kinds that keep codes in blocks along the row: `q`, bits of a code, then what differs from a scale for each 32 codes
 * that multiplies codes around zero. `m`: unsigned codes and a minimum. `o`: codes around an offset. `x16`: blocks of 16.
 * Other letters: codes are places in the table of that name.
 */
export type BlockKind = 'q8' | 'q8o' | 'q8x16' | 'q4' | 'q4m' | 'q4o' | 'q4x16' | 'q4ox16' | TableKind;

/** How a matrix is stored and bound. */
export type WeightKind = FloatKind | BlockKind;

/**
 * A value is `(code − zero) · scale + offset`, or `table[code] · scale` where there is a table. 8-bit codes are signed, so
 * their zero is 0.
 */
export interface BlockLayout {
  /** Bits of a code. */
  readonly bits: 4 | 8;
  /** Codes that share a scale. */
  readonly block: 16 | 32;
  /** The code that stands for the offset, or for zero where there is none. */
  readonly zero: 0 | 8;
  /** Whether an f16 offset stands beside each scale. */
  readonly offset: boolean;
  /** What 4-bit codes stand for, where that is not their number. */
  readonly table?: readonly number[];
}

const tabled = (table: CodeTable, block: 16 | 32): BlockLayout => ({
  bits: 4,
  block,
  zero: 0,
  offset: false,
  table: CODE_TABLES[table],
});

const BLOCKS: Readonly<Record<BlockKind, BlockLayout>> = {
  q8: { bits: 8, block: 32, zero: 0, offset: false },
  q8o: { bits: 8, block: 32, zero: 0, offset: true },
  q8x16: { bits: 8, block: 16, zero: 0, offset: false },
  q4: { bits: 4, block: 32, zero: 8, offset: false },
  q4m: { bits: 4, block: 32, zero: 0, offset: true },
  q4o: { bits: 4, block: 32, zero: 8, offset: true },
  q4x16: { bits: 4, block: 16, zero: 8, offset: false },
  q4ox16: { bits: 4, block: 16, zero: 8, offset: true },
  q4nl: tabled('nl', 32),
  q4fp: tabled('fp', 32),
  q4fpx16: tabled('fp', 16),
  q4nf: tabled('nf', 32),
  q4i3: tabled('i3', 32),
  q4i3s: tabled('i3s', 32),
  q4i2: tabled('i2', 32),
  q4i2x16: tabled('i2', 16),
};

const FLOAT_BYTES: Readonly<Record<FloatKind, 2 | 4>> = { f32: 4, f16: 2, bf16: 2 };

/** Every kind there is. */
export const WEIGHT_KINDS = [...Object.keys(FLOAT_BYTES), ...Object.keys(BLOCKS)] as readonly WeightKind[];

/** How a kind's blocks are laid out; undefined for float kinds. */
export function blockLayout(kind: BlockKind): BlockLayout;
export function blockLayout(kind: WeightKind): BlockLayout | undefined;
export function blockLayout(kind: WeightKind): BlockLayout | undefined {
  return isBlockKind(kind) ? BLOCKS[kind] : undefined;
}

export function isBlockKind(kind: WeightKind): kind is BlockKind {
  return kind in BLOCKS;
}

/** Bytes of one row's codes (or elements), a multiple of 4. */
export function codeBytes(kind: WeightKind, columns: number): number {
  if (isBlockKind(kind)) return (columns * BLOCKS[kind].bits) / 8;
  return Math.ceil((columns * FLOAT_BYTES[kind]) / 4) * 4;
}

/** f16 values beside the codes of one row: scales, or scales and offsets; 0 for float kinds. */
export function scalesPerRow(kind: WeightKind, columns: number): number {
  const layout = blockLayout(kind);
  return layout ? (columns / layout.block) * (layout.offset ? 2 : 1) : 0;
}

/** Bytes of the scales of `rows` rows together, padded at the end to a multiple of 4; 0 for float kinds. */
export function scaleBytes(kind: WeightKind, rows: number, columns: number): number {
  return Math.ceil((rows * scalesPerRow(kind, columns)) / 2) * 4;
}

/** Bytes of a whole tensor: its codes and its scales. */
export function tensorBytes({ kind, rows, columns }: Pick<WeightTensor, 'kind' | 'rows' | 'columns'>): number {
  return rows * codeBytes(kind, columns) + scaleBytes(kind, rows, columns);
}

/** Whether rows of this width can be stored in the kind: block kinds need whole blocks. */
export function fitsKind(kind: WeightKind, columns: number): boolean {
  return columns % (blockLayout(kind)?.block ?? 1) === 0;
}

/**
 * Some rows of a matrix in the stored layout.
 *
 * `codes`, row after row, `codeBytes(kind, columns)` each: f32 little-endian; f16 and bf16 (an odd row is padded by one
 * zero element); 8-bit codes: signed bytes in order; 4-bit codes: byte j of a block holds element j in its low nibble and
 * element j + block / 2 in its high one.
 *
 * `scales`, f16, row-major and without padding between rows: a scale for each block, or scale and offset. Empty for float
 * kinds; padded at the end to a multiple of 4 bytes.
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
