// Rows that compare two answers. There is no training on preferences yet; the chosen answer is one to learn.
import { isObject, type JsonObject } from '../../core/json';
import type { DatasetMessage, Example } from '../types';
import { chat, isMessage, readMessages } from './chat';
import { CONVERSATIONS, QUESTIONS } from './form-of';
import { splitTurns } from './turns';
import { type Found, isMissing, textIn, textOr } from './values';

/** What is said of a file that holds such rows. */
export const PREFERENCES_NOTE =
  'The rows are preferences: a chosen and a rejected answer. Training on preferences is not supported yet, so each row is read as ' +
  'its prompt with the chosen answer; rejected answers are left out.';

/** Fields of what was asked of both answers: as messages, as text beside an instruction or without one. */
const TALKS = ['prompt', 'messages', ...CONVERSATIONS] as const;
const ASKS = ['prompt', ...QUESTIONS] as const;
/** Fields of records that become part of a row. */
export const PREFERENCE_FIELDS: readonly string[] = [
  ...new Set([...TALKS, ...ASKS, 'instruction', 'system', 'system_prompt', 'chosen', 'rejected']),
];

/** @param system what the record says to the system @throws BadRow */
export function readPreference(record: JsonObject, system: string, found: Found): Example {
  const answer = answerIn(record, found);
  // the chosen conversation may hold its prompt or go on from it
  if (answer.some(({ role }) => role === 'user')) return chat(answer, system);
  const talk = TALKS.find((field) => isTalk(record[field]));
  if (talk !== undefined) return chat([...readMessages(record[talk], talk, found), ...answer], system);

  const asks = ['instruction', ...ASKS].filter((field) => !isMissing(record[field]));
  const isSpoken = isTalk(record['chosen']) || isMessage(record['chosen']);
  if (asks.length > 0 && (system !== '' || isSpoken)) {
    const asked = asks.map((field) => textOr(record, field, found)).filter((text) => text !== '');
    return chat([{ role: 'user', content: asked.join('\n') }, ...answer], system);
  }
  if (isSpoken) return chat(answer, system);
  const text = answer.map(({ content }) => content).join('');
  if (!isMissing(record['instruction']))
    return {
      kind: 'instruct',
      instruction: textIn(record, 'instruction', found),
      input: textOr(record, 'input', found),
      output: text,
    };
  const [ask] = asks;
  if (ask !== undefined) return { kind: 'completion', prompt: textIn(record, ask, found), completion: text };
  return splitTurns(text) ?? { kind: 'text', text };
}

function isTalk(value: unknown): value is JsonObject[] {
  return Array.isArray(value) && value.length > 0 && value.every(isObject);
}

/** The chosen answer: a list of messages, one message, or a text. @throws BadRow */
function answerIn(record: JsonObject, found: Found): DatasetMessage[] {
  const { chosen } = record;
  if (isTalk(chosen)) return readMessages(chosen, 'chosen', found);
  if (isMessage(chosen)) return readMessages([chosen], 'chosen', found);
  return [{ role: 'assistant', content: textIn(record, 'chosen', found) }];
}
