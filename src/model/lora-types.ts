// What training asks of a model on the GPU: gradients of a LoRA over frozen weights, and the optimizer's step.
import type { LinearMap, LoraPair } from '../core/adapter';
import type { OptimizerStep } from '../ops/optimizer/adamw';

export type { OptimizerStep };

/** Sequences side by side, without padding. T tokens; a sequence sees itself only. */
export interface MicroBatch {
  /** [T] */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** [T] place in its own sequence, from 0 */
  readonly positions: Uint32Array<ArrayBuffer>;
  /** [T] what each token is to be followed by (already shifted), −100 where that is not in the loss */
  readonly targets: Int32Array<ArrayBuffer>;
  /** [T] the sequence's row in the dataset: with the position it keys the dropout masks */
  readonly rows: Uint32Array<ArrayBuffer>;
}

export interface LoraSpec {
  readonly targets: readonly { readonly layer: number; readonly map: LinearMap }[];
  readonly rank: number;
  /** alpha / r, or alpha / √r */
  readonly scale: number;
  readonly dropout: number;
  /** DoRA: each map has a magnitude for each of its rows; absent: false. */
  readonly dora?: boolean;
  /** Decides A's initial values and the dropout masks. */
  readonly seed: number;
  /** Layers that are recomputed together in the backward pass; 0: nothing is recomputed. */
  readonly checkpointing: number;
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /** Labelled tokens whose logits are computed at a time; without it as many as 32 MiB hold. */
  readonly chunk?: number;
}

export interface StepResult {
  /** Sum over the micro-batches since the last update of weight · Σ cross-entropy: the mean, when weight is 1 / labels. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
  /** The gradient was not finite, and nothing was changed. */
  readonly skipped: boolean;
}

/** Everything that a run must bring back to go on bit for bit. */
export interface OptimizerState {
  /** Values of all pairs in the trainer's order. */
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly first: Float32Array<ArrayBuffer>;
  readonly second: Float32Array<ArrayBuffer>;
}

/** Bytes on the GPU by what they are for. */
export interface TrainingMemory {
  readonly adapter: number;
  readonly optimizer: number;
  /** Kept by the forward pass for the backward pass. */
  readonly activations: number;
  /** Used by one layer after another, and by the loss. */
  readonly workspace: number;
}

/** A LoRA in training over a loaded model; the weights are shared with generation and never written. */
export interface LoraTrainer {
  readonly memory: TrainingMemory;
  /** The kernels that computed a run: part of its checkpoint, since other ones round differently. */
  readonly kernels: string;
  /** Forward and backward; gradients of weight · Σ cross-entropy are added up. `step`, from 0, keys the dropout masks. */
  accumulate(batch: MicroBatch, weight: number, step: number): Promise<void>;
  /** Σ cross-entropy over the targets, and how many those are; no dropout, no gradient. */
  evaluate(batch: MicroBatch): Promise<{ readonly loss: number; readonly targets: number }>;
  /** Clips, updates the parameters, and clears the gradients. */
  update(options: OptimizerStep): Promise<StepResult>;
  /** The gradients so far by pair, for checks. */
  gradients(): Promise<
    { readonly a: Float32Array; readonly b: Float32Array; readonly magnitude?: Float32Array | undefined }[]
  >;
  /** The adapter as it is now, in the order of the targets. */
  pairs(): Promise<LoraPair[]>;
  /** Begins from these pairs, which must be of the spec's maps and rank; moments and gradients are zero. */
  setPairs(pairs: readonly LoraPair[]): void;
  /** The state after the last update: what was accumulated since does not show. */
  state(): Promise<OptimizerState>;
  /** Goes on from a state of this spec; gradients are zero, whatever was accumulated before. */
  restore(state: OptimizerState): void;
  /** Frees what training holds on the GPU, not the model. */
  destroy(): void;
}

/**
 * Waits until the device may be used for a slice of work of at most 50 ms; the result ends the slice.
 * @param share of the pass that is done by then; what is thrown ends the pass
 */
export type Turn = (share: number) => Promise<() => void>;
