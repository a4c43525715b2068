// RMSNorm of each head of q and k (Henry et al. 2020; Qwen3) as a dispatch of its own, forward and backward: training keeps
// q|k|v as they were before, where generation folds the norm into the rotation (ops/rope/rope.ts). The gains are frozen.
import { op } from '../../gpu/op';
import type { Snippets } from '../../gpu/wgsl';
import state from '../../../shaders/common/state.wgsl?raw';
import qkNormBackwardSource from '../../../shaders/norm/qk-norm-backward.wgsl?raw';
import qkNormBindings from '../../../shaders/norm/qk-norm-bindings.wgsl?raw';
import qkNormSource from '../../../shaders/norm/qk-norm.wgsl?raw';
import { rowGroups, rowSource } from '../rows';
import type { KernelTarget } from '../tuning';
import { rmsnorm, rmsnormBackward } from './rmsnorm';

const source =
  (direction: Snippets) =>
  (_: object, { headNorm }: KernelTarget) => {
    const { definitions, rows } = rowSource(headNorm);
    return { definitions, snippets: { state, ...rows, qkNormBindings, ...direction } };
  };

/** Heads are shared by lanes; a row of workgroups a token. */
const both = {
  variants: () => [{}],
  params: { heads: 'u32', kv_heads: 'u32', quads: 'u32', epsilon: 'f32' },
} as const;

/** out [T, (H + 2K) · d] = q and k with each head normalized, and v as it is. */
export const qkNorm = op({
  ...both,
  name: 'qk-norm',
  source: source({ qkNorm: qkNormSource }),
  bindings: { state: 'read', qkv: 'read', gains: 'read', out: 'read_write' },
  grid: ({ target, params: { heads, kv_heads }, rows }) => [rowGroups(target.headNorm, heads + 2 * kv_heads), rows],
  cost({ params: { heads, kv_heads, quads }, rows }) {
    const elements = rows * (heads + 2 * kv_heads) * quads * 4;
    return { flops: 4 * elements, bytes: 8 * elements };
  },
  reference: forwardReference,
});

/** d_qkv: the gradients of q and k before the norm, in place of those after it; that of v stays. */
export const qkNormBackward = op({
  ...both,
  name: 'qk-norm-backward',
  source: source({ qkNormBackward: qkNormBackwardSource }),
  bindings: { state: 'read', qkv: 'read', gains: 'read', d_qkv: 'read_write' },
  grid: ({ target, params: { heads, kv_heads }, rows }) => [rowGroups(target.headNorm, heads + kv_heads), rows],
  cost({ params: { heads, kv_heads, quads }, rows }) {
    const elements = rows * (heads + kv_heads) * quads * 4;
    return { flops: 12 * elements, bytes: 12 * elements };
  },
  reference: backwardReference,
});

interface QkNormShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly epsilon: number;
}

/**
 * The norm in float64.
 * @param qkv [T][(H + 2K) · d] @param gains [2][d], of q and of k
 */
function forwardReference(qkv: ArrayLike<number>, gains: ArrayLike<number>, shape: QkNormShape): Float64Array {
  const out = Float64Array.from(qkv);
  forEachHead(out.length, shape, (at, end, gain) => {
    out.set(rmsnorm.reference(out.subarray(at, end), gain(gains), { columns: end - at, epsilon: shape.epsilon }), at);
  });
  return out;
}

/**
 * Its gradient in float64.
 * @param qkv [T][(H + 2K) · d] before the norm @param dOut of what comes after it
 */
function backwardReference(
  qkv: ArrayLike<number>,
  gains: ArrayLike<number>,
  dOut: ArrayLike<number>,
  shape: QkNormShape,
): Float64Array {
  const [x, out] = [Float64Array.from(qkv), Float64Array.from(dOut)];
  forEachHead(out.length, shape, (at, end, gain) => {
    const nothing = new Float64Array(end - at);
    const options = { columns: end - at, epsilon: shape.epsilon };
    out.set(rmsnormBackward.reference(x.subarray(at, end), gain(gains), out.subarray(at, end), nothing, options), at);
  });
  return out;
}

/** Calls with where each head of q and k begins and ends, and what picks its gain of both. */
function forEachHead(
  length: number,
  { heads, kvHeads, headDim: d }: QkNormShape,
  call: (at: number, end: number, gain: (gains: ArrayLike<number>) => number[]) => void,
): void {
  const width = (heads + 2 * kvHeads) * d;
  for (let token = 0; token < length / width; token++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      const at = token * width + head * d;
      const [from, to] = head < heads ? [0, d] : [d, 2 * d];
      call(at, at + d, (gains) => Array.from(gains).slice(from, to));
    }
  }
}
