// A matrix on the GPU, and the snippet that reads its kind: what every op over weights shares.
import type { Bound } from '../../gpu/kernel';
import type { Definitions, Snippets } from '../../gpu/wgsl';
import { type FloatKind, type WeightKind, blockLayout, isBlockKind } from '../../core/weight-kinds';
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
}

/** WGSL that reads this kind, by the names that `weightDefinitions` defines. */
export function weightSnippets(kind: WeightKind): Snippets {
  if (!isBlockKind(kind)) return { ...FLOATS[kind], scalesNone };
  return blockLayout(kind)?.bits === 4 ? { weights4, scales } : { weights8, scales };
}

/**
 * What tells one kind from another.
 * @param whole a kernel takes whole blocks (`block_quad_0(block)`, …), and not quads one at a time (`load_codes`)
 */
export function weightDefinitions(kind: WeightKind, whole: boolean): Definitions {
  const layout = blockLayout(kind);
  if (!layout) return { WHOLE_BLOCKS: whole, BLOCK_QUADS: 1, HAS_OFFSET: false };
  const { bits, block, zero, offset } = layout;
  return {
    WHOLE_BLOCKS: whole,
    /** Quads of elements that a kernel takes from a row at once. */
    BLOCK_QUADS: block / 4,
    ZERO_CODE: zero,
    HAS_OFFSET: offset,
    ...(bits === 8 ? { BLOCK_CHUNKS: block / 16 } : { BlockWords: block === 32 ? 'vec4u' : 'vec2u' }),
  };
}

/** The bindings of a part, by the snippet's variable names. */
export function bindPart({ codes, scales }: MatrixPart): { codes: Bound; scales: Bound | undefined } {
  return { codes, scales };
}
