// Conversations whose turns are not in the order that most templates ask for. They are read as they stand.
import type { DatasetMessage, RowProblem } from './types';

/** Findings about the order of turns. */
export function chatProblems(messages: readonly DatasetMessage[]): Omit<RowProblem, 'row'>[] {
  const turns = messages.filter(({ role }) => role !== 'system');
  const found: Omit<RowProblem, 'row'>[] = [];
  if (messages.findLastIndex(({ role }) => role === 'system') > 0)
    found.push({
      code: 'late-system',
      message: 'A system message stands among its turns: many templates refuse that, or lose it.',
    });
  if (turns[0]?.role === 'assistant')
    found.push({
      code: 'answer-first',
      message: 'It begins with an answer, before anything was asked: many templates refuse that.',
    });
  if (turns.some(({ role }, i) => role === turns[i - 1]?.role))
    found.push({
      code: 'same-role',
      message: 'Somebody speaks twice in a row: many templates refuse that. Put both into one message.',
    });
  if (turns.at(-1)?.role === 'user' && turns.length > 1)
    found.push({
      code: 'question-last',
      message: 'It ends with a question that nobody answers: it is read, and teaches no answer.',
    });
  return found;
}
