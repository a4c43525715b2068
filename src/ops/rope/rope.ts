// Rotary position embedding (Su et al. 2021) on adjacent pairs, and the write to the KV cache. Where a model normalizes the
// heads of q and k first, that is folded in.
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import queryScaleSource from '../../../shaders/rope/query-scale.wgsl?raw';
import ropeBytes from '../../../shaders/rope/rope-bytes.wgsl?raw';
import ropeHeads from '../../../shaders/rope/rope-heads.wgsl?raw';
import ropePairs from '../../../shaders/rope/rope-pairs.wgsl?raw';
import ropeSource from '../../../shaders/rope/rope.wgsl?raw';
import { cacheRowBytes } from '../attention/cache-rows';
import { rowGroups, rowSource } from '../rows';
import type { KernelTarget } from '../tuning';
import { queryScale, type Rotation } from './rotation';

const WORKGROUP = 64;
/** Elements of a head that a thread takes where the cache is q8: two blocks, whose scales share a word. */
const CHUNK = 64;

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
    const bytes = cache === 'q8';
    const common = { Activation: activation, ROTATES: rotates, SCALED: scaled, BYTES: bytes };
    const shared = { state, ...(scaled && { queryScale: queryScaleSource }), rope: ropeSource };
    if (bytes) {
      return {
        definitions: { ...common, NORMED: normed, WORKGROUP_SIZE: headNorm.workgroup },
        snippets: { ...shared, ropeBytes },
      };
    }
    return {
      definitions: { ...common, Cache: cache, ...(normed && definitions) },
      snippets: { ...shared, ...(normed ? { ...rows, ropeHeads } : { ropePairs }) },
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
  // one thread a pair of q, k and v, or two blocks of a cache in q8; or where heads are normalized, a row of workgroups a token, whose lanes share a head
  grid({ variant, target: { cache, headNorm }, params: { heads, kv_heads, head_dim }, rows }) {
    const all = heads + 2 * kv_heads;
    if (cache === 'q8') return [Math.ceil((rows * all * Math.ceil(head_dim / CHUNK)) / headNorm.workgroup)];
    if (variant.normed) return [rowGroups(headNorm, all), rows];
    return [Math.ceil((rows * all * head_dim) / 2 / WORKGROUP)];
  },
  cost({ target: { activation, cache }, params: { heads, kv_heads, head_dim }, rows }) {
    const [q, kv] = [rows * heads * head_dim, rows * 2 * kv_heads * head_dim];
    const element = activation === 'f16' ? 2 : 4;
    const cached = rows * 2 * kv_heads * cacheRowBytes(head_dim, cache);
    return { flops: 3 * (q + kv / 2), bytes: (2 * q + kv) * element + cached + 4 * rows * head_dim };
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
