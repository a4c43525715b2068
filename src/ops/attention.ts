// Causal grouped-query attention over the KV cache, in two barrier-free dispatches: scores, then softmax and mix.
import { compose } from '../gpu/wgsl';
import type { Grid, Kernel } from '../gpu/kernel';
import stateSource from '../../shaders/common/state.wgsl?raw';
import mixSource from '../../shaders/attention/mix.wgsl?raw';
import scoresSource from '../../shaders/attention/scores.wgsl?raw';
import type { Tuning } from './tuning';

export function scoresKernel({ activation, cache }: Pick<Tuning, 'activation' | 'cache'>): Kernel {
  return { label: 'attention scores', wgsl: compose({ Act: activation, Cache: cache }, stateSource, scoresSource) };
}

export function mixKernel({ activation, cache }: Pick<Tuning, 'activation' | 'cache'>): Kernel {
  return { label: 'attention mix', wgsl: compose({ Act: activation, Cache: cache }, stateSource, mixSource) };
}

/** One thread a score. */
export function scoresGrid(heads: number, position: number, tokens: number): Grid {
  return [Math.ceil((position + tokens) / 64), heads, tokens];
}

/** One thread a quad of the output. */
export function mixGrid(heads: number, headWidth: number, tokens: number): Grid {
  return [Math.ceil((tokens * heads * headWidth) / 4 / 64)];
}

/**
 * The reference in float64, for queries at positions `position` …
 * @param q [T, H, d] @param k [K, context, d] @param v [K, context, d] @returns [T, H, d]
 */
export function attentionReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  shape: { tokens: number; heads: number; kvHeads: number; headWidth: number; context: number; position: number },
): Float64Array {
  const { tokens, heads, kvHeads, headWidth: d, context, position } = shape;
  const out = new Float64Array(tokens * heads * d);
  for (let t = 0; t < tokens; t++) {
    for (let h = 0; h < heads; h++) {
      const base = Math.floor(h / (heads / kvHeads)) * context * d;
      const at = (t * heads + h) * d;
      const scores = Array.from({ length: position + t + 1 }, (_, j) => {
        let sum = 0;
        for (let i = 0; i < d; i++) sum += q[at + i]! * k[base + j * d + i]!;
        return sum / Math.sqrt(d);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((s) => Math.exp(s - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, j) => {
        for (let i = 0; i < d; i++) out[at + i]! += (weight / total) * v[base + j * d + i]!;
      });
    }
  }
  return out;
}
