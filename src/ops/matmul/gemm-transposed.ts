// y = x·W with W as it is stored, for many tokens on hardware: tiles in shared memory, sums in registers.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import transposed from '../../../shaders/matmul/transposed.wgsl?raw';
import gemmTransposed from '../../../shaders/matmul/gemm-transposed.wgsl?raw';
import type { TransposedVariant } from './matvec-transposed';
import { weightDefinitions, weightSnippets } from './weights';

/** Tokens and columns of a workgroup's tile. */
const SIDE = 64;

/** The kernel of a variant; its reference and its parameters are those of `matvec-transposed`. */
export function gemmTransposedKernel({ kind, accumulate }: TransposedVariant): Kernel {
  const definitions = { TILE_N: 8, ...weightDefinitions(kind, false) };
  return {
    label: `gemm transposed ${kind}`,
    wgsl: compose(definitions, { state, ...weightSnippets(kind), transposed, gemmTransposed }),
    overrides: { ACCUMULATE: Number(accumulate) },
  };
}

/** Workgroups for `columns` columns of the matrix and `tokens` tokens. */
export function gemmTransposedGrid(columns: number, tokens: number): Grid {
  return [Math.ceil(columns / SIDE), Math.ceil(tokens / SIDE)];
}
