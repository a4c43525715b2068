// Merges the results of attention over parts of the keys.
import { op } from '../../gpu/op';
import attentionMergeSource from '../../../shaders/attention/attention-merge.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import type { KernelTarget } from '../tuning';

const WORKGROUP = 64;

/** out [T, H · d] from the sums and totals of each head's parts of the keys. */
export const attentionMerge = op({
  name: 'attention merge',
  variants: () => [{}],
  source: (_: object, { activation }: KernelTarget) => ({
    definitions: { Activation: activation, WORKGROUP_SIZE: WORKGROUP },
    snippets: { state, attentionMerge: attentionMergeSource },
  }),
  params: { heads: 'u32', quads: 'u32', splits: 'u32' },
  bindings: { state: 'read', sums: 'read', totals: 'read', out: 'read_write' },
  grid: ({ params: { heads, quads }, rows }) => [Math.ceil((rows * heads * quads) / WORKGROUP)],
  cost({ target: { activation }, params: { heads, quads, splits }, rows }) {
    const [parts, elements] = [rows * heads * splits, rows * heads * quads * 4];
    return { flops: 8 * quads * parts, bytes: parts * (16 * quads + 8) + elements * (activation === 'f16' ? 2 : 4) };
  },
  reference: merged,
});

/**
 * The merged output in float64.
 * @param sums [rows, splits, d] weighted values @param totals [rows, splits, 2] the largest score in powers of two, the
 * sum of weights
 */
function merged(
  sums: ArrayLike<number>,
  totals: ArrayLike<number>,
  { rows, splits, headDim }: { readonly rows: number; readonly splits: number; readonly headDim: number },
): Float64Array {
  const out = new Float64Array(rows * headDim);
  for (let row = 0; row < rows; row++) {
    const parts = Array.from({ length: splits }, (_, s) => row * splits + s);
    const largest = Math.max(...parts.map((part) => totals[2 * part]));
    const weights = parts.map((part) => 2 ** (totals[2 * part] - largest));
    const total = parts.reduce((sum, part, s) => sum + weights[s] * totals[2 * part + 1], 0);
    for (const [s, part] of parts.entries()) {
      for (let i = 0; i < headDim; i++) out[row * headDim + i] += (weights[s] * sums[part * headDim + i]) / total;
    }
  }
  return out;
}
