// What the fields of a record say it is. Names count in any case, with blanks or underscores.
import { isObject, type JsonObject } from '../../core/json';
import { isMessage } from './chat';

/** Forms of records by the names that the command line has for them. */
export const FORMS = {
  alpaca: 'Alpaca',
  dolly: 'Dolly',
  pairs: 'Question and answer',
  messages: 'Messages',
  sharegpt: 'ShareGPT',
  completion: 'Prompt and completion',
  preferences: 'Preferences',
  text: 'Text',
  tokens: 'Tokens',
  seeds: 'Seed tasks',
} as const;
export type Form = keyof typeof FORMS;

/** Fields of an answer, the likeliest first. */
export const ANSWERS = [
  'output',
  'response',
  'completion',
  'answer',
  'answers',
  'outputs',
  'targets',
  'target',
] as const;
/** Fields of what is asked where there is no instruction. */
export const QUESTIONS = ['question', 'query', 'inputs', 'input'] as const;
/** Those who speak, as fields of a row of two turns. */
export const SPEAKERS = [
  ['human', 'assistant'],
  ['user', 'assistant'],
  ['human', 'bot'],
  ['user', 'bot'],
] as const;
/** Lists of messages. */
export const CONVERSATIONS = ['conversations', 'conversation', 'dialogue', 'dialog', 'turns'] as const;

/** A record whose fields have the names by which they are known; others keep theirs. */
export function named(record: JsonObject): JsonObject {
  const names = Object.keys(record);
  if (names.every((name) => canonical(name) === name)) return record;
  const entries = names.map((name): [string, unknown] => {
    const known = canonical(name);
    return [known in record ? name : known, record[name]];
  });
  return Object.fromEntries(entries);
}

function canonical(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');
}

/** The form of a record, by its fields; undefined for one that is to be told. */
export function formOf(record: unknown): Form | undefined {
  if (typeof record === 'string') return 'text';
  if (Array.isArray(record)) return record.length > 0 && record.every(isMessage) ? 'messages' : undefined;
  if (!isObject(record)) return undefined;
  const fields = named(record);
  const has = (...names: string[]) => names.every((name) => name in fields);
  const hasAnswer = ANSWERS.some((name) => name in fields);
  if (has('input_ids')) return 'tokens';
  if (has('chosen', 'rejected')) return 'preferences';
  if (has('messages')) return 'messages';
  if (CONVERSATIONS.some((name) => Array.isArray(fields[name]) || typeof fields[name] === 'string')) return 'sharegpt';
  if (has('instruction', 'instances')) return 'seeds';
  if (has('instruction', 'response', 'context')) return 'dolly';
  if (has('instruction')) return 'alpaca';
  if (has('prompt') && hasAnswer) return 'completion';
  if (QUESTIONS.some((name) => name in fields) && hasAnswer) return 'pairs';
  if (SPEAKERS.some((pair) => has(...pair))) return 'pairs';
  if (has('text')) return 'text';
  return undefined;
}
