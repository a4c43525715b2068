// Rotary position embedding of q and k where they stand, forward and (by the opposite angle) backward: training keeps no cache.
import { op } from '../../gpu/op';
import places from '../../../shaders/common/places.wgsl?raw';
import state from '../../../shaders/common/state.wgsl?raw';
import queryScale from '../../../shaders/rope/query-scale.wgsl?raw';
import ropeInplaceSource from '../../../shaders/rope/rope-inplace.wgsl?raw';
import { rope } from './rope';
import type { Rotation } from './rotation';

const WORKGROUP_SIZE = 64;

interface Variant {
  /** Queries grow with their position, as `query_beta` and `query_length` say. */
  readonly scaled: boolean;
}

/** Rotates q and k of packed sequences; `direction` is 1 forward and −1 backward. */
export const ropeInplace = op({
  name: 'rope in place',
  variants: () => [{ scaled: false }, { scaled: true }],
  source: ({ scaled }: Variant) => ({
    definitions: { WORKGROUP_SIZE, SCALED: scaled },
    snippets: { state, places, ...(scaled && { queryScale }), ropeInplace: ropeInplaceSource },
  }),
  params: {
    heads: 'u32',
    kv_heads: 'u32',
    head_dim: 'u32',
    direction: 'f32',
    query_beta: 'f32',
    query_length: 'u32',
  },
  bindings: { state: 'read', places: 'read', table: 'read', qkv: 'read_write' },
  // one thread a pair of q and k; a row of workgroups a token
  grid: ({ params: { heads, kv_heads, head_dim }, rows }) => [
    Math.ceil(((heads + kv_heads) * head_dim) / 2 / WORKGROUP_SIZE),
    rows,
  ],
  cost({ params: { heads, kv_heads, head_dim }, rows }) {
    const rotated = rows * (heads + kv_heads) * head_dim;
    return { flops: 3 * rotated, bytes: 8 * rotated + 4 * rows * (head_dim + 4) };
  },
  reference: rotatedInPlace,
});

/**
 * The rotation in float64; v stays as it is.
 * @param qkv [T][(H + 2K) · d] @param places [T][4]
 */
function rotatedInPlace(
  qkv: ArrayLike<number>,
  places: Uint32Array,
  shape: { readonly heads: number; readonly kvHeads: number; readonly headDim: number },
  rotation: Rotation,
  direction: 1 | -1,
): Float64Array {
  const { heads, kvHeads, headDim: d } = shape;
  const width = (heads + 2 * kvHeads) * d;
  const out = Float64Array.from(qkv);
  for (let t = 0; t < places.length / 4; t++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      const at = t * width + head * d;
      const of = head < heads ? 'q' : 'k';
      out.set(rope.reference(out.subarray(at, at + d), places[4 * t], rotation, of, direction), at);
    }
  }
  return out;
}
