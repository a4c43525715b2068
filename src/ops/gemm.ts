// y = W·x for many tokens on hardware: tiles in shared memory, sums in registers.
import { compose } from '../gpu/wgsl';
import type { Grid, Kernel } from '../gpu/kernel';
import stateSource from '../../shaders/common/state.wgsl?raw';
import projection from '../../shaders/common/projection.wgsl?raw';
import source from '../../shaders/matmul/gemm.wgsl?raw';
import type { ProjectionVariant } from './matvec';
import { weightDefinitions, weightSnippets } from './weights';

/** Tokens and rows of a workgroup's tile. */
const SIDE = 64;

/** The kernel of a variant; its reference and its parameters are `matvec`'s. */
export function gemmKernel({ kind, input, output, ...folded }: ProjectionVariant): Kernel {
  const definitions = {
    ROWS: 8,
    TOKENS: 8,
    ...weightDefinitions(kind, true),
    In: input,
    Out: output,
  };
  return {
    label: `gemm ${kind}`,
    wgsl: compose(definitions, stateSource, ...weightSnippets(kind), projection, source),
    overrides: {
      NORM: Number(folded.norm ?? false),
      RESIDUAL: Number(folded.residual ?? false),
      SWIGLU: Number(folded.swiglu ?? false),
    },
  };
}

/** Workgroups for `rows` rows of the matrix (2F with swiglu) and `tokens` tokens. */
export function gemmGrid(rows: number, tokens: number): Grid {
  return [Math.ceil(rows / SIDE), Math.ceil(tokens / SIDE)];
}
