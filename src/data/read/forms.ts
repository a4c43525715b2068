// What the fields of a record say it is, and the row that it becomes.
import { isObject, type JsonObject } from '../../formats/json';
import { type ColumnMapping, type Example, IGNORED } from '../types';
import { badRow } from './bad-dataset';
import { readMessages } from './chat';

/** Forms of records by the names that the command line has for them. */
export const FORMS = {
  alpaca: 'Alpaca',
  dolly: 'Dolly',
  pairs: 'Question and answer',
  messages: 'Messages',
  sharegpt: 'ShareGPT',
  completion: 'Prompt and completion',
  text: 'Text',
  tokens: 'Tokens',
  seeds: 'Seed tasks',
} as const;
export type Form = keyof typeof FORMS;

/** Fields of records that become part of a row. */
export const USED_FIELDS: Readonly<Record<Form, readonly string[]>> = {
  alpaca: ['instruction', 'input', 'output', 'response'],
  pairs: ['question', 'answer', 'input', 'output'],
  dolly: ['instruction', 'context', 'input', 'response'],
  messages: ['messages'],
  sharegpt: ['conversations', 'conversation', 'system'],
  completion: ['prompt', 'completion', 'response'],
  text: ['text'],
  tokens: ['input_ids', 'labels', 'attention_mask'],
  seeds: ['instruction', 'instances'],
};

/** Fields that make an instruct row of one, by what a row needs; the first that is there is taken. */
interface Fields {
  readonly instruction: string | undefined;
  readonly input?: string | undefined;
  readonly output: string | undefined;
}

const ALPACA: Fields = { instruction: 'instruction', input: 'input', output: 'output' };

/** The form of a record, by its fields; undefined for one that is to be told. */
export function formOf(record: unknown): Form | undefined {
  if (typeof record === 'string') return 'text';
  if (!isObject(record)) return undefined;
  const has = (...fields: string[]) => fields.every((field) => field in record);
  if (has('input_ids')) return 'tokens';
  if (has('messages')) return 'messages';
  if (has('conversations') || has('conversation')) return 'sharegpt';
  if (has('instruction', 'instances')) return 'seeds';
  if (has('instruction', 'response', 'context')) return 'dolly';
  if (has('instruction')) return 'alpaca';
  if (has('question', 'answer') || has('input', 'output')) return 'pairs';
  if (has('prompt', 'completion') || has('prompt', 'response')) return 'completion';
  if (has('text')) return 'text';
  return undefined;
}

/**
 * The rows of a record, mostly one.
 * @param row its index in the file
 * @throws PronkError `bad-dataset`
 */
export function readRecord(record: unknown, row: number, form: Form): Example[] {
  if (form === 'text' && typeof record === 'string') return [{ kind: 'text', text: record }];
  if (!isObject(record)) throw badRow(row, `is no object with named fields.`);
  switch (form) {
    case 'alpaca':
    case 'pairs':
    case 'dolly':
      return [readInstruct(record, row, instructFields(record, form))];
    case 'messages':
      return [{ kind: 'messages', messages: readMessages(record['messages'], row, 'messages') }];
    case 'sharegpt':
      return [readShareGpt(record, row)];
    case 'completion':
      return [readCompletion(record, row)];
    case 'text':
      return [{ kind: 'text', text: textIn(record, 'text', row) }];
    case 'tokens':
      return [readTokens(record, row)];
    case 'seeds':
      return readSeedTask(record, row);
  }
}

function instructFields(record: JsonObject, form: 'alpaca' | 'pairs' | 'dolly'): Fields {
  const firstOf = (...names: [string, ...string[]]) => names.find((name) => name in record) ?? names[0];
  if (form === 'dolly') return { ...ALPACA, input: firstOf('context', 'input'), output: 'response' };
  if (form === 'alpaca') return { ...ALPACA, output: firstOf('output', 'response') };
  return { instruction: firstOf('question', 'input'), output: firstOf('answer', 'output') };
}

/** A record whose columns a person has named. */
export function readMapped(record: unknown, row: number, mapping: ColumnMapping): Example {
  if (!isObject(record)) throw badRow(row, 'is no object with named fields.');
  const { instruction, input, output, text } = mapping;
  const loose = Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null
        ? JSON.stringify(value)
        : typeof value === 'string' || value === null
          ? value
          : String(value),
    ]),
  );
  if (text !== undefined) return { kind: 'text', text: textIn(loose, text, row) };
  return readInstruct(loose, row, { instruction, input, output });
}

function readInstruct(record: JsonObject, row: number, { instruction, input, output }: Fields): Example {
  const optional = (field: string | undefined) =>
    field !== undefined && record[field] != null ? textIn(record, field, row) : '';
  const needed = (field: string | undefined) => {
    if (field === undefined) return '';
    return record[field] === null ? '' : textIn(record, field, row);
  };
  return { kind: 'instruct', instruction: needed(instruction), input: optional(input), output: needed(output) };
}

function readShareGpt(record: JsonObject, row: number): Example {
  const field = 'conversations' in record ? 'conversations' : 'conversation';
  const messages = readMessages(record[field], row, field);
  const system = record['system'];
  if (typeof system !== 'string' || system === '' || messages[0]?.role === 'system')
    return { kind: 'messages', messages };
  return { kind: 'messages', messages: [{ role: 'system', content: system }, ...messages] };
}

function readCompletion(record: JsonObject, row: number): Example {
  const answer = 'response' in record && !('completion' in record) ? 'response' : 'completion';
  const { prompt, [answer]: completion } = record;
  // TRL's conversational form
  if (Array.isArray(prompt) && Array.isArray(completion)) {
    return {
      kind: 'messages',
      messages: [...readMessages(prompt, row, 'prompt'), ...readMessages(completion, row, answer)],
    };
  }
  return { kind: 'completion', prompt: textIn(record, 'prompt', row), completion: textIn(record, answer, row) };
}

function readTokens(record: JsonObject, row: number): Example {
  const ids = wholeNumbers(record, 'input_ids', row);
  const labels = record['labels'] == null ? ids : wholeNumbers(record, 'labels', row);
  if (ids.length === 0) throw badRow(row, 'has no tokens: input_ids is empty.');
  if (ids.some((id) => id < 0)) throw badRow(row, `has a negative id in input_ids.`);
  if (labels.some((label) => label < 0 && label !== IGNORED))
    throw badRow(row, `has a label below 0 that is not ${IGNORED}.`);
  if (labels.length !== ids.length) {
    throw badRow(
      row,
      `has ${ids.length} input_ids and ${labels.length} labels; each token needs one, ${IGNORED} where it is not trained.`,
    );
  }
  // padding that a collator has written already
  const mask = record['attention_mask'] == null ? undefined : wholeNumbers(record, 'attention_mask', row);
  if (!mask) return { kind: 'tokens', ids, labels };
  if (mask.length !== ids.length) {
    throw badRow(row, `has ${ids.length} input_ids and an attention_mask of ${mask.length}; each token needs one.`);
  }
  const kept = (list: readonly number[]) => list.filter((_, i) => mask[i] !== 0);
  return { kind: 'tokens', ids: kept(ids), labels: kept(labels) };
}

/** Self-instruct's tasks (Wang et al. 2022, arXiv:2212.10560): one instruction with instances of it. */
function readSeedTask(record: JsonObject, row: number): Example[] {
  const instances = record['instances'];
  if (!Array.isArray(instances) || instances.length === 0)
    throw badRow(row, 'has no instances, a list of input and output.');
  return instances.map((instance: unknown) => {
    if (!isObject(instance)) throw badRow(row, 'has an instance that is no object of input and output.');
    return readInstruct({ ...instance, instruction: record['instruction'] }, row, ALPACA);
  });
}

function textIn(record: JsonObject, field: string, row: number): string {
  const value = record[field];
  if (typeof value === 'string') return value;
  if (value === undefined)
    throw badRow(row, `has no field ${field}. Its fields are ${Object.keys(record).join(', ') || 'none'}.`);
  throw badRow(row, `has ${kindOf(value)} in the field ${field}, where text is needed.`);
}

function wholeNumbers(record: JsonObject, field: string, row: number): number[] {
  const value = record[field];
  if (Array.isArray(value) && value.every((each) => Number.isInteger(each))) return value as number[];
  throw badRow(row, `has no list of whole numbers in the field ${field}.`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
