// Training as a loop: everything that happens between the data and the GPU, which it sees through LoraTrainer alone. All
// that a step does depends on its number and on the state of the step before, so a step that was cut off is done again
// with the same result.
import { PronkError } from '../core/errors';
import type { LoraPair } from '../core/adapter';
import type { LoraTrainer, MicroBatch } from '../model/lora-types';
import type { TrainingConfig } from './config';
import type { StepRecord, ValidationRecord } from './records';
import { learningRate, totalSteps } from './schedules';

/** What is trained on, by the number of the update. */
export interface TrainingData {
  /** Updates that read each row once. */
  readonly stepsPerEpoch: number;
  /** Micro-batches of an update, from 0; after the last of an epoch comes the first of the next, in its own order. */
  step(n: number): readonly MicroBatch[];
  /** What is never trained on. */
  readonly validation: readonly MicroBatch[];
}

/** The adapter with the lowest validation loss so far. */
export interface BestAdapter {
  readonly step: number;
  readonly loss: number;
  readonly pairs: readonly LoraPair[];
}

/** Where a run is, between two steps; together with the trainer's state it is all that a run must bring back. */
export interface LoopState {
  /** Steps that are done. */
  step: number;
  /** Updates that changed something: Adam's count. */
  updates: number;
  /** The step after which was validated last, 0 for before the first one; −1 for none. */
  validated: number;
  /** Validations since the best one. */
  sinceBest: number;
  /** Steps in a row whose gradient was not finite. */
  skipped: number;
  best?: BestAdapter;
}

export const FRESH: Readonly<LoopState> = { step: 0, updates: 0, validated: -1, sinceBest: 0, skipped: 0 };

export type LoopEvent =
  | { readonly type: 'step'; readonly record: StepRecord }
  | { readonly type: 'validation'; readonly record: ValidationRecord }
  /** A step with all that belongs to it is done: the moment for a checkpoint. */
  | { readonly type: 'boundary' };

/** `aborted`: by the signal, at the last boundary; `early`: validation did not improve any more. */
export type LoopEnd = 'done' | 'early' | 'aborted';

/** After this many steps in a row without a finite gradient a run is given up. */
const MOST_SKIPPED = 20;

/**
 * Trains from `state`, which it keeps up to date and which `trainer` must be at. Whoever iterates may read the trainer
 * while an event is handled, and let it go on by asking for the next.
 * @param signal ends it soon, within a micro-batch; what was accumulated of a step is then lost, and nothing else
 * @throws PronkError `no-labels`, `not-finite`, whatever the trainer throws
 */
export async function* train(
  trainer: LoraTrainer,
  data: TrainingData,
  config: TrainingConfig,
  state: LoopState,
  signal?: AbortSignal,
): AsyncGenerator<LoopEvent, LoopEnd, void> {
  const total = totalSteps(config, data.stepsPerEpoch);
  for (;;) {
    const { step } = state;
    const regular = step === 0 ? config.eval_on_start : step % config.eval_steps === 0 || step >= total;
    if (regular && state.validated < step && data.validation.length > 0) {
      const loss = await validationLoss(trainer, data.validation, signal);
      if (loss === undefined) return 'aborted';
      yield { type: 'validation', record: await judge(trainer, state, loss) };
    }
    if (step > 0) yield { type: 'boundary' };
    const { early_stopping_patience: patience } = config;
    if (step >= total) return 'done';
    if (patience > 0 && state.sinceBest >= patience) return 'early';
    const record = signal?.aborted ? undefined : await oneStep(trainer, data, config, state, total, signal);
    if (!record) return 'aborted';
    yield { type: 'step', record };
  }
}

/** One update; undefined where it was cut off before. */
async function oneStep(
  trainer: LoraTrainer,
  data: TrainingData,
  config: TrainingConfig,
  state: LoopState,
  total: number,
  signal: AbortSignal | undefined,
): Promise<StepRecord | undefined> {
  const started = performance.now();
  const n = state.step;
  const batches = data.step(n);
  const labels = sum(batches.map(labelCount));
  if (labels === 0) {
    throw new PronkError(
      'no-labels',
      `No token of step ${n + 1} is in the loss: the rows have no answer within cutoff_len. Raise cutoff_len, or remove such rows.`,
    );
  }
  for (const batch of batches) {
    if (signal?.aborted) return undefined;
    await trainer.accumulate(batch, 1 / labels, n);
  }
  if (signal?.aborted) return undefined;
  const rate = learningRate(config, n, total);
  const { loss, gradNorm, skipped } = await trainer.update({
    learningRate: rate,
    ratio: config.loraplus_lr_ratio ?? 1,
    weightDecay: config.weight_decay,
    beta1: config.adam_beta1,
    beta2: config.adam_beta2,
    epsilon: config.adam_epsilon,
    maxGradNorm: config.max_grad_norm,
    count: state.updates + 1,
  });
  state.step = n + 1;
  if (!skipped) state.updates++;
  state.skipped = skipped ? state.skipped + 1 : 0;
  if (state.skipped >= MOST_SKIPPED) {
    throw new PronkError(
      'not-finite',
      `${MOST_SKIPPED} steps in a row gave numbers that are not finite, so nothing was learned in them. Choose a smaller ` +
        'learning_rate, and check that the model itself answers.',
    );
  }
  return {
    step: n + 1,
    epoch: (n + 1) / data.stepsPerEpoch,
    loss,
    gradNorm,
    learningRate: rate,
    tokens: sum(batches.map(({ ids }) => ids.length)),
    seconds: (performance.now() - started) / 1000,
    ...(skipped && { skipped }),
  };
}

/** Mean over all labelled tokens; undefined where the signal came first. */
async function validationLoss(
  trainer: LoraTrainer,
  batches: readonly MicroBatch[],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  let [total, count] = [0, 0];
  for (const batch of batches) {
    if (signal?.aborted) return undefined;
    const { loss, targets } = await trainer.evaluate(batch);
    total += loss;
    count += targets;
  }
  return count > 0 ? total / count : Number.NaN;
}

/** Keeps the adapter if none was better; what there is before the first step is only compared with, since it is nothing yet. */
async function judge(trainer: LoraTrainer, state: LoopState, loss: number): Promise<ValidationRecord> {
  const { step } = state;
  const best = step > 0 && Number.isFinite(loss) && loss < (state.best?.loss ?? Infinity);
  // read back first: a failure leaves the state as it was
  if (best) state.best = { step, loss, pairs: await trainer.pairs() };
  if (step > 0) state.sinceBest = best ? 0 : state.sinceBest + 1;
  state.validated = step;
  return { step, loss, best };
}

/** Tokens of a micro-batch that are in the loss. */
export function labelCount({ targets }: MicroBatch): number {
  return targets.reduce((count, target) => count + (target >= 0 ? 1 : 0), 0);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
