// Options of a model on the GPU.
import type { ModelConfig } from '../../core/model-config';
import type { KernelTarget } from '../../ops/tuning';
import type { Tuning } from './autotune';
import { cacheBytes } from './kv-cache';
import type { Precision } from '../../ops/tuning';
import type { UploadProgress } from '../weights';

export interface SessionOptions {
  readonly precision: Precision;
  /** Positions to keep; at most what the model was trained for is sensible. */
  readonly context: number;
  readonly onProgress?: UploadProgress;
  /** Told when the weights are on the GPU, before the kernels are compiled. */
  readonly onUploaded?: () => void;
  /**
   * Room for conversations beside the one in the cache, so that they need not be read again: so many contexts' worth, and
   * no more than so many bytes. Without it, none is kept.
   */
  readonly keep?: { readonly contexts: number; readonly bytes: number };
  /** Cuts matrices into parts of at most this many bytes; default: what the device can bind. */
  readonly maxPartBytes?: number;
  /**
   * Tuning of kernel shapes by measured time at the first load on a hardware adapter; without it they are the fixed
   * table's.
   */
  readonly tuning?: Tuning | undefined;
  /**
   * Cuts the load off: after the rows that are being uploaded or the pass that is being timed, at once while kernels
   * are compiled.
   */
  readonly signal?: AbortSignal;
}

/** Bytes of the memory in which conversations are kept. */
export function keepBytes(config: ModelConfig, { cache }: KernelTarget, { context, keep }: SessionOptions): number {
  return keep ? Math.min(keep.contexts * cacheBytes(config, context, cache), keep.bytes) : 0;
}

/** The target of a model: f32 between projections where norms follow them (Gemma 3), whose inputs may be beyond f16. */
export function targetOf({ postNorms }: ModelConfig, target: KernelTarget): KernelTarget {
  return postNorms ? { ...target, activation: 'f32' } : target;
}
