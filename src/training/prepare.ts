// Examples -> what the loop reads: rows as tokens, those held out, and which rows each update takes.
import { createBatches, inOrder, splitValidation } from '../data/batches';
import { countLabels, toMicroBatch } from '../data/micro-batch';
import { endOfText, tokenizeExample } from '../data/tokenize';
import type { Example, TokenizedRow } from '../data/types';
import { PronkError } from '../formats/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { TrainingConfig } from './config';
import { rowsFingerprint } from './fingerprint';
import type { TrainingData } from './loop';

export interface PreparedData extends TrainingData {
  readonly train: readonly TokenizedRow[];
  readonly held: readonly TokenizedRow[];
  /** Rows of the dataset without a token in the loss: neither trained on nor validated with. */
  readonly skipped: readonly TokenizedRow[];
  /** Rows, or packs, that are read in an epoch. */
  readonly units: number;
  /** Most tokens of a micro-batch, trained or validated. */
  readonly largest: number;
  /** Rows whose end is EOS and in the loss. */
  readonly ended: number;
  /** Of the rows, of what is held out, and of the order. */
  fingerprint(): Promise<string>;
}

/** Rows that are tokenized before others are let run. */
const ROWS_AT_A_TIME = 500;

/**
 * Tokenizes and plans.
 * @param examples the whole dataset, whose indices key the dropout masks
 * @param pause awaited now and then, so that a long dataset does not hold everything up
 * @throws PronkError `no-labels` where no row has an answer, `bad-config` for a validation set that leaves nothing,
 *   `bad-dataset`, `unknown-template`
 */
export async function prepareData(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  config: TrainingConfig,
  pause: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve)),
): Promise<PreparedData> {
  const rows: TokenizedRow[] = [];
  for (const [row, example] of examples.entries()) {
    if (row % ROWS_AT_A_TIME === ROWS_AT_A_TIME - 1) await pause();
    rows.push(tokenizeExample(example, row, tokenizer, config));
  }
  const [labelled, skipped] = [
    rows.filter((row) => countLabels(row) > 0),
    rows.filter((row) => countLabels(row) === 0),
  ];
  if (labelled.length === 0) throw nothingToLearn(rows);
  const { val_set_size: size, seed, per_device_train_batch_size: batch } = config;
  if (size >= labelled.length) {
    throw new PronkError(
      'bad-config',
      `val_set_size is ${size}, and the data has ${labelled.length} rows to learn from: nothing would be left to train on. ` +
        'Set it to 0, or to a share such as 0.1.',
    );
  }
  const split = splitValidation(labelled.length, size, seed);
  const [train, held] = [split.train, split.validation].map((part) => part.map((i) => labelled[i]!)) as [
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
    ended: labelled.filter(({ labels }) => eos !== undefined && labels.at(-1) === eos).length,
    stepsPerEpoch: plan.stepsPerEpoch,
    step: (n) => plan.step(n).map((part) => toMicroBatch(part.map((i) => train[i]!))),
    validation: heldBatches.map(toMicroBatch),
    fingerprint: () => rowsFingerprint([...train, ...held]),
  };
}

function nothingToLearn(rows: readonly TokenizedRow[]): PronkError {
  if (rows.length === 0) return new PronkError('no-labels', 'The dataset has no rows. Add some, and start again.');
  const cut = rows.filter(({ truncated }) => truncated).length;
  const why =
    cut === rows.length
      ? 'every row is cut off before its answer begins. Raise cutoff_len'
      : 'no row has an answer to learn from. Fill in the outputs, or set train_on_inputs to true';
  return new PronkError('no-labels', `No token of the ${rows.length} rows is in the loss: ${why}.`);
}
