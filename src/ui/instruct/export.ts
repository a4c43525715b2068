// Starred instructions as the rows of a dataset.
import type { Instruction } from './instruct';

/** Rows as in Alpaca's dataset. */
export function toDataset(instructions: readonly Instruction[]): string {
  const rows = instructions.map(({ instruction, input, response }) => ({ instruction, input, output: response }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}
