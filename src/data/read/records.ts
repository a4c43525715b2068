// What a file lists, record by record, before anything is known of their fields.
import type { Finding } from './bad-dataset';

/** A record; or what stands in its place, with what is wrong with it. */
export type Listed =
  | { readonly record: unknown; readonly quirks?: readonly Quirk[] }
  | { readonly text: string; readonly fault: Finding };

/** How a record is written where its format has other rules; it is read all the same. */
export type Quirk = keyof typeof QUIRKS;

/** What is said of quirks. */
export const QUIRKS = {
  'no-number': 'NaN or Infinity appears where JSON needs a number, and is read as a missing value',
  'raw-control': 'Line breaks or tabs appear in texts unescaped, and are kept',
  'python-form': 'Values are written as Python prints them, and are read that way',
  'extra-comma': 'There is a trailing comma',
  'same-field': 'A field appears twice in one object, and the last one counts, as in Python',
  'wide-row': 'There are more cells than the header has, all of them empty, and they are left out',
} as const;

export interface ListedFile {
  /** How the file lists them: `JSON`, `JSON Lines`, `CSV`, … */
  readonly container: string;
  readonly lists: AsyncIterable<readonly Listed[]> | Iterable<readonly Listed[]>;
  /** Sentences about the file as a whole. */
  readonly notes?: readonly string[];
}

/** Counts quirks and conversions, so that one sentence says of all rows what happened to them. */
export class Tally {
  readonly #rows = new Map<string, number[]>();

  /** @param row from 0 */
  add(words: string, row: number): void {
    const rows = this.#rows.get(words);
    if (!rows) this.#rows.set(words, [row]);
    else if (rows.at(-1) !== row) rows.push(row);
  }

  notes(): string[] {
    return [...this.#rows].map(([words, rows]) => `${words} (${rowNames(rows)}).`);
  }
}

const NAMED = 5;

/** `row 3`, `rows 3, 4 and 9`, `rows 1, 2, 3, 4, 5 and 12 more`. */
function rowNames(rows: readonly number[]): string {
  const names = rows.slice(0, NAMED).map((row) => String(row + 1));
  if (rows.length === 1) return `row ${names[0]}`;
  const last = rows.length > NAMED ? `${rows.length - NAMED} more` : names.pop();
  return `rows ${names.join(', ')} and ${last}`;
}
