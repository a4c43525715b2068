// Conversations: OpenAI's (`messages`: role, content), ShareGPT's (`conversations`: from, value) and their kin.
import { isObject, type JsonObject, stringIn } from '../../core/json';
import type { DatasetMessage, Example } from '../types';
import { BadRow } from './bad-dataset';
import { jsonValue } from './json-values';
import { type Found, isMissing, toText } from './values';

type Role = DatasetMessage['role'];

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  question: 'user',
  instruction: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  ai: 'assistant',
  bot: 'assistant',
  chatbot: 'assistant',
  answer: 'assistant',
  response: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
};
const SPEAKER = ['role', 'from', 'speaker', 'author', 'sender'] as const;
const WORDS = ['content', 'value', 'text', 'message', 'utterance'] as const;
/** Fields by which a message is kept out of the loss, where they say no. */
const LEARNT = ['weight', 'loss', 'train', 'training', 'loss_mask', 'trainable'] as const;

/** Whether a value says who speaks, and what. */
export function isMessage(value: unknown): value is JsonObject {
  return (
    isObject(value) && stringIn(value, ...SPEAKER) !== undefined && WORDS.some((field) => Object.hasOwn(value, field))
  );
}

/** @param field the list's name, for messages @throws BadRow */
export function readMessages(value: unknown, field: string, found: Found): DatasetMessage[] {
  // a cell of a table
  const list = typeof value === 'string' ? jsonValue(value)?.value : value;
  if (!Array.isArray(list) || list.length === 0) {
    const what = isMissing(value) || Array.isArray(list) ? 'empty' : 'no list';
    throw new BadRow('no-messages', `has no messages: ${field} is ${what}.`);
  }
  return list.map((message: unknown, i) => {
    const where = `${field}[${i}]`;
    if (!isObject(message))
      throw new BadRow('no-messages', `has no message at ${where}: it is not an object of role and content.`);
    const role = roleOf(message, where);
    const content = contentOf(message, where, found);
    return isLearnt(message) ? { role, content } : { role, content, learn: false };
  });
}

/** A row of a conversation, with a system message in front where it has none. @throws BadRow where nobody answers */
export function chat(messages: readonly DatasetMessage[], system = ''): Example {
  if (!messages.some(({ role }) => role === 'assistant'))
    throw new BadRow('no-answer', 'has no answer: none of its messages is the assistant’s.');
  const isWhole = system === '' || messages[0]?.role === 'system';
  return { kind: 'messages', messages: isWhole ? messages : [{ role: 'system', content: system }, ...messages] };
}

/** The role that a speaker's name stands for, in any case. */
export function roleNamed(name: string): Role | undefined {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(ROLES, key) ? ROLES[key] : undefined;
}

function roleOf(message: JsonObject, where: string): Role {
  const name = stringIn(message, ...SPEAKER);
  if (name === undefined)
    throw new BadRow('unknown-role', `has no role at ${where}: a message says who speaks by role (or from).`);
  const role = roleNamed(name);
  if (role) return role;
  throw new BadRow(
    'unknown-role',
    `has the role ${JSON.stringify(name)} at ${where}; known are system, user (human) and assistant (gpt). Take tool calls out.`,
  );
}

function contentOf(message: JsonObject, where: string, found: Found): string {
  const content = WORDS.map((field) => message[field]).find((each) => each !== undefined);
  const noText = () =>
    new BadRow('not-text', `has no text at ${where}: content (or value) must be text, without images and tool calls.`);
  if (isMissing(content)) throw noText();
  if (!Array.isArray(content)) return toText(content, where, found);
  const parts = content.map((part: unknown) => {
    if (typeof part === 'string') return part;
    return isObject(part) && part['type'] === 'text' ? stringIn(part, 'text') : undefined;
  });
  if (parts.some((part) => part === undefined)) throw noText();
  return parts.join('');
}

function isLearnt(message: JsonObject): boolean {
  return !LEARNT.some((field) => {
    const value = message[field];
    return value === 0 || value === false || value === '0' || value === 'false';
  });
}
