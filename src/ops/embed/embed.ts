// Embedding lookup: rows of a matrix of any kind, gathered by id.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import type { WeightKind } from '../../core/weight-kinds';
import state from '../../../shaders/common/state.wgsl?raw';
import embed from '../../../shaders/embed/embed.wgsl?raw';
import { weightDefinitions, weightSnippets } from '../matmul/weights';

export function embedKernel(kind: WeightKind): Kernel {
  return {
    label: `embed ${kind}`,
    wgsl: compose(weightDefinitions(kind, false), { state, ...weightSnippets(kind), embed }),
  };
}

/** One thread a quad of `width`. */
export function embedGrid(width: number, tokens: number): Grid {
  return [Math.ceil((tokens * width) / 4 / 64)];
}
