// A whole dataset as the model reads it.
import { PronkError } from '../formats/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { countLabels } from './micro-batch';
import { type TokenizeConfig, tokenizeExample } from './tokenize';
import type { Example, TokenizedRow } from './types';

export interface TokenizedDataset {
  /** Rows with something to learn, in the dataset's order; `row` is their index there. */
  readonly rows: readonly TokenizedRow[];
  /** Indices of rows without a labelled token, which are left out. */
  readonly skipped: readonly number[];
}

/** Milliseconds between two breaks for whatever else its thread has to do. */
const SLICE = 30;

/**
 * Tokenizes every row, giving way to other work now and then.
 * @throws PronkError `no-labels` where no row has anything to learn; `unknown-template`, `bad-dataset`, `bad-chat-template`
 */
export async function tokenizeDataset(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  config: TokenizeConfig,
): Promise<TokenizedDataset> {
  const rows: TokenizedRow[] = [];
  const skipped: number[] = [];
  for await (const row of tokenizedRows(examples, tokenizer, config)) {
    if (countLabels(row) > 0) rows.push(row);
    else skipped.push(row.row);
  }
  if (rows.length === 0) throw noLabels(examples.length, config);
  return { rows, skipped };
}

/** Each row in turn, with breaks. */
async function* tokenizedRows(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  config: TokenizeConfig,
): AsyncGenerator<TokenizedRow> {
  let pause = performance.now() + SLICE;
  for (const [row, example] of examples.entries()) {
    yield tokenizeExample(example, row, tokenizer, config);
    if (performance.now() < pause) continue;
    await new Promise((resolve) => setTimeout(resolve));
    pause = performance.now() + SLICE;
  }
}

function noLabels(rows: number, { cutoff_len: cutoff, train_on_inputs: onInputs }: TokenizeConfig): PronkError {
  const all = rows === 0 ? 'The dataset has no rows' : `None of the ${rows} rows has a token in the loss`;
  const why = onInputs
    ? ''
    : `, since with train_on_inputs off only answers are, and the first ${cutoff} tokens hold none`;
  const todo = rows === 0 ? 'Add some.' : 'Raise cutoff_len, or give the rows answers or labels.';
  return new PronkError('no-labels', `${all}${why}. ${todo}`);
}
