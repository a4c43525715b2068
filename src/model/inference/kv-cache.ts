// The KV cache: a buffer for each layer, with the keys [K, context, d] of every position so far and then the values.
import type { ModelConfig } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import { type CacheElement, cacheRowBytes } from '../../ops/attention/cache-rows';
import type { Precision } from '../../ops/tuning';

/** A range of a layer's buffer. */
interface CacheRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

interface CacheLayer {
  readonly keys: CacheRange;
  readonly values: CacheRange;
}

export interface KeyValueCache {
  /** Positions that fit. */
  readonly context: number;
  /** Key/value heads. */
  readonly heads: number;
  /** Bytes of one head's keys, or values, of one position. */
  readonly rowBytes: number;
  readonly layers: readonly CacheLayer[];
}

/** Bytes of a cache for `context` positions. */
export function cacheBytes(config: ModelConfig, context: number, element: CacheElement): number {
  return 2 * config.numLayers * config.numKeyValueHeads * context * cacheRowBytes(config.headDim, element);
}

/** Bytes of KV cache for each position by precision, on a device with f16. */
export const positionBytes = (config: ModelConfig): Readonly<Record<Precision, number>> => ({
  exact: cacheBytes(config, 1, 'f32'),
  fast: cacheBytes(config, 1, 'f16'),
  int8: cacheBytes(config, 1, 'q8'),
});

export function createCache(
  buffers: Buffers,
  config: ModelConfig,
  context: number,
  element: CacheElement,
): KeyValueCache {
  const size = cacheBytes(config, context, element) / (2 * config.numLayers);
  const alignment = buffers.device.limits.minStorageBufferOffsetAlignment;
  const offset = Math.ceil(size / alignment) * alignment;
  const layers = Array.from({ length: config.numLayers }, (_, i): CacheLayer => {
    const buffer = buffers.storage('cache', offset + size, `keys|values ${i}`);
    return { keys: { buffer, offset: 0, size }, values: { buffer, offset, size } };
  });
  return { context, heads: config.numKeyValueHeads, rowBytes: cacheRowBytes(config.headDim, element), layers };
}
