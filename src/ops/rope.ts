// Rotary position embedding (Su et al. 2021) on adjacent pairs, and the write to the KV cache.
import { compose } from '../gpu/wgsl';
import type { Grid, Kernel } from '../gpu/kernel';
import type { ModelConfig } from '../formats/checkpoint';
import stateSource from '../../shaders/common/state.wgsl?raw';
import source from '../../shaders/elementwise/rope.wgsl?raw';
import type { Tuning } from './tuning';

export function ropeKernel({ activation, cache }: Pick<Tuning, 'activation' | 'cache'>): Kernel {
  return { label: 'rope', wgsl: compose({ Act: activation, Cache: cache }, stateSource, source) };
}

/** One thread a pair of q, k and v. */
export function ropeGrid(heads: number, kvHeads: number, headWidth: number, tokens: number): Grid {
  return [Math.ceil((tokens * (heads + 2 * kvHeads) * headWidth) / 2 / 64)];
}

/** Angular frequency of each pair, d/2 values; Llama-3 scaling as in transformers' modeling_rope_utils. */
export function ropeFrequencies({ headWidth, ropeTheta, ropeScaling }: ModelConfig): Float64Array {
  const frequencies = Float64Array.from({ length: headWidth / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headWidth));
  if (!ropeScaling) return frequencies;
  if (ropeScaling.type === 'linear') return frequencies.map((f) => f / ropeScaling.factor);
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = ropeScaling;
  return frequencies.map((f) => {
    const turns = (originalContextLength * f) / (2 * Math.PI);
    if (turns < low) return f / factor;
    if (turns > high) return f;
    const smooth = (turns - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}

/** (cos, sin) of every position and pair, [context, d/2, 2], computed in float64. */
export function ropeTable(config: ModelConfig, context: number): Float32Array<ArrayBuffer> {
  const frequencies = ropeFrequencies(config);
  const table = new Float32Array(context * frequencies.length * 2);
  let at = 0;
  for (let position = 0; position < context; position++) {
    for (const frequency of frequencies) {
      table[at++] = Math.cos(position * frequency);
      table[at++] = Math.sin(position * frequency);
    }
  }
  return table;
}

/** Rotates one head's row at a position, in float64. */
export function ropeReference(row: ArrayLike<number>, position: number, frequencies: Float64Array): Float64Array {
  const out = new Float64Array(row.length);
  for (let i = 0; i < frequencies.length; i++) {
    const [a, b] = [row[2 * i]!, row[2 * i + 1]!];
    const [c, s] = [Math.cos(position * frequencies[i]!), Math.sin(position * frequencies[i]!)];
    out[2 * i] = a * c - b * s;
    out[2 * i + 1] = a * s + b * c;
  }
  return out;
}
