// Rows that compare two answers. There is no training on preferences yet; the chosen answer is one to learn.
import { isObject, type JsonObject } from '../../formats/json';
import type { Example } from '../types';
import { readMessages, withAnswer } from './chat';
import { splitTurns } from './turns';
import { type Found, isMissing, textIn, toText } from './values';

/** What is said of a file that holds such rows. */
export const PREFERENCES_NOTE =
  'The rows are preferences: a chosen and a rejected answer. Training on preferences is not there yet, so each is read as ' +
  'its prompt with the chosen answer, to be learnt as any other row; rejected answers are left out.';

/** @throws BadRow */
export function readPreference(record: JsonObject, found: Found): Example {
  const { prompt, chosen } = record;
  const isTalk = Array.isArray(chosen) && chosen.every(isObject);
  if (isTalk) {
    const answer = readMessages(chosen, 'chosen', found);
    // the chosen conversation may hold its prompt or go on from it
    if (isMissing(prompt) || answer.some(({ role }) => role === 'user'))
      return { kind: 'messages', messages: withAnswer(answer) };
    const asked = Array.isArray(prompt)
      ? readMessages(prompt, 'prompt', found)
      : [{ role: 'user', content: toText(prompt, 'the field prompt', found) } as const];
    return { kind: 'messages', messages: withAnswer([...asked, ...answer]) };
  }
  const text = textIn(record, 'chosen', found);
  if (isMissing(prompt)) return splitTurns(text) ?? { kind: 'text', text };
  if (Array.isArray(prompt) && prompt.every(isObject)) {
    const asked = readMessages(prompt, 'prompt', found);
    return { kind: 'messages', messages: [...asked, { role: 'assistant', content: text }] };
  }
  return { kind: 'completion', prompt: textIn(record, 'prompt', found), completion: text };
}
