// Rows as tokens -> what the loop reads: the rows that are held out, and which rows each update takes.
import { fixedRotation, type ModelConfig } from '../core/model-config';
import { createBatches, inOrder, splitValidation, validationCount } from '../data/batches';
import { toMicroBatch } from '../data/micro-batch';
import { endOfText } from '../data/tokenize';
import type { TokenizedDataset } from '../data/tokenize-dataset';
import type { TokenizedRow } from '../data/types';
import { PronkError } from '../core/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { TrainingConfig } from './config';
import { rowsFingerprint } from './fingerprint';
import type { TrainingData } from './loop';

export interface PreparedData extends TrainingData {
  readonly train: readonly TokenizedRow[];
  readonly validationRows: readonly TokenizedRow[];
  /** Indices of the dataset's rows without a token in the loss: neither trained on nor validated with. */
  readonly skipped: readonly number[];
  /** Rows, or packs, that are read in an epoch. */
  readonly units: number;
  /** Most tokens of a micro-batch, trained or validated. */
  readonly maxBatchTokens: number;
  /** Rows whose end is EOS and in the loss. */
  readonly ended: number;
  /** Micro-batches of an update as indices into `train`. */
  rowsOf(step: number): readonly (readonly number[])[];
  /** Digest of the rows, of what is held out, and of the order. */
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
  if (size > 0 && validationCount(rows.length, size) >= rows.length) {
    throw new PronkError(
      'bad-config',
      `val_set_size is ${size}, and the data has ${rows.length === 1 ? '1 row' : `${rows.length} rows`} to learn from: nothing would be left to train on. ` +
        'Set it to 0, or to a smaller share such as 0.1.',
      { field: 'val_set_size' },
    );
  }
  const split = splitValidation(rows.length, size, seed);
  const [train, validationRows] = [split.train, split.validation].map((part) => part.map((i) => rows[i])) as [
    TokenizedRow[],
    TokenizedRow[],
  ];
  const lengths = train.map(({ ids }) => ids.length);
  const plan = createBatches(lengths, config);
  const validationBatches = inOrder(validationRows.length, batch).map((part) => part.map((i) => validationRows[i]));
  const largestValidation = Math.max(
    0,
    ...validationBatches.map((part) => part.reduce((sum, { ids }) => sum + ids.length, 0)),
  );
  const eos = endOfText(tokenizer);
  return {
    train,
    validationRows,
    skipped,
    units: plan.units,
    maxBatchTokens: Math.max(plan.maxBatchTokens, largestValidation),
    ended: rows.filter(({ labels }) => eos !== undefined && labels.at(-1) === eos).length,
    stepsPerEpoch: plan.stepsPerEpoch,
    rowsOf: (step) => plan.step(step),
    step: (n) => plan.step(n).map((part) => toMicroBatch(part.map((i) => train[i]))),
    validation: validationBatches.map(toMicroBatch),
    fingerprint: () => rowsFingerprint([...train, ...validationRows]),
  };
}

/**
 * Rows beyond the length from which on a model rotates a text by its length are not trained: the other rows of a batch would
 * be rotated as the longest one in transformers, and here each for itself.
 * @throws PronkError `bad-config`
 */
export function checkPositions(
  { train, validationRows }: Pick<PreparedData, 'train' | 'validationRows'>,
  config: Pick<ModelConfig, 'ropeScaling' | 'contextLength' | 'learnedPositions'>,
): void {
  const { ropeScaling, learnedPositions, contextLength } = config;
  const fixed = learnedPositions ? contextLength : fixedRotation(config);
  if (fixed === Infinity) return;
  const longest = [...train, ...validationRows].reduce((most, { ids }) => Math.max(most, ids.length), 0);
  if (longest <= fixed) return;
  throw new PronkError(
    'bad-config',
    `cutoff_len lets rows of ${longest} tokens through, and this model ${
      learnedPositions
        ? `has learned ${fixed} positions and no more`
        : `scales the positions of texts beyond ${fixed} tokens ${ropeScaling?.type === 'dynamic' ? 'dynamically' : 'by other factors (longrope)'}, which training does not do`
    }. Set cutoff_len to ${fixed}.`,
    { field: 'cutoff_len' },
  );
}
