// A matrix on the GPU, and the snippet that reads its kind: what every op over weights shares.
import type { Bound } from '../../gpu/kernel';
import type { Definitions, Snippets } from '../../gpu/wgsl';
import { type FloatKind, type WeightKind, WEIGHT_KINDS, blockLayout, isBlockKind } from '../../core/weight-kinds';
import type { KernelTarget } from '../tuning';
import codeTable from '../../../shaders/matmul/code-table.wgsl?raw';
import weights4 from '../../../shaders/matmul/weights-4.wgsl?raw';
import weights8 from '../../../shaders/matmul/weights-8.wgsl?raw';
import weightsBf16 from '../../../shaders/matmul/weights-bf16.wgsl?raw';
import weightsF16 from '../../../shaders/matmul/weights-f16.wgsl?raw';
import weightsF32 from '../../../shaders/matmul/weights-f32.wgsl?raw';
import scalesNone from '../../../shaders/matmul/scales-none.wgsl?raw';
import scales from '../../../shaders/matmul/scales.wgsl?raw';

const FLOATS: Readonly<Record<FloatKind, Snippets>> = {
  f32: { weightsF32 },
  f16: { weightsF16 },
  bf16: { weightsBf16 },
};

/** Rows `rowStart` to `rowStart + rows` of a matrix: of one kind, and within what one binding may hold. */
export interface MatrixPart {
  readonly kind: WeightKind;
  readonly rowStart: number;
  readonly rows: number;
  readonly codes: Bound;
  /** Absent for float kinds. */
  readonly scales?: Bound;
}

/** A weight matrix [rows, columns] on the GPU. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly MatrixPart[];
  /** f32, one a row: what a projection adds. */
  readonly bias?: GPUBuffer;
  /** Values of `bias`, where adapters may add to it. */
  readonly biasValues?: Float32Array;
  /** Behind its biases, `bias` has a factor for each row's product. */
  readonly rowScales?: boolean;
}

/** WGSL that reads this kind, by the names that `weightDefinitions` defines. */
export function weightSnippets(kind: WeightKind): Snippets {
  if (!isBlockKind(kind)) return { ...FLOATS[kind], scalesNone };
  const { bits, table } = blockLayout(kind);
  if (bits === 8) return { weights8, scales };
  return table ? { codeTable, weights4, scales } : { weights4, scales };
}

/** The table's values: whole numbers as i8, others as f32. `TABLE_p_v` is byte p of value v, four times over. */
function tableDefinitions(table: readonly number[]): Definitions {
  const float = !table.every((value) => Number.isInteger(value) && Math.abs(value) < 128);
  const bytes = new Uint8Array(Float32Array.from(table).buffer);
  const planes = float ? 4 : 1;
  const entries = table.flatMap((value, v) =>
    Array.from({ length: planes }, (_, p) => {
      const byte = float ? bytes[4 * v + p] : value & 255;
      return [`TABLE_${p}_${v}`, byte * 0x01010101] as const;
    }),
  );
  return { FLOAT_TABLE: float, TABLE_PLANES: planes, ...Object.fromEntries(entries) };
}

/**
 * Kinds with kernels of their own. Those of one layout whose tables differ in nothing but their numbers have the same but
 * for constants, and one of them stands for all.
 */
export const KERNEL_KINDS: readonly WeightKind[] = WEIGHT_KINDS.filter((kind, i) => {
  const own = shapeOf(kind);
  return own === undefined || WEIGHT_KINDS.findIndex((each) => shapeOf(each) === own) === i;
});

/** A key of kinds with a table, equal where kernels differ in the table's numbers alone; undefined for other kinds. */
function shapeOf(kind: WeightKind): string | undefined {
  const { block, table } = blockLayout(kind) ?? {};
  return table && `${block} ${tableDefinitions(table)['TABLE_PLANES']}`;
}

/**
 * Definitions by which the kernels of one kind differ from another's.
 * @param whole a kernel takes whole blocks (`block_quad_0(block)`, …), and not quads one at a time (`load_codes`)
 */
export function weightDefinitions(kind: WeightKind, whole: boolean): Definitions {
  const layout = blockLayout(kind);
  const others = { WHOLE_BLOCKS: whole, DOT_PRODUCTS: false, WIDE: false, HALF_SCALES: false, COARSE_ZERO: false };
  if (!layout) return { ...others, BLOCK_QUADS: 1, HAS_OFFSET: false };
  const { bits, block, zero, offset, table } = layout;
  return {
    ...others,
    /** Quads of elements that a kernel takes from a row at once. */
    BLOCK_QUADS: block / 4,
    ZERO_CODE: zero,
    HAS_OFFSET: offset,
    HAS_TABLE: table !== undefined,
    ...(table && tableDefinitions(table)),
    ...(bits === 8 ? { BLOCK_CHUNKS: block / 16 } : { BlockWords: block === 32 ? 'vec4u' : 'vec2u' }),
  };
}

/**
 * Definitions of a kind for kernels of dot products: whole blocks in halves, whose codes are off by a constant.
 * @param wide rows of floats are whole blocks of eight
 */
export function dotDefinitions(
  kind: WeightKind,
  { precision, f16 }: Pick<KernelTarget, 'precision' | 'f16'>,
  wide: boolean,
): Definitions {
  const layout = blockLayout(kind);
  const half = layout ? layout.block / 8 : 1;
  const halfScales = f16 && layout !== undefined && !layout.offset;
  return {
    ...weightDefinitions(kind, true),
    DOT_PRODUCTS: true,
    WIDE: !layout && wide,
    HALF_SCALES: halfScales,
    ...(halfScales && { Scale: 'f16' }),
    /** Zeros that cost f32 sums some bits, which activations in f16 do not have */
    COARSE_ZERO: precision !== 'exact' && f16,
    HAS_ZERO: layout !== undefined && !layout.table,
    LOW_QUADS: half,
    HIGH_QUADS: layout || wide ? half : 0,
    ...(!layout && wide && { BLOCK_QUADS: 2 }),
  };
}

/** The bindings of a part, by the snippet's variable names. */
export function bindPart({ codes, scales }: MatrixPart): { codes: Bound; scales: Bound | undefined } {
  return { codes, scales };
}
