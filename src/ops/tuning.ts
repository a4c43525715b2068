// Which form of each kernel a device gets, and the element types that a precision names.
import type { Features } from '../gpu/device';

/** `exact`: f32 everywhere. `fast`: f16 activations and KV cache, f32 accumulation and residual stream. */
export type Precision = 'exact' | 'fast';

/** Shape of the dot-product kernel. */
export interface DotShape {
  /** Rows of the matrix a thread group computes. */
  readonly rows: number;
  /** Tokens a thread group computes. */
  readonly tokens: number;
  /** Threads that share a row; 1 needs no barrier. */
  readonly lanes: number;
  /** Lanes reduce by subgroup operations. */
  readonly subgroups?: boolean;
}

/** Shape of the attention kernel. */
export interface FlashShape {
  /** Threads that share queries, at least a quarter of the head width; 1 needs no barrier. */
  readonly threads: number;
  /** Queries of one key head that a thread group takes together. */
  readonly queries: number;
}

/** Kernel shapes of a forward pass. */
export interface ForwardShape<Projection = DotShape | 'tiles'> {
  /** Dot products, or tiles (src/ops/matmul/gemm.ts) for batches of many tokens. */
  readonly projection: Projection;
  readonly attention: FlashShape;
}

/** Everything that decides which pipelines a model is built from. */
export interface Tuning {
  readonly precision: Precision;
  /** WGSL element type of activations between projections. */
  readonly activation: 'f32' | 'f16';
  /** WGSL element type of the KV cache. */
  readonly cache: 'f32' | 'f16';
  readonly decode: ForwardShape<DotShape>;
  readonly prefill: ForwardShape;
  /** Threads of the sampler's one workgroup. */
  readonly samplerThreads: number;
  /** Most tokens of a prompt in one batch. */
  readonly batch: number;
}

const SOLO: FlashShape = { threads: 1, queries: 1 };

/**
 * The fixed table. Without `shader-f16`, `fast` computes what `exact` does: the precision is a promise of at least that.
 * @param software a CPU that plays a GPU: one thread a row, since barriers cost it 5 to 10 times the work
 */
export function tune(features: Features, software: boolean, precision: Precision): Tuning {
  const { subgroups } = features;
  const half = precision === 'fast' && features.f16;
  return {
    precision,
    activation: half ? 'f16' : 'f32',
    cache: half ? 'f16' : 'f32',
    decode: {
      projection: software ? { rows: 8, tokens: 1, lanes: 1 } : { rows: 4, tokens: 1, lanes: 32, subgroups },
      attention: software ? SOLO : { threads: 128, queries: 1 },
    },
    prefill: {
      projection: software ? { rows: 4, tokens: 8, lanes: 1 } : 'tiles',
      attention: software ? SOLO : { threads: 128, queries: 8 },
    },
    samplerThreads: software ? 8 : 256,
    batch: software ? 64 : 256,
  };
}
