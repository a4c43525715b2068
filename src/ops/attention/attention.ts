// Causal grouped-query attention over the KV cache, as flash attention: no score ever reaches memory.
import { op } from '../../gpu/op';
import attentionBindings from '../../../shaders/attention/attention-bindings.wgsl?raw';
import attentionTiled from '../../../shaders/attention/attention-tiled.wgsl?raw';
import cache from '../../../shaders/attention/cache.wgsl?raw';
import attentionSource from '../../../shaders/attention/attention.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import type { FlashShape, KernelTarget } from '../tuning';
import { HEAD_DIMS, pairsSeen } from './sizes';

interface Variant {
  readonly shape: FlashShape;
  /** d, a multiple of 4 */
  readonly headDim: number;
}

/** out [T, H · d] of q in qkv and of the keys and values so far. */
export const attention = op({
  name: 'flash attention',
  variants: ({ prefill, decode }: KernelTarget) =>
    [prefill.attention, decode.attention].flatMap((shape) => HEAD_DIMS.map((headDim): Variant => ({ shape, headDim }))),
  source({ shape: { lanes, workgroup, queries }, headDim }: Variant, target: KernelTarget) {
    const common = { Activation: target.activation, Cache: target.cache, HEAD_QUADS: headDim / 4 };
    if (lanes === 1) {
      const definitions = { ...common, WORKGROUP_SIZE: workgroup };
      return {
        label: `flash attention ${headDim} solo`,
        definitions,
        snippets: { state, cache, attentionBindings, attention: attentionSource },
      };
    }
    return {
      label: `flash attention ${headDim} ${queries}/${lanes}`,
      definitions: { ...common, WORKGROUP_SIZE: lanes, Q_TILE: queries },
      snippets: { state, cache, attentionBindings, attentionTiled },
    };
  },
  params: { heads: 'u32', kv_heads: 'u32', context: 'u32', quads: 'u32', window: 'u32' },
  bindings: { state: 'read', qkv: 'read', keys: 'read', values: 'read', out: 'read_write' },
  grid({ variant: { shape }, params: { heads, kv_heads }, rows }) {
    if (shape.lanes === 1) return [Math.ceil((rows * heads) / shape.workgroup)];
    return [Math.ceil((rows * heads) / kv_heads / shape.queries), kv_heads];
  },
  cost({ target: { activation, cache }, params: { heads, kv_heads, quads, window }, rows, position }) {
    const [element, cached] = [activation === 'f16' ? 2 : 4, cache === 'f16' ? 2 : 4];
    const keys = Math.min(position + rows, window + rows - 1);
    return {
      flops: 4 * 4 * quads * heads * pairsSeen(rows, window, position),
      bytes: 4 * quads * (2 * kv_heads * keys * cached + 2 * heads * rows * element),
    };
  },
  reference: attentionOverCache,
});

/**
 * The softmax written out in float64, for queries at positions `position` …
 * @param q [T, H, d] @param k [K, context, d] @param v [K, context, d] @returns [T, H, d]
 */
function attentionOverCache(
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
