// Rotary position embedding (Su et al. 2021) on adjacent pairs, and the write to the KV cache. Where a model normalizes the
// heads of q and k first, that is folded in.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import queryScaleSource from '../../../shaders/rope/query-scale.wgsl?raw';
import ropeHeads from '../../../shaders/rope/rope-heads.wgsl?raw';
import ropePairs from '../../../shaders/rope/rope-pairs.wgsl?raw';
import ropeSource from '../../../shaders/rope/rope.wgsl?raw';
import { rowGroups, rowSource } from '../rows';
import type { KernelTarget } from '../tuning';
import { queryScale, type Rotation } from './rotation';

const WORKGROUP = 64;

interface Variant {
  /** The layer has rotary positions; without them q stays and k goes to the cache as it is. */
  readonly rotates: boolean;
  /** Each head of q and k is divided by its root mean square and multiplied by gains before. */
  readonly normed: boolean;
  /** Queries grow with their position, as `query_beta` and `query_length` say. */
  readonly scaled: boolean;
}

const EITHER = [true, false] as const;

/** Rotates q where it stands and k into the cache, and copies v into the cache. */
export const rope = op({
  name: 'rope',
  variants: () =>
    EITHER.flatMap((rotates) =>
      EITHER.flatMap((normed) => EITHER.map((scaled): Variant => ({ rotates, normed, scaled }))),
    ),
  source: ({ rotates, normed, scaled }: Variant, { activation, cache, headNorm }: KernelTarget) => {
    const { definitions, rows } = rowSource(headNorm);
    return {
      definitions: {
        Activation: activation,
        Cache: cache,
        ROTATES: rotates,
        SCALED: scaled,
        ...(normed && definitions),
      },
      snippets: {
        state,
        ...(scaled && { queryScale: queryScaleSource }),
        rope: ropeSource,
        ...(normed ? { ...rows, ropeHeads } : { ropePairs }),
      },
    };
  },
  params: {
    heads: 'u32',
    kv_heads: 'u32',
    head_dim: 'u32',
    context: 'u32',
    epsilon: 'f32',
    query_beta: 'f32',
    query_length: 'u32',
  },
  bindings: {
    state: 'read',
    table: 'read?',
    gains: 'read?',
    qkv: 'read_write',
    keys: 'read_write',
    values: 'read_write',
  },
  // one thread a pair of q, k and v; or where heads are normalized, a row of workgroups a token, whose lanes share a head
  grid: ({ variant, target, params: { heads, kv_heads, head_dim }, rows }) =>
    variant.normed
      ? [rowGroups(target.headNorm, heads + 2 * kv_heads), rows]
      : [Math.ceil((rows * (heads + 2 * kv_heads) * head_dim) / 2 / WORKGROUP)],
  cost({ target: { activation, cache }, params: { heads, kv_heads, head_dim }, rows }) {
    const [q, kv] = [rows * heads * head_dim, rows * 2 * kv_heads * head_dim];
    const [element, cached] = [activation === 'f16' ? 2 : 4, cache === 'f16' ? 2 : 4];
    return { flops: 3 * (q + kv / 2), bytes: (2 * q + kv) * element + kv * cached + 4 * rows * head_dim };
  },
  reference: rotated,
});

/**
 * One head's row, rotated for a position, in float64.
 * @param of what the row is: queries may be scaled beside
 */
function rotated(
  row: ArrayLike<number>,
  position: number,
  { frequencies, magnitude, queryScaling }: Rotation,
  of: 'q' | 'k',
  direction: 1 | -1 = 1,
): Float64Array {
  const out = Float64Array.from(row);
  for (let i = 0; i < frequencies.length; i++) {
    const [a, b] = [row[2 * i], row[2 * i + 1]];
    const angle = direction * position * frequencies[i];
    const [c, s] = [magnitude * Math.cos(angle), magnitude * Math.sin(angle)];
    out[2 * i] = a * c - b * s;
    out[2 * i + 1] = a * s + b * c;
  }
  const scale = of === 'q' && queryScaling ? queryScale(queryScaling, position) : 1;
  return out.map((value) => scale * value);
}
