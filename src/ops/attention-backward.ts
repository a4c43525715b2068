// The backward pass of packed attention, flash style: the weights are computed again from q, k and the kept lse. One kernel
// gives dq, going over keys, and one dk and dv, going over queries: each element is summed by one thread in one order, without
// float atomics, so that a run repeats bit for bit. Work: 6 · d FLOP for dq and 8 · d for dk and dv, for each query head and
// each pair of tokens that see each other; bytes: q, k, v, d_out once each, and d_qkv.
import { compose } from '../gpu/wgsl';
import type { Grid, Kernel } from '../gpu/kernel';
import backwardBindings from '../../shaders/common/attention-backward.wgsl?raw';
import stateSource from '../../shaders/common/state.wgsl?raw';
import deltaSource from '../../shaders/train/attention-delta.wgsl?raw';
import kvSource from '../../shaders/train/attention-backward-kv.wgsl?raw';
import qSource from '../../shaders/train/attention-backward-q.wgsl?raw';
import { dotAt, forEachQuery, packedKernel, type PackedShape, type PackedVariant, SOLO } from './attention-packed';

const DELTA_WORKGROUP = 32;

/** Params: heads, quads (d / 4). */
export function attentionDeltaKernel(): Kernel {
  return { label: 'attention delta', wgsl: compose({ WORKGROUP: DELTA_WORKGROUP }, stateSource, deltaSource) };
}

/** One thread a query. */
export function attentionDeltaGrid(heads: number, tokens: number): Grid {
  return [Math.ceil((tokens * heads) / DELTA_WORKGROUP)];
}

/** q's part of d_qkv. Params as of the forward kernel. */
export function attentionBackwardQKernel(variant: PackedVariant): Kernel {
  return packedKernel('attention backward q', variant, backwardBindings, qSource);
}

/** Workgroups for `tokens` tokens of H query and K key heads. */
export function attentionBackwardQGrid(_variant: PackedVariant, heads: number, _kvHeads: number, tokens: number): Grid {
  return [Math.ceil((tokens * heads) / SOLO)];
}

/** k's and v's parts of d_qkv. Params as of the forward kernel. */
export function attentionBackwardKvKernel(variant: PackedVariant): Kernel {
  return packedKernel('attention backward kv', variant, backwardBindings, kvSource);
}

/** Workgroups for `tokens` tokens of H query and K key heads. */
export function attentionBackwardKvGrid(
  _variant: PackedVariant,
  _heads: number,
  kvHeads: number,
  tokens: number,
): Grid {
  return [Math.ceil((tokens * kvHeads) / SOLO)];
}

/** The reference of delta in float64. @param out [T][H · d] @param dOut [T][H · d] @returns [T][H] */
export function attentionDeltaReference(
  out: ArrayLike<number>,
  dOut: ArrayLike<number>,
  { headWidth }: Pick<PackedShape, 'headWidth'>,
): Float64Array {
  return Float64Array.from({ length: out.length / headWidth }, (_, n) =>
    dotAt(out, n * headWidth, dOut, n * headWidth, headWidth),
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
  const { headWidth: d } = shape;
  const dQkv = new Float64Array(qkv.length);
  forEachQuery(qkv, places, shape, ({ index, q, seen }) => {
    const dWeights = seen.map(({ v }) => dotAt(dOut, index * d, qkv, v, d));
    const mean = seen.reduce((sum, { weight }, j) => sum + weight * dWeights[j]!, 0);
    seen.forEach(({ k, v, weight }, j) => {
      const dScore = (weight * (dWeights[j]! - mean)) / Math.sqrt(d);
      for (let c = 0; c < d; c++) {
        dQkv[q + c]! += dScore * qkv[k + c]!;
        dQkv[k + c]! += dScore * qkv[q + c]!;
        dQkv[v + c]! += weight * dOut[index * d + c]!;
      }
    });
  });
  return dQkv;
}
