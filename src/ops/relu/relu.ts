// max(x, 0) of a feed-forward block without a gate, and its gradient.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import reluBackwardSource from '../../../shaders/relu/relu-backward.wgsl?raw';
import reluSource from '../../../shaders/relu/relu.wgsl?raw';
import { folded } from '../rows';
import type { KernelTarget } from '../tuning';

const WORKGROUP = 64;

/** What both directions share; `columns` is F, and a thread has one element. */
const both = {
  variants: () => [{}],
  params: { columns: 'u32' },
  grid: ({ params: { columns }, rows }: { params: { columns: number }; rows: number }) =>
    folded(Math.ceil((rows * columns) / WORKGROUP)),
} as const;

/** hidden [T, F] of x [T, F]. */
export const relu = op({
  ...both,
  name: 'relu',
  source: (_: object, { activation }: KernelTarget) => ({
    definitions: { Activation: activation },
    snippets: { state, relu: reluSource },
  }),
  bindings: { state: 'read', x: 'read', hidden: 'read_write' },
  cost: ({ target: { activation }, params: { columns }, rows }) => ({
    flops: columns * rows,
    bytes: 2 * columns * rows * (activation === 'f16' ? 2 : 4),
  }),
  reference: (x: ArrayLike<number>) => Float64Array.from(x, (value) => Math.max(value, 0)),
});

/** The gradient over x [T, F], from d_hidden [T, F]. */
export const reluBackward = op({
  ...both,
  name: 'relu-backward',
  source: () => ({
    definitions: {},
    snippets: { state, reluBackward: reluBackwardSource },
  }),
  bindings: { state: 'read', x: 'read_write', d_hidden: 'read' },
  cost: ({ params: { columns }, rows }) => ({ flops: columns * rows, bytes: 12 * columns * rows }),
  reference: (x: ArrayLike<number>, dHidden: ArrayLike<number>) =>
    Float64Array.from(x, (value, i) => (value > 0 ? dHidden[i] : 0)),
});
