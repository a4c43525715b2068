// The backward pass of packed attention, flash style: the weights are computed again from q, k and the kept lse. One kernel
// gives dq, going over keys, and one dk and dv, going over queries: each element is summed by one thread in one order, without
// float atomics, so that a run repeats bit for bit. Work: 6 · d FLOP for dq and 8 · d for dk and dv, for each query head and
// each pair of tokens that see each other; bytes: q, k, v, d_out once each, and d_qkv.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import attentionBackwardBindings from '../../../shaders/attention/attention-backward-bindings.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import attentionDelta from '../../../shaders/attention/attention-delta.wgsl?raw';
import attentionBackwardKv from '../../../shaders/attention/attention-backward-kv.wgsl?raw';
import attentionBackwardKvTiled from '../../../shaders/attention/attention-backward-kv-tiled.wgsl?raw';
import attentionBackwardQ from '../../../shaders/attention/attention-backward-q.wgsl?raw';
import attentionBackwardQTiled from '../../../shaders/attention/attention-backward-q-tiled.wgsl?raw';
import {
  dotAt,
  forEachQuery,
  keyGrid,
  type PackedShape,
  type PackedVariant,
  queryGrid,
  soloKernel,
  tiledKernel,
} from './attention-packed';

const DELTA_WORKGROUP = 32;

/** Params: heads, quads (d / 4). */
export function attentionDeltaKernel(): Kernel {
  return {
    label: 'attention delta',
    wgsl: compose({ WORKGROUP_SIZE: DELTA_WORKGROUP }, { state, attentionDelta }),
  };
}

/** One thread a query. */
export function attentionDeltaGrid(heads: number, tokens: number): Grid {
  return [Math.ceil((tokens * heads) / DELTA_WORKGROUP)];
}

/** q's part of d_qkv. Params as of the forward kernel. */
export function attentionBackwardQKernel({ software, headDim }: PackedVariant): Kernel {
  const label = 'attention backward q';
  return software
    ? soloKernel(label, headDim, { attentionBackwardBindings, attentionBackwardQ })
    : tiledKernel(label, headDim, headDim > 64 ? 128 : 64, { attentionBackwardBindings, attentionBackwardQTiled });
}

/** Workgroups for `tokens` tokens of H query and K key heads. */
export function attentionBackwardQGrid(
  { software }: Pick<PackedVariant, 'software'>,
  heads: number,
  kvHeads: number,
  tokens: number,
): Grid {
  return queryGrid(software, heads, kvHeads, tokens);
}

/** k's and v's parts of d_qkv. Params as of the forward kernel. */
export function attentionBackwardKvKernel({ software, headDim }: PackedVariant): Kernel {
  const label = 'attention backward kv';
  // two sums instead of one, and as many workgroups only as there are tiles of keys: more threads for each
  return software
    ? soloKernel(label, headDim, { attentionBackwardBindings, attentionBackwardKv })
    : tiledKernel(label, headDim, headDim > 32 ? 128 : 64, { attentionBackwardBindings, attentionBackwardKvTiled });
}

/** Workgroups for `tokens` tokens of H query and K key heads. */
export function attentionBackwardKvGrid(
  { software }: Pick<PackedVariant, 'software'>,
  _heads: number,
  kvHeads: number,
  tokens: number,
): Grid {
  return keyGrid(software, kvHeads, tokens);
}

/** The reference of delta in float64. @param out [T][H · d] @param dOut [T][H · d] @returns [T][H] */
export function attentionDeltaReference(
  out: ArrayLike<number>,
  dOut: ArrayLike<number>,
  { headDim }: Pick<PackedShape, 'headDim'>,
): Float64Array {
  return Float64Array.from({ length: out.length / headDim }, (_, n) =>
    dotAt(out, n * headDim, dOut, n * headDim, headDim),
  );
}

/**
 * The reference in float64: the softmax's Jacobian written out, without lse or delta.
 * @param qkv [T][(H + 2K) · d] @param dOut [T][H · d] @param places [T][4] @returns d_qkv [T][(H + 2K) · d]
 */
export function attentionBackwardReference(
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
