// Conversations as OpenAI writes them (`messages`: role, content) and as ShareGPT does (`conversations`: from, value).
import { isObject, type JsonObject, stringIn } from '../../formats/json';
import type { ChatMessage } from '../../tokenizer/chat-message';
import { badRow } from './bad-dataset';

const ROLES: Readonly<Record<string, ChatMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
};

/** @param field the list's name, for messages @throws PronkError `bad-dataset` */
export function readMessages(list: unknown, row: number, field: string): ChatMessage[] {
  if (!Array.isArray(list) || list.length === 0)
    throw badRow(row, `has no messages: ${field} is ${Array.isArray(list) ? 'empty' : 'no list'}.`);
  return list.map((message: unknown, i) => {
    const where = `${field}[${i}]`;
    if (!isObject(message)) throw badRow(row, `has no message at ${where}: it is no object of role and content.`);
    return { role: roleOf(message, row, where), content: contentOf(message, row, where) };
  });
}

function roleOf(message: JsonObject, row: number, where: string): ChatMessage['role'] {
  const name = stringIn(message, 'role', 'from');
  if (name === undefined) throw badRow(row, `has no role at ${where}: a message says who speaks by role (or from).`);
  const role = Object.hasOwn(ROLES, name.toLowerCase()) ? ROLES[name.toLowerCase()] : undefined;
  if (role) return role;
  throw badRow(
    row,
    `has the role ${JSON.stringify(name)} at ${where}; known are system, user (human) and assistant (gpt). Take tool calls out.`,
  );
}

function contentOf(message: JsonObject, row: number, where: string): string {
  const content = message['content'] ?? message['value'];
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content)
    ? content.map((part: unknown) => (isObject(part) && part['type'] === 'text' ? stringIn(part, 'text') : undefined))
    : [undefined];
  if (parts.some((part) => part === undefined)) {
    throw badRow(row, `has no text at ${where}: content (or value) must be text, without images and tool calls.`);
  }
  return parts.join('');
}
