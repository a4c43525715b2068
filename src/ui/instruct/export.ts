// Starred instructions as the rows of a dataset.
import type { Run } from './instruct';

/** Rows as in Alpaca's dataset. */
export function toDataset(runs: readonly Run[]): string {
  const rows = runs.map(({ instruction, input, response }) => ({ instruction, input, output: response }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}
