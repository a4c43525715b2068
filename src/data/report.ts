// How a dataset looks to a model: lengths, what the cutoff leaves, what is learned, and what is wrong with which row.
import type { Tokenizer } from '../tokenizer/tokenizer';
import { examine } from './doctor';
import { countLabels } from './micro-batch';
import { refusal } from './refused';
import { endOfText, type TokenizeConfig, tokenizeCounted } from './tokenize';
import type { DatasetReport, Example, RowPreview, RowProblem, TokenizedRow } from './types';
import { IGNORED } from './types';

/** Milliseconds between two breaks for whatever else its thread has to do. */
const SLICE = 30;
/** Most buckets of the histogram. */
const BUCKETS = 40;
const NARROWEST = 8;

/**
 * Tokenizes every row.
 * @param numberOf what a row is called where another one names it
 * @throws PronkError `unknown-template`
 */
export async function reportDataset(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  config: TokenizeConfig,
  numberOf?: (row: number) => number,
): Promise<DatasetReport> {
  const problems: RowProblem[] = examine(examples, numberOf);
  const lengths: number[] = [];
  const ends = new Set([endOfText(tokenizer), ...tokenizer.eosIds]);
  let [tokens, labelled, ended, whole] = [0, 0, 0, 0];
  let pause = performance.now() + SLICE;
  for (const [row, example] of examples.entries()) {
    if (performance.now() >= pause) {
      await new Promise((resolve) => setTimeout(resolve));
      pause = performance.now() + SLICE;
    }
    const counted = counts(example, row, tokenizer, config);
    if ('code' in counted) {
      problems.push(counted);
      continue;
    }
    const { tokenized, length } = counted;
    const labels = countLabels(tokenized);
    const stops = ends.has(tokenized.labels.findLast((label) => label !== IGNORED));
    lengths.push(length);
    tokens += tokenized.ids.length;
    labelled += labels;
    ended += stops ? 1 : 0;
    whole += tokenized.truncated ? 0 : 1;
    problems.push(...tokenProblems(tokenized, length, labels, stops));
  }
  const all = lengths.reduce((sum, length) => sum + length, 0);
  return {
    rows: lengths.length,
    problems: problems.toSorted((a, b) => a.row - b.row),
    tokens,
    labelled,
    ended,
    histogram: histogram(lengths),
    longest: longestOf(lengths),
    coverage: { rows: share(whole, lengths.length), tokens: share(tokens, all) },
  };
}

/** A row's tokens; or what is wrong with one that cannot be read. */
function counts(example: Example, row: number, tokenizer: Tokenizer, config: TokenizeConfig) {
  if (example.kind === 'unread') return { row, code: example.code, message: example.problem };
  try {
    return tokenizeCounted(example, row, tokenizer, config);
  } catch (error) {
    const problem = refusal(error, row);
    if (!problem) throw error;
    return problem;
  }
}

function tokenProblems(
  { row, ids, truncated }: TokenizedRow,
  length: number,
  labels: number,
  stops: boolean,
): RowProblem[] {
  if (labels === 0) {
    const why = truncated ? `its first ${ids.length} of ${length} tokens hold no answer` : 'it has no answer';
    return [
      { row, code: 'no-labels', message: `None of its tokens is in the loss: ${why}. It is left out of training.` },
    ];
  }
  if (truncated) {
    const message = `It has ${length} tokens, and ${ids.length} are read: ${stops ? 'its beginning is' : 'the rest and its end of text are'} cut off.`;
    return [{ row, code: 'too-long', message }];
  }
  const message = 'Its end-of-text token is not in the loss, so it does not teach the model to stop.';
  return stops ? [] : [{ row, code: 'no-eos', message }];
}

/** Rows by length in buckets of one width, from 0 to the longest. */
export function histogram(lengths: readonly number[]): DatasetReport['histogram'] {
  const longest = longestOf(lengths);
  let width = NARROWEST;
  while (width * BUCKETS <= longest) width *= 2;
  const buckets = Array<number>(lengths.length === 0 ? 0 : Math.floor(longest / width) + 1).fill(0);
  for (const length of lengths) buckets[Math.floor(length / width)]++;
  return buckets.map((rows, i) => ({ from: i * width, to: (i + 1) * width, rows }));
}

/** A row token by token. @throws PronkError `unknown-template`, `bad-dataset`, `bad-chat-template` */
export function previewExample(
  example: Example,
  row: number,
  tokenizer: Tokenizer,
  config: TokenizeConfig,
): RowPreview {
  const { tokenized } = tokenizeCounted(example, row, tokenizer, config);
  const { ids, labels, truncated } = tokenized;
  const stream = tokenizer.stream();
  const tokens = ids.map((id, i) => {
    const spelling = tokenizer.spelling(id);
    // a special token ends a character that is cut off, too
    const text = spelling === undefined ? stream.push(id) : stream.flush() + spelling;
    return { id, text, inLoss: i > 0 && labels[i] !== IGNORED, special: spelling !== undefined };
  });
  return { tokens, truncated };
}

function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((most, length) => Math.max(most, length), 0);
}

function share(part: number, all: number): number {
  return all === 0 ? 1 : part / all;
}
