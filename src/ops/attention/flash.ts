// Causal grouped-query attention over the KV cache, as flash attention: no score ever reaches memory.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import state from '../../../shaders/common/state.wgsl?raw';
import flashBindings from '../../../shaders/attention/flash-bindings.wgsl?raw';
import flash from '../../../shaders/attention/flash.wgsl?raw';
import flashTiled from '../../../shaders/attention/flash-tiled.wgsl?raw';
import type { FlashShape, KernelTarget } from '../tuning';

/** @param headDim d, a multiple of 4 */
export function attentionKernel(
  { activation, cache }: Pick<KernelTarget, 'activation' | 'cache'>,
  { lanes, workgroup, queries }: FlashShape,
  headDim: number,
): Kernel {
  const solo = lanes === 1;
  const common = { Activation: activation, Cache: cache, HEAD_QUADS: headDim / 4 };
  return {
    label: `flash attention ${headDim} ${solo ? 'solo' : `${queries}/${lanes}`}`,
    wgsl: solo
      ? compose({ ...common, WORKGROUP_SIZE: workgroup }, { state, flashBindings, flash })
      : compose({ ...common, WORKGROUP_SIZE: lanes, Q_TILE: queries }, { state, flashBindings, flashTiled }),
  };
}

/** Workgroups for `tokens` tokens of H query and K key heads. */
export function attentionGrid(
  { lanes, workgroup, queries }: FlashShape,
  heads: number,
  kvHeads: number,
  tokens: number,
): Grid {
  if (lanes === 1) return [Math.ceil((tokens * heads) / workgroup)];
  return [Math.ceil((tokens * heads) / kvHeads / queries), kvHeads];
}

/**
 * The reference in float64, for queries at positions `position` …
 * @param q [T, H, d] @param k [K, context, d] @param v [K, context, d] @returns [T, H, d]
 */
export function attentionReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  shape: {
    tokens: number;
    heads: number;
    kvHeads: number;
    headDim: number;
    context: number;
    position: number;
    /** Positions that a query sees, its own included. */
    window?: number | undefined;
  },
): Float64Array {
  const { tokens, heads, kvHeads, headDim: d, context, position, window = Infinity } = shape;
  const out = new Float64Array(tokens * heads * d);
  for (let t = 0; t < tokens; t++) {
    for (let h = 0; h < heads; h++) {
      const base = Math.floor(h / (heads / kvHeads)) * context * d;
      const at = (t * heads + h) * d;
      const scores = Array.from({ length: position + t + 1 }, (_, j) => {
        if (j + window <= position + t) return -Infinity;
        let sum = 0;
        for (let i = 0; i < d; i++) sum += q[at + i] * k[base + j * d + i];
        return sum / Math.sqrt(d);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((s) => Math.exp(s - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, j) => {
        for (let i = 0; i < d; i++) out[at + i] += (weight / total) * v[base + j * d + i];
      });
    }
  }
  return out;
}
