// Causal grouped-query attention over sequences that lie side by side, as training needs it: flash attention that leaves the
// logarithm of each softmax's denominator for the backward pass. Work: 4 · d FLOP for each query head and each pair of tokens
// that see each other; bytes: q, k, v and out once, and one float a query.
import { compose, type Snippets } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import attentionPackedBindings from '../../../shaders/attention/attention-packed-bindings.wgsl?raw';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import attentionTiles from '../../../shaders/attention/attention-tiles.wgsl?raw';
import attentionPacked from '../../../shaders/attention/attention-packed.wgsl?raw';
import attentionPackedTiled from '../../../shaders/attention/attention-packed-tiled.wgsl?raw';

/** Threads that work alone come in small groups, of a CPU's vector width: they spread over its cores. */
const SOLO = 8;

/** What decides the kernels of attention in training. */
export interface PackedVariant {
  /** A CPU that plays a GPU: one thread a query or key, and no barrier. */
  readonly software: boolean;
  /** d, a multiple of 4 */
  readonly headDim: number;
}

/** Sizes of attention in training. */
export interface PackedShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Positions that a query sees, its own included; all when left out. */
  readonly window?: number | undefined;
}

/** Rows and columns of a tile. */
const TILE_SIDE = 32;

/** One thread alone, from `own` snippets after the bindings that forward and backward share. */
export function soloKernel(label: string, headDim: number, own: Snippets): Kernel {
  const wgsl = compose(
    { HEAD_QUADS: headDim / 4, WORKGROUP_SIZE: SOLO },
    { state, places, attentionPackedBindings, ...own },
  );
  return { label: `${label} ${headDim} solo`, wgsl };
}

/** The same by tiles. @param threads 64 or 128: a thread keeps 4 rows of d / (threads / 8) columns for each sum */
export function tiledKernel(label: string, headDim: number, threads: 64 | 128, own: Snippets): Kernel {
  const [quads, lanes] = [headDim / 4, threads / 8];
  const wgsl = compose(
    {
      HEAD_QUADS: quads,
      WORKGROUP_SIZE: threads,
      LANES: lanes,
      COLUMNS_PER_LANE: TILE_SIDE / lanes,
      QUADS_PER_LANE: Math.ceil(quads / lanes),
    },
    { state, places, attentionPackedBindings, attentionTiles, ...own },
  );
  return { label: `${label} ${headDim} tiled`, wgsl };
}

/** Workgroups where rows are the queries of `tokens` tokens. */
export function queryGrid(software: boolean, heads: number, kvHeads: number, tokens: number): Grid {
  return software ? [Math.ceil(tokens / SOLO), heads] : [Math.ceil((tokens * heads) / kvHeads / TILE_SIDE), kvHeads];
}

/** Workgroups where rows are the keys. */
export function keyGrid(software: boolean, kvHeads: number, tokens: number): Grid {
  return [Math.ceil(tokens / (software ? SOLO : TILE_SIDE)), kvHeads];
}

/** Params: heads, kv_heads, window (the batch's tokens or more where all are seen), quads (d / 4). */
export function attentionPackedKernel({ software, headDim }: PackedVariant): Kernel {
  return software
    ? soloKernel('attention packed', headDim, { attentionPacked })
    : tiledKernel('attention packed', headDim, headDim > 64 ? 128 : 64, { attentionPackedTiled });
}

/** Workgroups for `tokens` tokens of H query and K key heads. */
export function attentionPackedGrid(
  { software }: Pick<PackedVariant, 'software'>,
  heads: number,
  kvHeads: number,
  tokens: number,
): Grid {
  return queryGrid(software, heads, kvHeads, tokens);
}

/** Σ_i a[i] · b[j + …], of `count` elements. */
export function dotAt(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, count: number): number {
  let sum = 0;
  for (let c = 0; c < count; c++) sum += a[i + c] * b[j + c];
  return sum;
}

/** Calls back for every query: its place in q and among the heads, and what it sees with what weight, in float64. */
export function forEachQuery(
  qkv: ArrayLike<number>,
  places: Uint32Array,
  { heads, kvHeads, headDim: d, window = Infinity }: PackedShape,
  visit: (query: {
    /** t · H + h */
    readonly index: number;
    readonly q: number;
    readonly lse: number;
    readonly seen: readonly { readonly k: number; readonly v: number; readonly weight: number }[];
  }) => void,
): void {
  const width = (heads + 2 * kvHeads) * d;
  for (let t = 0; t < places.length / 4; t++) {
    const first = Math.max(places[4 * t + 1], t + 1 - window);
    for (let h = 0; h < heads; h++) {
      const q = t * width + h * d;
      const kvHead = Math.floor(h / (heads / kvHeads));
      const keys = Array.from({ length: t + 1 - first }, (_, j) => (first + j) * width + (heads + kvHead) * d);
      const scores = keys.map((k) => dotAt(qkv, q, qkv, k, d) / Math.sqrt(d));
      const largest = Math.max(...scores);
      const lse = largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0));
      const seen = keys.map((k, j) => ({ k, v: k + kvHeads * d, weight: Math.exp(scores[j] - lse) }));
      visit({ index: t * heads + h, q, lse, seen });
    }
  }
}

/**
 * The reference in float64: the softmax written out.
 * @param qkv [T][(H + 2K) · d] @param places [T][4] @returns out [T][H · d], lse [T][H]
 */
export function attentionPackedReference(
  qkv: ArrayLike<number>,
  places: Uint32Array,
  shape: PackedShape,
): { readonly out: Float64Array; readonly lse: Float64Array } {
  const { heads, headDim: d } = shape;
  const lse = new Float64Array((places.length / 4) * heads);
  const out = new Float64Array(lse.length * d);
  forEachQuery(qkv, places, shape, (query) => {
    lse[query.index] = query.lse;
    for (const { v, weight } of query.seen) {
      for (let c = 0; c < d; c++) out[query.index * d + c] += weight * qkv[v + c];
    }
  });
  return { out, lse };
}
