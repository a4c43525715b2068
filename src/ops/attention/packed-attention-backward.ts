// The backward pass of packed attention, flash style: the weights are computed again from q, k and the kept lse. One kernel
// gives dq, going over keys, and one dk and dv, going over queries: each element is summed by one thread in one order, without
// float atomics, so that a run repeats bit for bit.
import { op } from '../../gpu/op';
import packedAttentionBackwardBindings from '../../../shaders/attention/packed-attention-backward-bindings.wgsl?raw';
import packedAttentionBackwardKvTiled from '../../../shaders/attention/packed-attention-backward-kv-tiled.wgsl?raw';
import packedAttentionBackwardKvSource from '../../../shaders/attention/packed-attention-backward-kv.wgsl?raw';
import packedAttentionBackwardQTiled from '../../../shaders/attention/packed-attention-backward-q-tiled.wgsl?raw';
import packedAttentionQueryTiles from '../../../shaders/attention/packed-attention-query-tiles.wgsl?raw';
import packedAttentionBackwardQSource from '../../../shaders/attention/packed-attention-backward-q.wgsl?raw';
import type { KernelTarget } from '../tuning';
import {
  dotAt,
  forEachQuery,
  keyGrid,
  PACKED,
  packedSource,
  type PackedShape,
  type PackedVariant,
  queryGrid,
} from './packed-attention';
import { HEAD_DIMS, pairsSeen } from './sizes';

interface BackwardVariant extends PackedVariant {
  /** Whether the gradients of q and k are rotated back by their positions. */
  readonly rotated: boolean;
}

/** Variants and parameters of both backward kernels. */
const BACKWARD = {
  ...PACKED,
  variants: () =>
    HEAD_DIMS.flatMap((headDim) => [true, false].map((rotated): BackwardVariant => ({ headDim, rotated }))),
} as const;
const bindings = {
  state: 'read',
  places: 'read',
  qkv: 'read',
  d_out: 'read',
  table: 'read?',
  d_qkv: 'read_write',
} as const;

/** The kernel's source of one half: the gradient of q, or those of k and v. */
function backwardSource(...of: Parameters<typeof packedSource>) {
  const source = packedSource(...of);
  return (variant: BackwardVariant, target: KernelTarget) => {
    const { definitions, ...rest } = source(variant, target);
    return { ...rest, definitions: { ...definitions, ROTATED: variant.rotated } };
  };
}

/** q's part of d_qkv [T, (H + 2K) · d], and delta [T, H] = Σ out · d_out of each head beside the log in `softmax`. */
export const packedAttentionBackwardQ = op({
  ...BACKWARD,
  name: 'attention backward q',
  source: backwardSource('attention backward q', (headDim) => (headDim > 64 ? 128 : 64), {
    alone: { packedAttentionBackwardBindings, packedAttentionBackwardQ: packedAttentionBackwardQSource },
    tiled: { packedAttentionQueryTiles, packedAttentionBackwardBindings, packedAttentionBackwardQTiled },
  }),
  bindings: { ...bindings, out: 'read', softmax: 'read_write' },
  grid: queryGrid,
  cost: ({ params: { heads, kv_heads, quads, window }, rows }) => ({
    flops: 6 * 4 * quads * heads * pairsSeen(rows, window),
    bytes: 4 * rows * (4 * quads * (3 * heads + 2 * kv_heads) + 2 * heads),
  }),
  reference: backwardReference,
});

/** k's and v's parts of d_qkv. */
export const packedAttentionBackwardKv = op({
  ...BACKWARD,
  name: 'attention backward kv',
  // two sums instead of one, and as many workgroups only as there are tiles of keys: more threads for each
  source: backwardSource('attention backward kv', (headDim) => (headDim > 32 ? 128 : 64), {
    alone: { packedAttentionBackwardBindings, packedAttentionBackwardKv: packedAttentionBackwardKvSource },
    tiled: { packedAttentionBackwardBindings, packedAttentionBackwardKvTiled },
  }),
  bindings: { ...bindings, softmax: 'read' },
  grid: keyGrid,
  cost: ({ params: { heads, kv_heads, quads, window }, rows }) => ({
    flops: 8 * 4 * quads * heads * pairsSeen(rows, window),
    bytes: 4 * rows * (4 * quads * (2 * heads + 4 * kv_heads) + 2 * heads),
  }),
  reference: backwardReference,
});

/** delta in float64. @param out [T][H · d] @param dOut [T][H · d] @returns [T][H] */
export function deltaReference(
  out: ArrayLike<number>,
  dOut: ArrayLike<number>,
  { headDim }: Pick<PackedShape, 'headDim'>,
): Float64Array {
  return Float64Array.from({ length: out.length / headDim }, (_, n) =>
    dotAt(out, n * headDim, dOut, n * headDim, headDim),
  );
}

/**
 * The gradient in float64: the softmax's Jacobian written out, without lse or delta.
 * @param qkv [T][(H + 2K) · d] @param dOut [T][H · d] @param places [T][4] @returns d_qkv [T][(H + 2K) · d]
 */
function backwardReference(
  qkv: ArrayLike<number>,
  dOut: ArrayLike<number>,
  places: Uint32Array,
  shape: PackedShape,
): Float64Array {
  const { headDim: d } = shape;
  const dQkv = new Float64Array(qkv.length);
  forEachQuery(qkv, places, shape, ({ index, q, seen }) => {
    const dWeights = seen.map(({ v }) => dotAt(dOut, index * d, qkv, v, d));
    const mean = seen.reduce((sum, { weight }, j) => sum + weight * dWeights[j], 0);
    seen.forEach(({ k, v, weight }, j) => {
      const dScore = (weight * (dWeights[j] - mean)) / Math.sqrt(d);
      for (let c = 0; c < d; c++) {
        dQkv[q + c] += dScore * qkv[k + c];
        dQkv[k + c] += dScore * qkv[q + c];
        dQkv[v + c] += weight * dOut[index * d + c];
      }
    });
  });
  return dQkv;
}
