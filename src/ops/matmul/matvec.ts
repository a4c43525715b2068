// y = W·x by dot products along the rows: decode, and prefill where barriers are dear.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import type { WeightKind } from '../../core/weight-kinds';
import lanesShared from '../../../shaders/matmul/lanes-shared.wgsl?raw';
import lanesSubgroups from '../../../shaders/matmul/lanes-subgroups.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import projection from '../../../shaders/matmul/projection.wgsl?raw';
import matvecBlocks from '../../../shaders/matmul/matvec-blocks.wgsl?raw';
import matvecQuads from '../../../shaders/matmul/matvec-quads.wgsl?raw';
import type { DotShape } from '../tuning';
import { weightDefinitions, weightSnippets } from './weights';

/** What is folded into a product with a weight matrix. */
export interface ProjectionVariant {
  readonly kind: WeightKind;
  /** Element type of x. */
  readonly input: 'f32' | 'f16';
  /** Element type of y. */
  readonly output: 'f32' | 'f16';
  /** RMSNorm of x, with its gain. */
  readonly norm?: boolean;
  /** y += instead of y =. */
  readonly residual?: boolean;
  /** The matrix is gate rows, then up rows; y = silu(gate) · up. */
  readonly swiglu?: boolean;
  /** A vector of the matrix's rows is added to the product. */
  readonly bias?: boolean;
}

/** What both kernels of a projection are composed and specialised by. */
export function projectionVariant({ kind, input, output, ...folded }: ProjectionVariant, whole: boolean) {
  return {
    definitions: { ...weightDefinitions(kind, whole), HAS_BIAS: folded.bias ?? false, Input: input, Output: output },
    overrides: {
      NORM: Number(folded.norm ?? false),
      RESIDUAL: Number(folded.residual ?? false),
      SWIGLU: Number(folded.swiglu ?? false),
    },
  };
}

export interface MatvecVariant extends ProjectionVariant {
  readonly shape: DotShape;
}

/** The kernel of a variant. */
export function matvecKernel(variant: MatvecVariant): Kernel {
  const { kind, shape } = variant;
  const solo = shape.lanes === 1;
  const { definitions, overrides } = projectionVariant(variant, !solo);
  const own = {
    TILE_M: shape.rows,
    TILE_N: shape.tokens,
    LANES: shape.lanes,
    WORKGROUP_SIZE: shape.workgroup,
  };
  const lanes = shape.subgroups ? { lanesSubgroups } : { lanesShared };
  const snippets = solo ? { matvecQuads } : { ...lanes, matvecBlocks };
  return {
    label: `matvec ${kind} ${shape.rows}x${shape.tokens}/${shape.lanes}${shape.subgroups ? 's' : ''}`,
    wgsl: compose({ ...own, ...definitions }, { state, ...weightSnippets(kind), projection, ...snippets }),
    overrides,
  };
}

/** Workgroups for `rows` output rows (of the gate alone with swiglu: pass 2F) and `tokens` tokens. */
export function matvecGrid(shape: DotShape, rows: number, tokens: number): Grid {
  const groups = Math.ceil(rows / shape.rows);
  return [shape.lanes === 1 ? Math.ceil(groups / shape.workgroup) : groups, Math.ceil(tokens / shape.tokens)];
}

/**
 * The reference in float64.
 * @param w [N, K] row-major @param x [T, K] @param gain [K] when x is normalised first @param bias [N]
 * @returns [T, N], or [T, N/2] with swiglu
 */
export function matvecReference(
  w: ArrayLike<number>,
  x: ArrayLike<number>,
  { rows, columns, tokens }: { rows: number; columns: number; tokens: number },
  options: {
    gain?: ArrayLike<number>;
    epsilon?: number;
    residual?: ArrayLike<number>;
    swiglu?: boolean;
    bias?: ArrayLike<number> | undefined;
  } = {},
): Float64Array {
  const { gain, epsilon = 0, residual, swiglu = false, bias } = options;
  const width = swiglu ? rows / 2 : rows;
  const y = new Float64Array(tokens * width);
  for (let t = 0; t < tokens; t++) {
    let squares = 0;
    for (let k = 0; k < columns; k++) squares += x[t * columns + k] ** 2;
    const scale = gain ? 1 / Math.sqrt(squares / columns + epsilon) : 1;
    const dot = (n: number) => {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += w[n * columns + k] * x[t * columns + k] * (gain ? gain[k] : 1);
      return sum * scale + (bias?.[n] ?? 0);
    };
    for (let n = 0; n < width; n++) {
      const value = dot(n);
      y[t * width + n] =
        (swiglu ? (value / (1 + Math.exp(-value))) * dot(n + width) : value) + (residual?.[t * width + n] ?? 0);
    }
  }
  return y;
}
