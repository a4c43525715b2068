// Causal grouped-query attention over sequences that lie side by side, as training needs it: flash attention that leaves the
// logarithm of each softmax's denominator for the backward pass (packed-attention-backward.ts).
import { op } from '../../gpu/op';
import type { Definitions, Snippets } from '../../gpu/wgsl';
import packedAttentionBindings from '../../../shaders/attention/packed-attention-bindings.wgsl?raw';
import packedAttentionQueryTiles from '../../../shaders/attention/packed-attention-query-tiles.wgsl?raw';
import packedAttentionTiled from '../../../shaders/attention/packed-attention-tiled.wgsl?raw';
import packedAttentionSource from '../../../shaders/attention/packed-attention.wgsl?raw';
import packedAttentionTiles from '../../../shaders/attention/packed-attention-tiles.wgsl?raw';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import type { KernelTarget } from '../tuning';
import { HEAD_DIMS, pairsSeen } from './sizes';

export interface PackedVariant {
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

/** Parameters and variants of attention in training, forward and backward. */
export const PACKED = {
  variants: () => HEAD_DIMS.map((headDim): PackedVariant => ({ headDim })),
  params: { heads: 'u32', kv_heads: 'u32', window: 'u32', quads: 'u32' },
} as const;

/** Snippets of one pass's two forms. */
interface Forms {
  readonly alone: Snippets;
  readonly tiled: Snippets;
}

/**
 * The kernel of one pass: a thread alone for each query or key, or tiles.
 * @param threads 64 or 128 by tiles: a thread keeps 4 rows of d / (threads / 8) columns for each sum
 */
export function packedSource(label: string, threads: (headDim: number) => 64 | 128, { alone, tiled }: Forms) {
  const shared = { state, places, packedAttentionBindings };
  return ({ headDim }: PackedVariant, { training: { attention } }: KernelTarget) => {
    const quads = headDim / 4;
    if (attention !== 'tiles') {
      const definitions: Definitions = { HEAD_QUADS: quads, WORKGROUP_SIZE: attention.workgroup, PAIR: 2 };
      return { label: `${label} ${headDim} alone`, definitions, snippets: { ...shared, ...alone } };
    }
    const lanes = threads(headDim) / 8;
    const definitions: Definitions = {
      HEAD_QUADS: quads,
      WORKGROUP_SIZE: threads(headDim),
      LANES: lanes,
      COLUMNS_PER_LANE: TILE_SIDE / lanes,
      // the rows, and as many columns, of which a thread brings a quad in a step of 8
      LOADS: (TILE_SIDE * 8) / threads(headDim),
      QUADS_PER_LANE: Math.ceil(quads / lanes),
    };
    return { label: `${label} ${headDim} tiles`, definitions, snippets: { ...shared, packedAttentionTiles, ...tiled } };
  };
}

interface PackedGrid {
  readonly target: KernelTarget;
  readonly params: { readonly heads: number; readonly kv_heads: number };
  readonly rows: number;
}

/** Workgroups of a pass that goes over queries. */
export function queryGrid({ target, params: { heads, kv_heads }, rows }: PackedGrid) {
  const { attention } = target.training;
  if (attention !== 'tiles') return [Math.ceil(rows / attention.workgroup), heads] as const;
  return [Math.ceil((rows * heads) / kv_heads / TILE_SIDE), kv_heads] as const;
}

/** Workgroups of a pass that goes over keys. */
export function keyGrid({ target, params: { kv_heads }, rows }: PackedGrid) {
  const { attention } = target.training;
  return [Math.ceil(rows / (attention === 'tiles' ? TILE_SIDE : attention.workgroup)), kv_heads] as const;
}

/** out [T, H · d] of qkv [T, (H + 2K) · d]; a window of the batch's tokens or more sees all of a sequence.
 * The first of each pair in `softmax` [T, H, 2] becomes the log of the denominator. */
export const packedAttention = op({
  ...PACKED,
  name: 'attention packed',
  source: packedSource('attention packed', (headDim) => (headDim > 64 ? 128 : 64), {
    alone: { packedAttention: packedAttentionSource },
    tiled: { packedAttentionQueryTiles, packedAttentionTiled },
  }),
  bindings: { state: 'read', places: 'read', qkv: 'read', out: 'read_write', softmax: 'read_write' },
  grid: queryGrid,
  // as if the batch were one sequence: how it is divided is not known here
  cost: ({ params: { heads, kv_heads, quads, window }, rows }) => ({
    flops: 4 * 4 * quads * heads * pairsSeen(rows, window),
    bytes: 4 * rows * (4 * quads * (2 * heads + 2 * kv_heads) + heads),
  }),
  reference: packedReference,
});

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
 * Attention in float64: the softmax written out.
 * @param qkv [T][(H + 2K) · d] @param places [T][4] @returns out [T][H · d], lse [T][H]
 */
function packedReference(
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
