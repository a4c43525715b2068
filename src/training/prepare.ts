// Rows as tokens -> what the loop reads: those held out, and which rows each update takes.
import { createBatches, inOrder, splitValidation } from '../data/batches';
import { toMicroBatch } from '../data/micro-batch';
import { endOfText } from '../data/tokenize';
import type { TokenizedDataset } from '../data/tokenize-dataset';
import type { TokenizedRow } from '../data/types';
import { PronkError } from '../formats/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { TrainingConfig } from './config';
import { rowsFingerprint } from './fingerprint';
import type { TrainingData } from './loop';

export interface PreparedData extends TrainingData {
  readonly train: readonly TokenizedRow[];
  readonly held: readonly TokenizedRow[];
  /** Indices of the dataset's rows without a token in the loss: neither trained on nor validated with. */
  readonly skipped: readonly number[];
  /** Rows, or packs, that are read in an epoch. */
  readonly units: number;
  /** Most tokens of a micro-batch, trained or validated. */
  readonly largest: number;
  /** Rows whose end is EOS and in the loss. */
  readonly ended: number;
  /** Micro-batches of an update as indices into `train`. */
  rowsOf(step: number): readonly (readonly number[])[];
  /** Of the rows, of what is held out, and of the order. */
  fingerprint(): Promise<string>;
}

/**
 * Plans what each update reads.
 * @throws PronkError `bad-config` for a validation set that leaves nothing to train on
 */
export function prepareData(
  { rows, skipped }: TokenizedDataset,
  tokenizer: Tokenizer,
  config: TrainingConfig,
): PreparedData {
  const { val_set_size: size, seed, per_device_train_batch_size: batch } = config;
  if (size >= rows.length) {
    throw new PronkError(
      'bad-config',
      `val_set_size is ${size}, and the data has ${rows.length} rows to learn from: nothing would be left to train on. ` +
        'Set it to 0, or to a share such as 0.1.',
    );
  }
  const split = splitValidation(rows.length, size, seed);
  const [train, held] = [split.train, split.validation].map((part) => part.map((i) => rows[i]!)) as [
    TokenizedRow[],
    TokenizedRow[],
  ];
  const lengths = train.map(({ ids }) => ids.length);
  const plan = createBatches(lengths, config);
  const heldBatches = inOrder(held.length, batch).map((part) => part.map((i) => held[i]!));
  const largestHeld = Math.max(0, ...heldBatches.map((part) => part.reduce((sum, { ids }) => sum + ids.length, 0)));
  const eos = endOfText(tokenizer);
  return {
    train,
    held,
    skipped,
    units: plan.units,
    largest: Math.max(plan.largest, largestHeld),
    ended: rows.filter(({ labels }) => eos !== undefined && labels.at(-1) === eos).length,
    stepsPerEpoch: plan.stepsPerEpoch,
    rowsOf: (step) => plan.step(step),
    step: (n) => plan.step(n).map((part) => toMicroBatch(part.map((i) => train[i]!))),
    validation: heldBatches.map(toMicroBatch),
    fingerprint: () => rowsFingerprint([...train, ...held]),
  };
}
