// databricks-dolly-15k as OpenAlpaca trains on it: fields renamed, rows of more than 2000 words left out
// (process_dataset.py of OpenAlpaca).
import type { Example } from './types';

const MOST_WORDS = 2000;

/** Whether OpenAlpaca keeps a row. */
export function keepsDolly(row: Example): boolean {
  if (row.kind !== 'instruct') return true;
  return countWords(row.instruction) + countWords(row.input) + countWords(row.output) <= MOST_WORDS;
}

/** White space to Python's `split`: four separators and NEL are, which they are not to JavaScript, and U+FEFF is none. */
const SPACE = '(?!\uFEFF)[\\s\u001C\u001D\u001E\u001F\u0085]';
const WORD = new RegExp(`(?:(?!${SPACE})[^])+`, 'g');

function countWords(text: string): number {
  return text.match(WORD)?.length ?? 0;
}
