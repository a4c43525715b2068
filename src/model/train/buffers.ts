// Training's buffers on the GPU beside the model's.
import { type ModelConfig, perRotary } from '../../core/model-config';
import { PronkError } from '../../core/errors';
import type { Buffers } from '../../gpu/buffers';
import { ropeTable } from '../../ops/rope/rotation';
import type { LoraSpec } from '../lora-types';
import type { AdaptedGroup, Layout, Region } from './layout';
import type { KeptName, TrainingSizes, WorkspaceName } from './sizes';

/** Trained numbers with everything the optimizer keeps of each. */
export interface Pool {
  readonly length: number;
  readonly parameters: GPUBuffer;
  readonly gradients: GPUBuffer;
  readonly first: GPUBuffer;
  readonly second: GPUBuffer;
}

export interface TrainingBuffers {
  readonly workspace: Readonly<Record<WorkspaceName, GPUBuffer>>;
  /** One a layer whose activations are kept. */
  readonly kept: readonly Readonly<Record<KeptName, GPUBuffer>>[];
  readonly checkpoints: readonly GPUBuffer[];
  readonly poolsA: readonly Pool[];
  readonly poolsB: readonly Pool[];
  /** One over the norms of DoRA's rows. */
  readonly poolsInverse: readonly GPUBuffer[];
  /** Counts (shaders/common/state.wgsl): of the tokens, of the labelled ones, and of each chunk of those. */
  readonly tokens: GPUBuffer;
  readonly labels: GPUBuffer;
  readonly chunks: readonly GPUBuffer[];
  /** [context, d/2, 2] of each layer; none for a layer that does not rotate */
  readonly tables: readonly (GPUBuffer | undefined)[];
  /** Factor of a labelled token's loss. */
  readonly weight: GPUBuffer;
  /** Seed and step of the dropout masks. */
  readonly noise: GPUBuffer;
  /** Loss, gradient norm, clipping factor, 1 where all is finite. */
  readonly report: GPUBuffer;
  readonly optimizer: GPUBuffer;
}

/** @throws PronkError `out-of-memory` where a buffer exceeds what the device can bind */
export function createTrainingBuffers(
  buffers: Buffers,
  config: ModelConfig,
  spec: LoraSpec,
  layout: Layout,
  sizes: TrainingSizes,
): TrainingBuffers {
  const limit = buffers.device.limits.maxStorageBufferBindingSize;
  const make = (elements: number, label: string) => {
    if (4 * elements > limit) {
      throw new PronkError(
        'out-of-memory',
        `Training with ${spec.tokens} tokens at a time needs a buffer of ${Math.ceil(elements / 2 ** 18)} MiB (${label}), and this ` +
          `device binds ${Math.floor(limit / 2 ** 20)} MiB. Choose a smaller cutoff_len or per_device_train_batch_size.`,
      );
    }
    return buffers.storage('training', 4 * elements, label);
  };
  const all = <Name extends string>(record: Readonly<Record<Name, number>>) =>
    Object.fromEntries(
      Object.entries<number>(record).map(([name, elements]) => [name, make(elements, name)]),
    ) as Record<Name, GPUBuffer>;
  const pool = (length: number): Pool => ({
    length,
    parameters: make(length, 'parameters'),
    gradients: make(length, 'gradients'),
    first: make(length, 'first moments'),
    second: make(length, 'second moments'),
  });
  return {
    workspace: all(sizes.workspace),
    kept: repeat(sizes.keptLayers, () => all(sizes.kept)),
    checkpoints: repeat(sizes.checkpoints, () => make(spec.tokens * config.hiddenSize, 'checkpoint')),
    poolsA: layout.poolsA.map(pool),
    poolsB: layout.poolsB.map(pool),
    poolsInverse: layout.poolsInverse.map((length) => make(length, 'inverse norms')),
    tokens: make(4, 'tokens'),
    labels: make(4, 'labels'),
    chunks: repeat(Math.ceil(spec.tokens / sizes.chunk), () => make(4, 'chunk')),
    tables: perRotary(config, (rotary) => buffers.from('training', ropeTable(rotary, spec.tokens), 'rope table')),
    weight: make(4, 'weight'),
    noise: make(4, 'noise'),
    report: make(4, 'report'),
    optimizer: make(12, 'optimizer'),
  };
}

function repeat<T>(times: number, one: () => T): T[] {
  return Array.from({ length: times }, one);
}

/** A region of a pool, as a binding. */
export function bindRegion(
  pools: readonly Pool[],
  { pool, offset, length }: Region,
  what: 'parameters' | 'gradients',
): { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number } {
  return { buffer: pools[pool][what], offset: 4 * offset, size: 4 * length };
}

/** Bindings of all A and B matrices of a group. */
export function bindMatrices(
  { poolsA, poolsB }: TrainingBuffers,
  group: AdaptedGroup,
  what: 'parameters' | 'gradients',
) {
  return { a: bindRegion(poolsA, group.a, what), b: bindRegion(poolsB, group.b, what) };
}
