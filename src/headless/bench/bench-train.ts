// The cost of a training step, as shares of what the same device was measured to do at most.
import type { ModelConfig } from '../../core/model-config';
import { LINEAR_MAPS } from '../../core/adapter';
import { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import type { MicroBatch, LoraSpec } from '../../model/lora-types';
import type { Peak } from '../../ops/peak/peak';
import { census } from './census';
import { fourDigits } from '../print';
import type { Prepared } from './prepared';

export interface TrainBench {
  /** Tokens of a micro-batch: one sequence. */
  readonly tokens: number;
  readonly rank: number;
  readonly checkpointing: number;
  /** Measured steps; the best counts. */
  readonly steps: number;
}

/** The share of a sequence that is labelled: about two thirds of an Alpaca row's tokens are the answer. */
const LABELLED = 2 / 3;
const PRODUCT = /^(matvec|gemm)/;
const OPTIMIZER = {
  learningRate: 1e-4,
  ratio: 1,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradNorm: 1,
};

/** A trainer of a LoRA on all seven maps of all layers, and one of its steps over one sequence. */
export async function trainerOf(
  gpu: Gpu,
  { config, tensors }: Pick<Prepared, 'config' | 'tensors'>,
  { tokens, rank, checkpointing }: Omit<TrainBench, 'steps'>,
) {
  const { uploadWeights } = await import('../../model/weights');
  const { createLoraTrainer } = await import('../../model/train/trainer');
  const buffers = new Buffers(gpu.device);
  const weights = await uploadWeights(buffers, config, tensors);
  const targets = Array.from({ length: config.numLayers }, (_, layer) =>
    LINEAR_MAPS.map((map) => ({ layer, map })),
  ).flat();
  const spec: LoraSpec = { targets, rank, scale: 2, dropout: 0, seed: 1, checkpointing, tokens };
  const trainer = await createLoraTrainer({ gpu, config, weights }, spec, async () => () => {});
  const batch = sequence(tokens, config.vocabSize);
  const labels = batch.targets.filter((target) => target >= 0).length;
  const step = async (count: number) => {
    await trainer.accumulate(batch, 1 / labels, count);
    return trainer.update({ ...OPTIMIZER, count });
  };
  const destroy = () => {
    trainer.destroy();
    buffers.destroy();
  };
  return { trainer, batch, labels, step, destroy };
}

/** Measures steps of a LoRA on all seven maps of all layers. */
export async function benchTraining(
  gpu: Gpu,
  peak: Peak,
  prepared: Pick<Prepared, 'config' | 'tensors'>,
  { tokens, rank, checkpointing, steps }: TrainBench,
) {
  const { config } = prepared;
  const started = performance.now();
  const { trainer, batch, labels, step, destroy } = await trainerOf(gpu, prepared, { tokens, rank, checkpointing });
  const compileMs = performance.now() - started;
  let best = Infinity;
  let gradNorm = 0;
  for (let count = 1; count <= steps + 1; count++) {
    const before = performance.now();
    ({ gradNorm } = await step(count));
    // the first one warms up
    if (count > 1) best = Math.min(best, performance.now() - before);
  }
  const { calls } = await census(async () => {
    await step(steps + 2);
  });
  const times = new Map<string, number>();
  for (const label of trainer.labels) times.set(label, await trainer.timed(batch, (each) => each === label));
  const whole = [...times.values()].reduce((sum, time) => sum + time, 0);
  const shares = Array.from(times, ([label, time]) => [label, fourDigits(time / whole)] as const).toSorted(
    (a, b) => b[1] - a[1],
  );
  const products = shares.reduce((sum, [label, share]) => sum + (PRODUCT.test(label) ? share : 0), 0);
  const flop = stepFlop(config, tokens, labels);
  const planned = Object.values(trainer.memory).reduce((sum, bytes) => sum + bytes, 0);
  const allocated = trainer.allocated;
  destroy();
  return {
    tokens,
    rank,
    checkpointing,
    gradNorm: fourDigits(gradNorm),
    stepMs: fourDigits(best),
    tokensPerSecond: fourDigits((tokens * 1000) / best),
    shareOfPeak: fourDigits((flop * 1000) / best / peak.flops),
    outsideProducts: fourDigits(1 - products),
    shares: Object.fromEntries(shares),
    dispatches: calls.dispatches,
    compileMs: Math.round(compileMs),
    memory: { planned, allocated },
  };
}

/** 4 FLOP a weight and token: forward, and the gradient of the input. The head works for labelled tokens only. */
function stepFlop(config: ModelConfig, tokens: number, labels: number): number {
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F, numLayers: L } = config;
  const layer = D * (H + 2 * K) * d + H * d * D + 3 * D * F;
  return 4 * (L * layer * tokens + config.vocabSize * D * labels);
}

function sequence(tokens: number, vocabulary: number): MicroBatch {
  const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919 + 3) % vocabulary);
  const from = Math.floor(tokens * (1 - LABELLED));
  return {
    ids,
    positions: Uint32Array.from(ids.keys()),
    targets: Int32Array.from(ids, (_, t) => (t < from || t === tokens - 1 ? -100 : ids[t + 1])),
    rows: new Uint32Array(tokens),
  };
}
