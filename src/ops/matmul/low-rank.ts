// One dispatch for both products of an adapter with one token's vector.
import type { Activation } from '../../core/model-config';
import { op } from '../../gpu/op';
import lowRankSource from '../../../shaders/matmul/low-rank.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import { activated, activationSnippet } from '../activation';
import type { KernelTarget } from '../tuning';
import type { Matrix } from './weights';

/**
 * Most ranks of all adapters of a projection together, in quads; more do not fit the 16 KiB of shared memory that every
 * adapter has.
 */
const MOST_QUADS = 24;
/** Most numbers of A that each workgroup may read anew: reading 512 KiB takes about as long as another dispatch. */
const MOST_NUMBERS = 2 ** 17;
const THREADS = 256;

interface LowRankVariant {
  /** Element type of x. */
  readonly input: 'f32' | 'f16';
  /** Element type of y. */
  readonly output: 'f32' | 'f16';
  /** Whether x goes through RMSNorm, with its gain, first. */
  readonly norm: boolean;
  /** Whether rows of B are those of gate, then those of up: y = f(gate) · up. */
  readonly gated: boolean;
  /** The activation f; SiLU when left out. */
  readonly activation?: Activation;
}

/** Whether a pair of matrices is multiplied in one dispatch. */
export function fitsLowRank(a: Matrix, b: Matrix, { lowRank }: KernelTarget): boolean {
  const small = a.rows <= 4 * MOST_QUADS && a.rows * a.columns <= MOST_NUMBERS;
  return lowRank && small && a.parts.length === 1 && b.parts.length === 1;
}

/** y [N] += B·(A·x) for the batch's last token; with `gated`, y = f(gate) · up. */
export const lowRank = op({
  name: 'low-rank',
  variants: ({ activation, lowRank: used }: KernelTarget): LowRankVariant[] =>
    used
      ? [
          { input: 'f32', output: activation, norm: true, gated: false },
          { input: activation, output: 'f32', norm: false, gated: false },
          { input: 'f32', output: activation, norm: false, gated: false },
          { input: 'f32', output: 'f32', norm: false, gated: false },
          { input: 'f32', output: 'f32', norm: true, gated: false },
          { input: 'f32', output: activation, norm: true, gated: true },
          { input: 'f32', output: activation, norm: true, gated: true, activation: 'gelu_tanh' },
        ]
      : [],
  source: ({ input, output, norm, gated, activation = 'silu' }: LowRankVariant) => ({
    definitions: { MOST_QUADS, Input: input, Output: output, GATED: gated },
    snippets: { state, ...activationSnippet(activation), lowRank: lowRankSource },
    overrides: { NORM: Number(norm) },
  }),
  params: { columns: 'u32', rank_quads: 'u32', outputs: 'u32', epsilon: 'f32' },
  bindings: {
    state: 'read',
    x: 'read',
    gain: 'read',
    a: 'read',
    b: 'read',
    y: 'read_write',
    gate_up: 'read?',
  },
  grid: ({ params: { outputs } }) => [Math.ceil(outputs / THREADS)],
  cost({ variant: { gated }, params: { columns, rank_quads: quads, outputs } }) {
    const rows = (gated ? 2 : 1) * outputs;
    return { flops: 8 * quads * (columns + rows), bytes: 16 * quads * (columns + rows) + 4 * (columns + 2 * rows) };
  },
  reference: lowRankReference,
});

/** The product in float64. @param a [J, K] @param b [N, J] @param before y, or gate and up, before the update @param x [K] */
function lowRankReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  before: ArrayLike<number>,
  x: ArrayLike<number>,
  { gain, epsilon = 0, gated = false }: { gain?: ArrayLike<number>; epsilon?: number; gated?: boolean } = {},
): Float64Array {
  const [columns, rank] = [x.length, a.length / x.length];
  const squares = Array.from(x).reduce((sum, each) => sum + each * each, 0);
  const scale = gain ? 1 / Math.sqrt(squares / columns + epsilon) : 1;
  const low = Array.from({ length: rank }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += a[j * columns + k] * x[k] * (gain ? gain[k] : 1);
    return sum * scale;
  });
  const sums = Float64Array.from({ length: b.length / rank }, (_, n) =>
    low.reduce((sum, each, j) => sum + b[n * rank + j] * each, before[n]),
  );
  if (!gated) return sums;
  const half = sums.length / 2;
  return sums.slice(0, half).map((gate, n) => activated('silu', gate).value * sums[half + n]);
}
