// y = x·W with W as it is stored: gradients through a frozen matrix, by threads that work alone (software adapters).
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import type { WeightKind } from '../../core/weight-kinds';
import state from '../../../shaders/common/state.wgsl?raw';
import transposed from '../../../shaders/matmul/transposed.wgsl?raw';
import matvecTransposed from '../../../shaders/matmul/matvec-transposed.wgsl?raw';
import { weightDefinitions, weightSnippets } from './weights';

const [WORKGROUP_SIZE, TILE_N, TILE_QUADS] = [8, 8, 2];

export interface TransposedVariant {
  readonly kind: WeightKind;
  /** y += instead of y =. */
  readonly accumulate: boolean;
}

/** The kernel of a variant; its parameters are rows, columns, row_start and x_stride. */
export function matvecTransposedKernel({ kind, accumulate }: TransposedVariant): Kernel {
  const definitions = { WORKGROUP_SIZE, TILE_N, TILE_QUADS, ...weightDefinitions(kind, false) };
  return {
    label: `matvec transposed ${kind}`,
    wgsl: compose(definitions, { state, ...weightSnippets(kind), transposed, matvecTransposed }),
    overrides: { ACCUMULATE: Number(accumulate) },
  };
}

/** Workgroups for `columns` columns of the matrix and `tokens` tokens. */
export function matvecTransposedGrid(columns: number, tokens: number): Grid {
  return [Math.ceil(columns / (4 * TILE_QUADS * WORKGROUP_SIZE)), Math.ceil(tokens / TILE_N)];
}

/**
 * The reference in float64, of both forms.
 * @param w [N, K] row-major @param x [T, xStride], whose elements from `rowStart` meet w's rows
 * @returns [T, K]
 */
export function matvecTransposedReference(
  w: ArrayLike<number>,
  x: ArrayLike<number>,
  { rows, columns, tokens }: { rows: number; columns: number; tokens: number },
  { rowStart = 0, xStride = rows }: { rowStart?: number; xStride?: number } = {},
): Float64Array<ArrayBuffer> {
  const y = new Float64Array(tokens * columns);
  for (let t = 0; t < tokens; t++) {
    for (let n = 0; n < rows; n++) {
      const factor = x[t * xStride + rowStart + n];
      for (let k = 0; k < columns; k++) y[t * columns + k] += factor * w[n * columns + k];
    }
  }
  return y;
}
