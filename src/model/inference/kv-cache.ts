// Keys and values of every position so far, per layer: [K, context, d].
import type { ModelConfig } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';

export interface KeyValueCache {
  /** Positions that fit. */
  readonly context: number;
  /** Key/value heads. */
  readonly heads: number;
  /** Bytes of one head's keys, or values, of one position. */
  readonly rowBytes: number;
  readonly layers: readonly { readonly keys: GPUBuffer; readonly values: GPUBuffer }[];
}

/** Bytes of a cache for `context` positions. */
export function cacheBytes(config: ModelConfig, context: number, element: 'f32' | 'f16'): number {
  return 2 * config.numLayers * config.numKeyValueHeads * config.headDim * context * (element === 'f16' ? 2 : 4);
}

export function createCache(
  buffers: Buffers,
  config: ModelConfig,
  context: number,
  element: 'f32' | 'f16',
): KeyValueCache {
  const bytes = cacheBytes(config, context, element) / (2 * config.numLayers);
  const layers = Array.from({ length: config.numLayers }, (_, i) => ({
    keys: buffers.storage('cache', bytes, `keys ${i}`),
    values: buffers.storage('cache', bytes, `values ${i}`),
  }));
  return { context, heads: config.numKeyValueHeads, rowBytes: config.headDim * (element === 'f16' ? 2 : 4), layers };
}
