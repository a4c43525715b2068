// The passes of training as lists of work, made once for a run: forward, loss, backward, update.
import type { ModelConfig } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import { Kernels } from '../../gpu/kernel';
import type { LoraSpec } from '../lora-types';
import type { Weights } from '../weights';
import { buildBackward } from './backward';
import { createTrainingBuffers, type TrainingBuffers } from './buffers';
import { rowNorms } from './dora';
import { buildForward } from './forward';
import { type Layout, layOut } from './layout';
import { buildLoss } from './loss';
import { PassBuilder } from './pass-builder';
import { trainingSizes } from './sizes';
import type { Work } from './slices';
import { buildUpdate } from './update';

/** A loaded model, whose weights training shares. */
export interface TrainerParts {
  readonly gpu: Gpu;
  readonly config: ModelConfig;
  readonly weights: Weights;
}

export interface Passes {
  readonly buffers: TrainingBuffers;
  readonly layout: Layout;
  readonly maxPoolBytes: number;
  /** C: labelled tokens of a chunk. */
  readonly chunk: number;
  /** Labels of all kernels: another set of them rounds differently. */
  readonly labels: string;
  readonly forward: readonly Work[];
  readonly loss: readonly Work[];
  readonly backward: readonly Work[];
  /** Without dropout, and without what only the gradient needs. */
  readonly plainForward: readonly Work[];
  readonly plainLoss: readonly Work[];
  readonly update: readonly Work[];
  /** Work that computes DoRA's row norms for new adapters; empty without DoRA. */
  readonly norms: readonly Work[];
}

/** @throws PronkError `bad-config`, `out-of-memory` */
export async function buildPasses(parts: TrainerParts, buffers: Buffers, spec: LoraSpec): Promise<Passes> {
  const { gpu, config, weights } = parts;
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const maxPoolBytes = Math.min(maxStorageBufferBindingSize, maxBufferSize, 2 ** 28);
  const layout = layOut(config, spec, maxPoolBytes);
  const sizes = trainingSizes(config, spec, layout);
  const b = createTrainingBuffers(buffers, config, spec, layout, sizes);
  const kernels = new Kernels(gpu.device);
  const builder = new PassBuilder({ kernels, buffers, gpu, config, weights, spec, layout, b });
  const plain = builder.plain();
  const [forward, plainForward, loss, plainLoss, backward, update, norms] = await Promise.all([
    buildForward(builder),
    buildForward(plain),
    buildLoss(builder, sizes.chunk, true),
    buildLoss(plain, sizes.chunk, false),
    buildBackward(builder),
    buildUpdate(builder),
    Promise.all(rowNorms(builder)),
  ]);
  const { chunk } = sizes;
  const { labels } = builder;
  return {
    buffers: b,
    layout,
    maxPoolBytes,
    chunk,
    labels,
    forward,
    loss,
    backward,
    plainForward,
    plainLoss,
    update,
    norms,
  };
}
