// Causal grouped-query attention over the KV cache, as flash attention: no score ever reaches memory.
import { op } from '../../gpu/op';
import type { Definitions, Snippets } from '../../gpu/wgsl';
import attentionBindings from '../../../shaders/attention/attention-bindings.wgsl?raw';
import attentionSplit from '../../../shaders/attention/attention-split.wgsl?raw';
import attentionTiled from '../../../shaders/attention/attention-tiled.wgsl?raw';
import attentionSource from '../../../shaders/attention/attention.wgsl?raw';
import cacheBytes from '../../../shaders/attention/cache-bytes.wgsl?raw';
import cache from '../../../shaders/attention/cache.wgsl?raw';
import laneSumsShared from '../../../shaders/attention/lane-sums-shared.wgsl?raw';
import laneSumsSubgroups from '../../../shaders/attention/lane-sums-subgroups.wgsl?raw';
import rowReductionsShared from '../../../shaders/attention/row-reductions-shared.wgsl?raw';
import rowReductionsSubgroups from '../../../shaders/attention/row-reductions-subgroups.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import type { FlashShape, FlashSplit, FlashTiles, KernelTarget } from '../tuning';
import { cacheRowBytes } from './cache-rows';
import { HEAD_DIMS, pairsSeen } from './sizes';

interface Variant {
  readonly shape: FlashShape;
  /** d, a multiple of 4 */
  readonly headDim: number;
  /** Query heads that share a key head. */
  readonly group: number;
  /** Whether keys are split, so that attention-merge.ts adds up the parts. */
  readonly parted: boolean;
}

/** Most quads of keys that a lane reads at a time. */
const QUADS_READ = 8;

/**
 * Definitions of the split form for heads of this width: the lanes that share a head, and the workgroups that share the
 * queries of one token that see one key head.
 */
function split({ keyLanes: most, quads: held, scores }: FlashSplit, headDim: number, group: number) {
  const quads = headDim / 4;
  // two quads a lane are 16 bytes of f16
  const keyLanes = Math.min(most, 2 ** Math.ceil(Math.log2(quads / 2)));
  const part = Math.ceil(quads / keyLanes);
  const tiles = Math.ceil(group / Math.max(1, Math.floor(held / part)));
  const queries = Math.ceil(group / tiles);
  const keys = Math.max(1, Math.min(Math.floor(QUADS_READ / part), Math.floor(scores / queries)));
  return { keyLanes, part, ragged: part * keyLanes !== quads, tiles, queries, keys };
}

/**
 * Number of parts that keys are split into, the same for each token.
 * @param context positions that there may be; with none given, the most parts
 */
export function splitsOf(
  shape: FlashShape,
  { heads, kvHeads, headDim }: { readonly heads: number; readonly kvHeads: number; readonly headDim: number },
  context = Infinity,
): number {
  if (shape.form !== 'split') return 1;
  const wanted = Math.ceil(shape.groups / (kvHeads * split(shape, headDim, heads / kvHeads).tiles));
  return Math.max(1, Math.min(wanted, Math.floor(context / shape.leastKeys)));
}

const TILE = { threads: 128, queries: 64, keys: 32 };

/** Definitions of the tiled form for heads of this width, whose rows are read 64 bytes at a time. */
function tiled({ subgroups }: FlashTiles, headDim: number, activation: 'f32' | 'f16') {
  const quads = headDim / 4;
  const chunk = activation === 'f16' ? 8 : 4;
  const pass = Math.min(2 * chunk, 8 * Math.ceil(quads / 8));
  const rows = subgroups ? { rowReductionsSubgroups } : { rowReductionsShared };
  return {
    label: `tiles${subgroups ? ' subgroups' : ''}`,
    definitions: {
      WORKGROUP_SIZE: TILE.threads,
      Tile: activation,
      CHUNK_QUADS: chunk,
      QUERY_LOADS: (TILE.queries * chunk) / TILE.threads,
      KEY_LOADS: (TILE.keys * chunk) / TILE.threads,
      PASS_QUADS: pass,
      VALUE_LOADS: (TILE.keys * pass) / TILE.threads,
      LANE_QUADS: pass / 8,
      PASSES: Math.ceil(quads / pass),
      RAGGED: quads % chunk !== 0,
    },
    snippets: { ...rows, attentionTiled },
  };
}

/** Label, definitions and snippets of one form's kernel. */
function formOf(
  { shape, headDim, group }: Variant,
  activation: 'f32' | 'f16',
): { label: string; definitions: Definitions; snippets: Snippets } {
  if (shape.form === 'alone') {
    const definitions = { WORKGROUP_SIZE: shape.workgroup };
    return { label: 'alone', definitions, snippets: { attention: attentionSource } };
  }
  if (shape.form === 'tiles') return tiled(shape, headDim, activation);
  const { workgroup, subgroups } = shape;
  const { keyLanes, part, ragged, queries, keys } = split(shape, headDim, group);
  const lanes = subgroups ? { laneSumsSubgroups } : { laneSumsShared };
  return {
    label: `split ${queries}x${keys}/${keyLanes}/${workgroup}${subgroups ? ' subgroups' : ''}`,
    definitions: {
      WORKGROUP_SIZE: workgroup,
      KEY_LANES: keyLanes,
      KEYS: keys,
      Q_TILE: queries,
      PART: part,
      RAGGED: ragged,
      SCORES: queries * keys,
    },
    snippets: { ...lanes, attentionSplit },
  };
}

/**
 * out [T, H · d] of q in qkv and of the keys and values so far; with `parted`, the sums of each part of the keys and
 * their totals instead.
 */
export const attention = op({
  name: 'flash attention',
  variants: ({ prefill, decode }: KernelTarget) =>
    [prefill.attention, decode.attention].flatMap((shape) =>
      HEAD_DIMS.flatMap((headDim) =>
        (shape.form === 'split' ? [1, 7, 8] : [1]).flatMap((group) =>
          (shape.form === 'split' ? [true, false] : [false]).map(
            (parted): Variant => ({ shape, headDim, group, parted }),
          ),
        ),
      ),
    ),
  source(variant: Variant, target: KernelTarget) {
    const { label, definitions, snippets } = formOf(variant, target.activation);
    const { headDim, parted } = variant;
    const bytes = target.cache === 'q8';
    return {
      label: `flash attention ${headDim} ${label}${parted ? ' of a part' : ''}`,
      definitions: {
        Activation: target.activation,
        ...(!bytes && { Cache: target.cache }),
        HEAD_QUADS: headDim / 4,
        WHOLE: !parted,
        ...definitions,
      },
      snippets: { state, ...(bytes ? { cacheBytes } : { cache }), attentionBindings, ...snippets },
    };
  },
  params: { heads: 'u32', kv_heads: 'u32', context: 'u32', quads: 'u32', window: 'u32', splits: 'u32' },
  bindings: {
    state: 'read',
    qkv: 'read',
    keys: 'read',
    values: 'read',
    out: 'read_write?',
    sums: 'read_write?',
    totals: 'read_write?',
  },
  grid({ variant: { shape, group }, params: { heads, kv_heads, quads, splits }, rows }) {
    if (shape.form === 'alone') return [Math.ceil((rows * heads) / shape.workgroup)];
    if (shape.form === 'tiles') return [Math.ceil((rows * heads) / kv_heads / TILE.queries), kv_heads];
    return [splits, kv_heads * split(shape, 4 * quads, group).tiles, rows];
  },
  cost({ target: { activation, cache: held }, params: { heads, kv_heads, quads, window }, rows, position }) {
    const element = activation === 'f16' ? 2 : 4;
    const keys = Math.min(position + rows, window + rows - 1);
    return {
      flops: 4 * 4 * quads * heads * pairsSeen(rows, window, position),
      bytes: 2 * kv_heads * keys * cacheRowBytes(4 * quads, held) + 8 * quads * heads * rows * element,
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
