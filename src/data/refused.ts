// Rows that a model cannot read: its template refuses the conversation, or its vocabulary has no such token.
import { PronkError } from '../core/errors';
import type { RowProblem } from './types';

const CODES: Readonly<Record<string, string>> = {
  'bad-chat-template': 'template-refuses',
  'bad-dataset': 'foreign-token',
};

/** What is wrong with a row that an error was thrown for; undefined where the error is not about the row. */
export function refusal(error: unknown, row: number): RowProblem | undefined {
  if (!(error instanceof PronkError)) return undefined;
  const code = CODES[error.code];
  return code === undefined ? undefined : { row, code, message: error.message };
}
