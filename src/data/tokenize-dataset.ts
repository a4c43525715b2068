// A whole dataset as the model reads it.
import { PronkError } from '../core/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { countLabels } from './micro-batch';
import { refusal } from './refused';
import { type TokenizeConfig, tokenizeExample } from './tokenize';
import type { Example, RowProblem, TokenizedRow } from './types';

export interface TokenizedDataset {
  /** Rows with something to learn, in the dataset's order; `row` is their index there. */
  readonly rows: readonly TokenizedRow[];
  /** Indices of rows that are left out: without a labelled token, refused, or never read. */
  readonly skipped: readonly number[];
  /** Why the model cannot read some of them. */
  readonly refused: readonly RowProblem[];
}

/** Milliseconds between two breaks for whatever else its thread has to do. */
const SLICE = 30;

/**
 * Tokenizes every row, giving way to other work now and then.
 * @throws PronkError `no-labels` where no row has anything to learn; `unknown-template`; `bad-dataset`, `bad-chat-template`
 * where no row can be read by the model
 */
export async function tokenizeDataset(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  config: TokenizeConfig,
): Promise<TokenizedDataset> {
  const rows: TokenizedRow[] = [];
  const skipped: number[] = [];
  const refused: RowProblem[] = [];
  let firstError: unknown;
  let pause = performance.now() + SLICE;
  for (const [row, example] of examples.entries()) {
    try {
      const tokenized = tokenizeExample(example, row, tokenizer, config);
      if (countLabels(tokenized) > 0) rows.push(tokenized);
      else skipped.push(row);
    } catch (error) {
      const problem = refusal(error, row);
      if (!problem) throw error;
      firstError ??= error;
      refused.push(problem);
      skipped.push(row);
    }
    if (performance.now() < pause) continue;
    await new Promise((resolve) => setTimeout(resolve));
    pause = performance.now() + SLICE;
  }
  if (rows.length === 0 && firstError !== undefined) throw noneRead(refused, firstError);
  if (rows.length === 0) throw noLabels(examples.length, config);
  return { rows, skipped, refused };
}

function noneRead([first, ...others]: readonly RowProblem[], error: unknown): unknown {
  if (!(error instanceof PronkError) || !first) return error;
  const all = others.length === 0 ? '' : `This model can read none of ${others.length + 1} rows. `;
  return new PronkError(error.code, `${all}Row ${first.row + 1}: ${first.message}`, { cause: error });
}

function noLabels(rows: number, { cutoff_len: cutoff, train_on_inputs: onInputs }: TokenizeConfig): PronkError {
  const all = rows === 0 ? 'The dataset has no rows' : `None of the ${rows} rows has a token in the loss`;
  const why = onInputs
    ? ''
    : `, since with train_on_inputs off only answers are, and the first ${cutoff} tokens hold none`;
  const todo = rows === 0 ? 'Add some.' : 'Raise cutoff_len, or give the rows answers or labels.';
  return new PronkError('no-labels', `${all}${why}. ${todo}`);
}
