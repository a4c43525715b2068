// y = W·x for many tokens on hardware: tiles in shared memory, sums in registers.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import projection from '../../../shaders/matmul/projection.wgsl?raw';
import gemm from '../../../shaders/matmul/gemm.wgsl?raw';
import { type ProjectionVariant, projectionVariant } from './matvec';
import { weightSnippets } from './weights';

/** Tokens and rows of a workgroup's tile. */
const SIDE = 64;

/** The kernel of a variant; its reference and its parameters are `matvec`'s. */
export function gemmKernel(variant: ProjectionVariant): Kernel {
  const { definitions, overrides } = projectionVariant(variant, true);
  const own = { TILE_M: 8, TILE_N: 8 };
  return {
    label: `gemm ${variant.kind}`,
    wgsl: compose({ ...own, ...definitions }, { state, ...weightSnippets(variant.kind), projection, gemm }),
    overrides,
  };
}

/** Workgroups for `rows` rows of the matrix (2F with swiglu) and `tokens` tokens. */
export function gemmGrid(rows: number, tokens: number): Grid {
  return [Math.ceil(rows / SIDE), Math.ceil(tokens / SIDE)];
}
