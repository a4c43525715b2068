// A conversation as the text that a model was tuned on: its own Jinja template, or a publisher's form.
// (Templates as in huggingface.co/docs/transformers/chat_templating.)

import { PronkError } from '../core/errors';
import type { ChatMessage, ChatPiece } from './chat-message';
import { type ChatStyle, renderStyle } from './chat-styles';
import { parseTemplate } from './chat-template-source';
import { Allowance } from './jinja/budget';
import type { Template } from './jinja/index';
import { Text } from './jinja/text';
import { Dict, List, type Value } from './jinja/values';
import { type Thinking, THINKING_SWITCH, thinkingOf } from './thinking';
import { callValue, templateValue, type Tool } from './tools';
import type { Tokenizer } from './tokenizer';

type Templated = Pick<Tokenizer, 'chatTemplate' | 'specialTokens'>;

/** Text between two parts of one answer that marks off a thought: it is said by whom the answer is of. */
const THOUGHT_ALONE = /^\s*<\/?think>\s*$/;

/**
 * Renders a conversation for `encodePieces`; joined, the pieces are its text. It takes the model's own template unless a
 * style is asked for.
 * @throws PronkError `bad-chat-template` when the template cannot be read, or refuses the conversation;
 * `template-too-long` when it takes too long
 */
export function renderChat(
  tokenizer: Templated,
  messages: readonly ChatMessage[],
  options: {
    readonly addGenerationPrompt: boolean;
    readonly style?: ChatStyle | undefined;
    /** Whether the model is to think, where its template has a switch for that; undefined leaves it to the template. */
    readonly thinking?: boolean | undefined;
    /** Tools that the model may call, where its template knows them. */
    readonly tools?: readonly Tool[] | undefined;
    /** Shared where one prompt is rendered more than once. */
    readonly allowance?: Allowance | undefined;
  },
): ChatPiece[] {
  const { chatTemplate, specialTokens } = tokenizer;
  const { addGenerationPrompt, style, thinking, tools, allowance = new Allowance() } = options;
  if (style !== undefined || chatTemplate === undefined) {
    return renderStyle(style ?? 'alpaca-lora', messages, addGenerationPrompt, specialTokens);
  }
  const template = parseTemplate(chatTemplate);
  const how = { thinks: thinkingOf(chatTemplate), thinking, tools };
  const render = (list: readonly ChatMessage[]) =>
    piecesOf(renderTemplate(template, list, specialTokens, addGenerationPrompt, allowance, how), list);
  try {
    const system = messages.findIndex(({ role, content }) => role === 'system' && content.trim() !== '');
    if (system < 0) return render(messages).pieces;
    // templates without a place for a system message either raise or drop it
    const rendered = attempt(() => render(messages));
    return rendered?.found.has(system) ? rendered.pieces : render(foldSystem(messages)).pieces;
  } catch (error) {
    if (error instanceof PronkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The model’s chat template does not accept this conversation: ${reason}`;
    throw new PronkError('bad-chat-template', message.replace(/[^.!?]$/, '$&.'), { cause: error });
  }
}

/** What a template's model does about thoughts, and what is asked of it. */
interface Asked {
  readonly thinks?: Thinking | undefined;
  readonly thinking?: boolean | undefined;
  readonly tools?: readonly Tool[] | undefined;
}

/** What a template makes of messages, with the variables that transformers gives it. */
export function renderTemplate(
  template: Template,
  messages: readonly ChatMessage[],
  specialTokens: Readonly<Record<string, string>>,
  addGenerationPrompt: boolean,
  allowance?: Allowance,
  how: Asked = {},
): Text {
  const variables = new Map<string, Value>([
    // templates add these to strings, which needs a string
    ['bos_token', new Text('')],
    ['eos_token', new Text('')],
    ...Object.entries(specialTokens).map(([name, text]) => [name, new Text(text)] as const),
    ['messages', new List(messages.map((message, i) => messageValue(message, i, how)))],
    ['tools', how.tools?.length ? templateValue(how.tools, messages.length) : null],
    ['documents', null],
    ['add_generation_prompt', addGenerationPrompt],
    ...(how.thinking === undefined ? [] : [[THINKING_SWITCH, how.thinking] as const]),
  ]);
  const told = JSON.stringify([how.tools ?? [], ...messages.map((each) => each.tool_calls ?? [])]).length;
  const given = messages.reduce((sum, each) => sum + each.content.length + (each.reasoning_content?.length ?? 0), told);
  return template.render(variables, given, allowance);
}

/**
 * A message as a template sees it. A thought comes apart from the content where the template knows it apart, else within it
 * as the model wrote it, unless no thinking is asked for.
 */
function messageValue(message: ChatMessage, i: number, how: Asked): Dict {
  const { role, content, reasoning_content: thought, tool_calls: calls, tool_call_id: id, name } = message;
  const said = Text.of(content, i);
  const { thinks, thinking } = how;
  const value = (what: Text, more: Readonly<Record<string, Value>> = {}) =>
    Dict.from({
      role: new Text(role),
      content: what,
      ...more,
      ...(calls?.length && { tool_calls: new List(calls.map((call) => callValue(call, i))) }),
      ...(id !== undefined && { tool_call_id: Text.of(id, i) }),
      ...(name !== undefined && { name: Text.of(name, i) }),
    });
  if (!thought || !thinks) return value(said);
  const thoughtText = Text.of(thought, i);
  if (thinks.apart) return value(said, { reasoning_content: thoughtText });
  if (thinking === false) return value(said);
  const { open, close } = thinks.marks;
  return value(Text.join([new Text(`${open}\n`), thoughtText, new Text(`\n${close}\n\n`), said]));
}

/** A rendered text cut where contents begin and end; `found` are the contents that are in it. */
function piecesOf({ text, runs }: Text, messages: readonly ChatMessage[]) {
  const pieces: ChatPiece[] = [];
  const found = new Set(runs.map(({ origin }) => origin));
  let from = 0;
  for (const [i, { start, end, origin }] of runs.entries()) {
    const role = messages[origin]?.role ?? 'user';
    if (start > from) {
      const own = text.slice(from, start);
      const inside = runs[i - 1]?.origin === origin && THOUGHT_ALONE.test(own);
      pieces.push(inside ? { text: own, trusted: true, role } : { text: own, trusted: true });
    }
    pieces.push({ text: text.slice(start, end), trusted: false, role });
    from = end;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), trusted: true });
  return { pieces, found };
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    // what took too long takes as long again
    if (error instanceof PronkError) throw error;
    return undefined;
  }
}

/** System messages in front of the first user message's content. */
function foldSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content.trim());
  const others = messages.filter(({ role }) => role !== 'system');
  const first = others.findIndex(({ role }) => role === 'user');
  const question = others[first];
  if (!question) return [{ role: 'user', content: system.join('\n\n') }, ...others];
  const content = [...system, question.content].join('\n\n');
  return others.with(first, { role: 'user', content });
}
