// Micro-batches for tests.
import { IGNORED } from '../../data/types';
import type { MicroBatch } from '../lora-types';

/** A row of tokens as files hold it: labels beside their ids. */
export interface TokenRow {
  readonly input_ids: readonly number[];
  readonly labels: readonly number[];
}

/** Rows side by side. `numbers` are their places in the dataset; without them, their places here. */
export function microBatch(rows: readonly TokenRow[], numbers: readonly number[] = rows.map((_, i) => i)): MicroBatch {
  return {
    ids: Uint32Array.from(rows.flatMap((row) => row.input_ids)),
    positions: Uint32Array.from(rows.flatMap((row) => row.input_ids.map((_, t) => t))),
    targets: Int32Array.from(rows.flatMap((row) => row.input_ids.map((_, t) => row.labels[t + 1] ?? IGNORED))),
    rows: Uint32Array.from(rows.flatMap((row, i) => row.input_ids.map(() => numbers[i]))),
  };
}

/** Tokens of the rows that are in the loss. */
export function countTargets(rows: readonly TokenRow[]): number {
  return rows.reduce((sum, { labels }) => sum + labels.slice(1).filter((label) => label !== IGNORED).length, 0);
}
