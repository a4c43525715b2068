// The row that a record becomes, by its form.
import { isObject, type JsonObject } from '../../core/json';
import { type ColumnMapping, type DatasetMessage, type Example, IGNORED } from '../types';
import { BadRow } from './bad-dataset';
import { chat, readMessages } from './chat';
import { ANSWERS, CONVERSATIONS, type Form, named, QUESTIONS, SPEAKERS } from './form-of';
import { jsonValue } from './json-values';
import { PREFERENCE_FIELDS, readPreference } from './preferences';
import { splitTurns } from './turns';
import { type Found, isMissing, textIn, textOr } from './values';

/** Fields of records that become part of a row. */
export const USED_FIELDS: Readonly<Record<Form, readonly string[]>> = {
  alpaca: ['instruction', 'input', 'system', 'system_prompt', 'history', ...ANSWERS],
  pairs: [...QUESTIONS, 'context', 'system', 'system_prompt', 'history', ...SPEAKERS.flat(), ...ANSWERS],
  dolly: ['instruction', 'context', 'input', 'response'],
  messages: ['messages'],
  sharegpt: [...CONVERSATIONS, 'system', 'system_prompt'],
  completion: ['prompt', ...ANSWERS],
  preferences: PREFERENCE_FIELDS,
  text: ['text'],
  tokens: ['input_ids', 'labels', 'attention_mask'],
  seeds: ['instruction', 'instances'],
};

/** Fields that make an instruct row of one, by what a row needs. */
interface Fields {
  readonly instruction: string | undefined;
  readonly input?: string | undefined;
  readonly output: string | undefined;
}

/**
 * The rows of a record, mostly one.
 * @param found gets what is to be known about them
 * @throws BadRow
 */
export function readRecord(given: unknown, form: Form, found: Found): Example[] {
  if (form === 'text' && typeof given === 'string') return [readText(given, found)];
  if (form === 'messages' && Array.isArray(given)) return [chat(readMessages(given, 'the list', found))];
  if (!isObject(given)) throw new BadRow('not-a-row', 'is not an object with named fields.');
  const record = named(given);
  switch (form) {
    case 'alpaca':
    case 'pairs':
    case 'dolly':
      return [readInstruct(record, instructFields(record, form), found)];
    case 'messages':
      return [chat(readMessages(record['messages'], 'messages', found), systemIn(record, found))];
    case 'sharegpt':
      return [readShareGpt(record, found)];
    case 'completion':
      return [readCompletion(record, found)];
    case 'preferences':
      return [readPreference(record, systemIn(record, found), found)];
    case 'text':
      return [readText(textIn(record, 'text', found), found)];
    case 'tokens':
      return [readTokens(record)];
    case 'seeds':
      return readSeedTask(record, found);
  }
}

function firstOf(record: JsonObject, names: readonly string[]): string | undefined {
  return names.find((name) => name in record);
}

function instructFields(record: JsonObject, form: 'alpaca' | 'pairs' | 'dolly'): Fields {
  const output = firstOf(record, ANSWERS) ?? 'output';
  if (form === 'dolly')
    return { instruction: 'instruction', input: firstOf(record, ['context', 'input']), output: 'response' };
  if (form === 'alpaca') return { instruction: 'instruction', input: 'input', output };
  const [asks, answers] = SPEAKERS.find((pair) => pair.every((name) => name in record)) ?? [];
  const question = firstOf(record, QUESTIONS);
  if (question === undefined && asks !== undefined) return { instruction: asks, output: answers };
  return { instruction: question ?? 'question', input: 'context', output };
}

/** A record whose columns a person has named. @throws BadRow */
export function readMapped(record: unknown, mapping: ColumnMapping, found: Found): Example {
  if (!isObject(record)) throw new BadRow('not-a-row', 'is not an object with named fields.');
  const { instruction, input, output, text } = mapping;
  const loose = Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, isMissing(value) ? value : cellText(value)]),
  );
  if (text !== undefined) return { kind: 'text', text: textIn(loose, text, found) };
  const needed = (field: string | undefined) => (field === undefined ? '' : textIn(loose, field, found));
  return {
    kind: 'instruct',
    instruction: needed(instruction),
    input: textOr(loose, input, found),
    output: needed(output),
  };
}

export function cellText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** An instruct row; a conversation where there is more before it: a system message, earlier turns. */
function readInstruct(record: JsonObject, { instruction, input, output }: Fields, found: Found): Example {
  const needed = (field: string | undefined) => (field === undefined ? '' : textIn(record, field, found));
  const row = {
    kind: 'instruct',
    instruction: needed(instruction),
    input: textOr(record, input, found),
    output: needed(output),
  } as const;
  const system = systemIn(record, found);
  const history = historyIn(record['history'], found);
  if (system === '' && history.length === 0) return row;
  const asked = [row.instruction, row.input].filter((text) => text !== '').join('\n');
  return chat([...history, { role: 'user', content: asked }, { role: 'assistant', content: row.output }], system);
}

function systemIn(record: JsonObject, found: Found): string {
  return textOr(record, firstOf(record, ['system', 'system_prompt']), found);
}

/** Earlier turns: pairs of question and answer, or messages. */
function historyIn(given: unknown, found: Found): DatasetMessage[] {
  const value = typeof given === 'string' ? (given.trim() === '' ? undefined : jsonValue(given)?.value) : given;
  if (isMissing(value)) return [];
  const isPair = (turn: unknown): turn is [string, string] =>
    Array.isArray(turn) && turn.length === 2 && turn.every((part) => typeof part === 'string');
  if (!Array.isArray(value) || !value.every(isPair)) return readMessages(value, 'history', found);
  return value.flatMap(([question, answer]): DatasetMessage[] => [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ]);
}

function readShareGpt(record: JsonObject, found: Found): Example {
  const field = firstOf(record, CONVERSATIONS) ?? 'conversations';
  return chat(readMessages(record[field], field, found), systemIn(record, found));
}

function readCompletion(record: JsonObject, found: Found): Example {
  const answer = firstOf(record, ['completion', ...ANSWERS]) ?? 'completion';
  const { prompt, [answer]: completion, label } = record;
  // TRL's unpaired preferences
  if (label === false)
    throw new BadRow('undesirable', 'is marked as an answer not to give (label is false), so it is not trained on.');
  // TRL's conversational form
  if (Array.isArray(prompt) && Array.isArray(completion) && completion.every(isObject))
    return chat([...readMessages(prompt, 'prompt', found), ...readMessages(completion, answer, found)]);
  return { kind: 'completion', prompt: textIn(record, 'prompt', found), completion: textIn(record, answer, found) };
}

function readText(text: string, found: Found): Example {
  const split = splitTurns(text);
  if (!split) return { kind: 'text', text };
  found({ code: 'split-turns', message: 'It holds turn markers, and was split into turns.' });
  return split;
}

function readTokens(record: JsonObject): Example {
  const bad = (problem: string) => new BadRow('bad-tokens', problem);
  const ids = wholeNumbers(record, 'input_ids');
  const labels = isMissing(record['labels']) ? ids : wholeNumbers(record, 'labels');
  if (ids.length === 0) throw bad('has no tokens: input_ids is empty.');
  if (ids.some((id) => id < 0)) throw bad('has a negative id in input_ids.');
  if (labels.some((label) => label < 0 && label !== IGNORED)) throw bad(`has a label below 0 that is not ${IGNORED}.`);
  if (labels.length !== ids.length) {
    throw bad(
      `has ${ids.length} input_ids and ${labels.length} labels; each token needs one, ${IGNORED} where it is not trained.`,
    );
  }
  // padding that a collator has written already
  const mask = isMissing(record['attention_mask']) ? undefined : wholeNumbers(record, 'attention_mask');
  if (!mask) return { kind: 'tokens', ids, labels };
  if (mask.length !== ids.length)
    throw bad(`has ${ids.length} input_ids and an attention_mask of ${mask.length}; each token needs one.`);
  const kept = (list: readonly number[]) => list.filter((_, i) => mask[i] !== 0);
  return { kind: 'tokens', ids: kept(ids), labels: kept(labels) };
}

/** Self-instruct's tasks (Wang et al. 2022, arXiv:2212.10560): one instruction with instances of it. */
function readSeedTask(record: JsonObject, found: Found): Example[] {
  const instances = record['instances'];
  if (!Array.isArray(instances) || instances.length === 0)
    throw new BadRow('not-a-row', 'has no instances, a list of input and output.');
  return instances.map((instance: unknown) => {
    if (!isObject(instance))
      throw new BadRow('not-a-row', 'has an instance that is not an object of input and output.');
    const { instruction } = record;
    return readInstruct({ ...instance, instruction }, instructFields({ ...instance, instruction }, 'alpaca'), found);
  });
}

function wholeNumbers(record: JsonObject, field: string): number[] {
  const given = record[field];
  // a cell of a table
  const value = typeof given === 'string' ? jsonValue(given)?.value : given;
  if (Array.isArray(value) && value.every((each) => Number.isInteger(each))) return value as number[];
  throw new BadRow('bad-tokens', `has no list of whole numbers in the field ${field}.`);
}
