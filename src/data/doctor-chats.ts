// Conversations whose turns are not in the order that most templates ask for. They are read as they stand.
import type { DatasetMessage, RowProblem } from './types';

/** Findings about the order of turns. */
export function chatProblems(messages: readonly DatasetMessage[]): Omit<RowProblem, 'row'>[] {
  const turns = messages.filter(({ role }) => role !== 'system');
  const found: Omit<RowProblem, 'row'>[] = [];
  if (messages.findLastIndex(({ role }) => role === 'system') > 0)
    found.push({
      code: 'late-system',
      message: 'It has a system message after its first turn: many chat templates refuse or drop it.',
    });
  if (turns[0]?.role === 'assistant')
    found.push({
      code: 'answer-first',
      message: 'It starts with an answer, before any question: many chat templates refuse that.',
    });
  if (turns.some(({ role }, i) => role === turns[i - 1]?.role))
    found.push({
      code: 'same-role',
      message:
        'It has two messages of the same role in a row: many chat templates refuse that. Put both into one message.',
    });
  if (turns.at(-1)?.role === 'user' && turns.length > 1)
    found.push({
      code: 'question-last',
      message: 'It ends with a question that has no answer: it is read, but teaches nothing.',
    });
  return found;
}
