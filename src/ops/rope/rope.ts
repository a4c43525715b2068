// Rotary position embedding (Su et al. 2021) on adjacent pairs, and the write to the KV cache. Where a model normalizes the
// heads of q and k first, that is folded in.
import type { RotaryConfig } from '../../core/model-config';
import { op } from '../../gpu/op';
import state from '../../../shaders/common/state.wgsl?raw';
import ropeHeads from '../../../shaders/rope/rope-heads.wgsl?raw';
import ropePairs from '../../../shaders/rope/rope-pairs.wgsl?raw';
import ropeSource from '../../../shaders/rope/rope.wgsl?raw';
import { rowGroups, rowSource } from '../rows';
import type { KernelTarget } from '../tuning';

const WORKGROUP = 64;

interface Variant {
  /** The layer has rotary positions; without them q stays and k goes to the cache as it is. */
  readonly rotates: boolean;
  /** Each head of q and k is divided by its root mean square and multiplied by gains before. */
  readonly normed: boolean;
}

/** Rotates q where it stands and k into the cache, and copies v into the cache. */
export const rope = op({
  name: 'rope',
  variants: () => [true, false].flatMap((rotates) => [false, true].map((normed) => ({ rotates, normed }))),
  source: ({ rotates, normed }: Variant, { activation, cache, headNorm }: KernelTarget) => {
    const { definitions, rows } = rowSource(headNorm);
    return {
      definitions: { Activation: activation, Cache: cache, ROTATES: rotates, ...(normed && definitions) },
      snippets: { state, rope: ropeSource, ...(normed ? { ...rows, ropeHeads } : { ropePairs }) },
    };
  },
  params: { heads: 'u32', kv_heads: 'u32', head_dim: 'u32', context: 'u32', epsilon: 'f32' },
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
 * Angular frequency of each pair, d/2 values, as in transformers' modeling_rope_utils.
 * @param length of the text: what exceeds the trained context scales dynamically where the model does
 */
export function ropeFrequencies(config: RotaryConfig, length = 0): Float64Array {
  const { headDim, ropeScaling: scaling } = config;
  const theta = dynamicTheta(config, length);
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => theta ** ((-2 * i) / headDim));
  switch (scaling?.type) {
    case undefined:
    case 'dynamic':
      return frequencies;
    case 'linear':
      return frequencies.map((f) => f / scaling.factor);
    case 'divisors':
      return frequencies.map((f, i) => f / scaling.divisors[i]);
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
      return frequencies.map((f) => {
        const turns = (originalContextLength * f) / (2 * Math.PI);
        if (turns < low) return f / factor;
        if (turns > high) return f;
        const smooth = (turns - low) / (high - low);
        return ((1 - smooth) * f) / factor + smooth * f;
      });
    }
  }
}

/** θ, larger for texts beyond the trained context where the model scales dynamically (`_compute_dynamic_ntk_parameters`). */
function dynamicTheta({ ropeTheta, ropeScaling, headDim, contextLength }: RotaryConfig, length: number): number {
  if (ropeScaling?.type !== 'dynamic' || length <= contextLength) return ropeTheta;
  const { factor } = ropeScaling;
  return ropeTheta * ((factor * length) / contextLength - (factor - 1)) ** (headDim / (headDim - 2));
}

/**
 * (cos, sin) of every position and pair, [context, d/2, 2], computed in float64.
 * @param length of the text that all positions are of; without it, of each position the text that ends there
 */
export function ropeTable(config: RotaryConfig, context: number, length?: number): Float32Array<ArrayBuffer> {
  const grows = length === undefined && config.ropeScaling?.type === 'dynamic';
  let frequencies = ropeFrequencies(config, length);
  const table = new Float32Array(context * frequencies.length * 2);
  let at = 0;
  for (let position = 0; position < context; position++) {
    if (grows && position >= config.contextLength) frequencies = ropeFrequencies(config, position + 1);
    for (const frequency of frequencies) {
      table[at++] = Math.cos(position * frequency);
      table[at++] = Math.sin(position * frequency);
    }
  }
  return table;
}

/** One head's row, rotated for a position, in float64. */
function rotated(row: ArrayLike<number>, position: number, frequencies: Float64Array): Float64Array {
  const out = new Float64Array(row.length);
  for (let i = 0; i < frequencies.length; i++) {
    const [a, b] = [row[2 * i], row[2 * i + 1]];
    const [c, s] = [Math.cos(position * frequencies[i]), Math.sin(position * frequencies[i])];
    out[2 * i] = a * c - b * s;
    out[2 * i + 1] = a * s + b * c;
  }
  return out;
}
