// Which rows each optimizer step reads: a function of (settings, step), so that a run can be resumed at any step.
import { groupByLength } from './grouping';
import { packRows } from './packing';
import { permutation } from './random';

/** Named as in transformers' TrainingArguments. */
export interface BatchConfig {
  readonly per_device_train_batch_size: number;
  readonly gradient_accumulation_steps: number;
  readonly num_train_epochs: number;
  /** Above 0 it overrides the epochs, and the data repeats. */
  readonly max_steps: number;
  readonly seed: number;
  readonly packing: boolean;
  readonly group_by_length: boolean;
  readonly cutoff_len: number;
}

export interface BatchPlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Rows of an epoch, or packs when packing. */
  readonly units: number;
  /** Most tokens of a micro-batch. */
  readonly maxBatchTokens: number;
  /**
   * The micro-batches of an optimizer step, from 0; each is a list of indices into the lengths. Every epoch reads each
   * row once; its last step may have fewer micro-batches, the last of which may have fewer rows.
   */
  step(step: number): readonly (readonly number[])[];
}

/** The stream of random numbers that splits off the validation set; epochs have those from 0. */
const SPLIT_STREAM = 0xffff_ffff;

/**
 * Plans a run over rows of these lengths. Steps are counted as transformers counts them: an epoch has
 * ⌈micro-batches / accumulation⌉ steps, a run ⌈epochs · steps of an epoch⌉.
 */
export function createBatches(lengths: readonly number[], config: BatchConfig): BatchPlan {
  const { per_device_train_batch_size: size, gradient_accumulation_steps: accumulation } = config;
  const { seed, packing, group_by_length: grouped, cutoff_len: cutoff, num_train_epochs: epochs } = config;
  /** Rows or packs in the order of an epoch. */
  const unitsOf = (epoch: number): (readonly number[])[] => {
    const order = permutation(lengths.length, seed, epoch);
    if (packing) {
      const packs = packRows(lengths, order, cutoff);
      return permutation(packs.length, seed + 1, epoch).map((i) => packs[i]);
    }
    const rows = grouped ? groupByLength(lengths, size * accumulation, order) : order;
    return rows.map((row) => [row]);
  };
  const microBatchesOf = (epoch: number) => chunks(unitsOf(epoch), size).map((units) => units.flat());

  let latest: { epoch: number; microBatches: readonly (readonly number[])[] } | undefined;
  const epochOf = (epoch: number) => {
    if (latest?.epoch !== epoch) latest = { epoch, microBatches: microBatchesOf(epoch) };
    return latest.microBatches;
  };
  const units = lengths.length === 0 ? 0 : unitsOf(0).length;
  const stepsPerEpoch = Math.ceil(Math.ceil(units / size) / accumulation);
  return {
    stepsPerEpoch,
    totalSteps: stepsPerEpoch === 0 ? 0 : config.max_steps > 0 ? config.max_steps : Math.ceil(epochs * stepsPerEpoch),
    units,
    maxBatchTokens: largestBatch(lengths, size, packing ? cutoff : undefined),
    step(step) {
      const [epoch, at] = [Math.floor(step / stepsPerEpoch), (step % stepsPerEpoch) * accumulation];
      return epochOf(epoch).slice(at, at + accumulation);
    },
  };
}

/** Rows of a validation set, as `train_test_split` counts them: `size` rows, or below 1 that share, rounded up. */
export function validationCount(rows: number, size: number): number {
  return size >= 1 ? Math.floor(size) : Math.ceil(size * rows);
}

/** Splits off a validation set. A size that would leave nothing to train on is none. */
export function splitValidation(rows: number, size: number, seed: number): { train: number[]; validation: number[] } {
  const count = validationCount(rows, size);
  if (!(count > 0) || count >= rows) return { train: Array.from({ length: rows }, (_, i) => i), validation: [] };
  const order = permutation(rows, seed, SPLIT_STREAM);
  return { train: ascending(order.slice(count)), validation: ascending(order.slice(0, count)) };
}

function ascending(rows: readonly number[]): number[] {
  return rows.toSorted((a, b) => a - b);
}

/** Rows of a validation set, or others that are read in their order, in micro-batches of `size` rows. */
export function inOrder(rows: number, size: number): number[][] {
  return chunks(
    Array.from({ length: rows }, (_, i) => i),
    size,
  );
}

/** Tokens of the longest micro-batch that any order can make. @param capacity of a pack, when packing */
function largestBatch(lengths: readonly number[], size: number, capacity: number | undefined): number {
  const longest = lengths.toSorted((a, b) => b - a);
  const sum = longest.slice(0, size).reduce((total, length) => total + length, 0);
  if (capacity === undefined) return sum;
  const all = lengths.reduce((total, length) => total + length, 0);
  return Math.min(size * Math.max(capacity, longest[0] ?? 0), all);
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
