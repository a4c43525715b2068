// Rotary position embedding of q and k where they stand, forward and (by the opposite angle) backward: training keeps no cache.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import ropeInplace from '../../../shaders/rope/rope-inplace.wgsl?raw';
import { ropeReference } from './rope';

const WORKGROUP_SIZE = 64;

/** Params: heads, kv_heads, head_dim, direction (1 forward, −1 backward). */
export function ropeInplaceKernel(): Kernel {
  return { label: 'rope in place', wgsl: compose({ WORKGROUP_SIZE }, { state, places, ropeInplace }) };
}

/** One thread a pair of q and k; a row of workgroups a token. */
export function ropeInplaceGrid(heads: number, kvHeads: number, headDim: number, tokens: number): Grid {
  return [Math.ceil(((heads + kvHeads) * headDim) / 2 / WORKGROUP_SIZE), tokens];
}

/**
 * The reference in float64; v stays as it is.
 * @param qkv [T][(H + 2K) · d] @param places [T][4] @param frequencies of each pair, d/2
 */
export function ropeInplaceReference(
  qkv: ArrayLike<number>,
  places: Uint32Array,
  shape: { readonly heads: number; readonly kvHeads: number; readonly headDim: number },
  frequencies: Float64Array,
  direction: 1 | -1,
): Float64Array {
  const { heads, kvHeads, headDim: d } = shape;
  const width = (heads + 2 * kvHeads) * d;
  const out = Float64Array.from(qkv);
  for (let t = 0; t < places.length / 4; t++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      const at = t * width + head * d;
      out.set(ropeReference(out.subarray(at, at + d), direction * places[4 * t], frequencies), at);
    }
  }
  return out;
}
