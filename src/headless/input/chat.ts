// A chat in a file: a list of messages, or an object that has it beside tools.
import { isObject } from '../../core/json';
import { PronkError } from '../../core/errors';
import type { Prompt } from '../../engine/generation/prompt';
import type { ToolChoice } from '../../engine/forms/tool-grammar';
import type { ChatMessage } from '../../tokenizer/chat-message';
import type { Tool, ToolCall } from '../../tokenizer/tools';
import { textAt } from '../node-store/files';

const ROLES = ['system', 'user', 'assistant', 'tool'] as const;

/** The chat of a file, in OpenAI's shape. @throws PronkError `no-file`, `bad-messages` */
export async function readChat(file: string): Promise<Prompt & { kind: 'chat' }> {
  const text = await textAt(file);
  const wrong = (what = 'is not a list of {"role", "content"} messages') =>
    new PronkError('bad-messages', `${file} ${what}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong();
  }
  const list = isObject(value) ? value['messages'] : value;
  const messages = Array.isArray(list) ? list.map(messageOf) : [];
  if (messages.length === 0 || !messages.every((each) => each !== undefined)) throw wrong();
  const { tools = [], tool_choice: choice } = isObject(value) ? value : {};
  if (!Array.isArray(tools) || !tools.every(isTool))
    throw wrong('has tools that are not {"type": "function", "function": {"name"}}');
  if (choice !== undefined && !isChoice(choice)) throw wrong('has a tool_choice that is none');
  return {
    kind: 'chat',
    messages,
    ...(tools.length > 0 && { tools }),
    ...(choice !== undefined && { toolChoice: choice }),
  };
}

function messageOf(each: unknown): ChatMessage | undefined {
  if (!isObject(each)) return undefined;
  const { role, content, reasoning_content: thought, tool_calls: given, tool_call_id: id, name } = each;
  const said = content === null && Array.isArray(given) ? '' : content;
  const texts = [thought, id, name].every((text) => text === undefined || typeof text === 'string');
  const calls = Array.isArray(given) ? given.map(callOf) : [];
  const fit = (given === undefined || Array.isArray(given)) && calls.every((call) => call !== undefined);
  const known = ROLES.find((word) => word === role);
  if (known === undefined || typeof said !== 'string' || !texts || !fit) return undefined;
  return { ...each, role: known, content: said, ...(calls.length > 0 && { tool_calls: calls }) };
}

/** A call; transformers writes arguments as an object, and no id. */
function callOf(each: unknown): ToolCall | undefined {
  if (!isTool(each)) return undefined;
  const { id, function: called } = each as Partial<ToolCall> & Tool;
  const { arguments: args = {} } = called as { readonly arguments?: unknown };
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return { id: id ?? '', type: 'function', function: { name: called.name, arguments: text } };
}

const isTool = (each: unknown): each is Tool =>
  isObject(each) && isObject(each['function']) && typeof each['function']['name'] === 'string';

const isChoice = (choice: unknown): choice is ToolChoice =>
  ['none', 'auto', 'required'].includes(choice as string) || isTool(choice);
