// What a run writes down as it goes: numbers that any chart or table can be made of.

/** One optimizer step, in `trainer_state.json`'s terms. */
export interface StepRecord {
  /** From 1. */
  readonly step: number;
  readonly epoch: number;
  /** Mean cross-entropy over the labelled tokens of the step's whole batch, before the update. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
  /** The one that was applied. */
  readonly learningRate: number;
  /** Read in this step. */
  readonly tokens: number;
  readonly seconds: number;
  /** The gradient was not finite: the step changed nothing. */
  readonly skipped?: boolean;
}

export interface ValidationRecord {
  /** 0 is before the first one. */
  readonly step: number;
  /**
   * Mean cross-entropy over the labelled tokens of the rows that were held out. transformers' Trainer takes the mean of its
   * batches' means, which differs where batches have unequal numbers of such tokens.
   */
  readonly loss: number;
  /** The lowest so far; never that of step 0, which nothing was learned in. */
  readonly best: boolean;
}
