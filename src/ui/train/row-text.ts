// Rows of a dataset by their kind: an empty one, and one in a few words. Pure.
import type { Example } from '../../worker/contract';
import { countOf } from '../shared/format';

/** An empty row like another one. */
export function emptyLike(row: Example | undefined): Example {
  switch (row?.kind) {
    case 'messages':
      return {
        kind: 'messages',
        messages: [
          { role: 'user', content: '' },
          { role: 'assistant', content: '' },
        ],
      };
    case 'completion':
      return { kind: 'completion', prompt: '', completion: '' };
    case 'text':
      return { kind: 'text', text: '' };
    case 'instruct':
    case 'tokens':
    case 'unread':
    case undefined:
      return { kind: 'instruct', instruction: '', input: '', output: '' };
  }
}

/** A row in fields, with what the text of one that could not be read gives away. */
export function draftOf(text: string): Example {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    // written anew
  }
  const fields = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  const textOf = (...names: string[]) => {
    const value = names.map((name) => fields[name]).find((each) => each != null && each !== '');
    return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  };
  return {
    kind: 'instruct',
    instruction: textOf('instruction', 'prompt', 'question', 'query'),
    input: textOf('input', 'context'),
    output: textOf('output', 'response', 'completion', 'answer'),
  };
}

/** What a row asks and what it answers, to be shown in a line each. */
export function wordsOf(row: Example): { readonly asked: string; readonly answered: string } {
  switch (row.kind) {
    case 'instruct':
      return { asked: [row.instruction, row.input].filter(Boolean).join(' · '), answered: row.output };
    case 'messages': {
      const said = row.messages.filter(({ role }) => role !== 'system');
      return { asked: said.at(0)?.content ?? '', answered: said.at(-1)?.content ?? '' };
    }
    case 'completion':
      return { asked: row.prompt, answered: row.completion };
    case 'text':
      return { asked: row.text, answered: '' };
    case 'tokens':
      return { asked: countOf(row.ids.length, 'token'), answered: '' };
    case 'unread':
      return { asked: row.text, answered: row.problem };
  }
}
