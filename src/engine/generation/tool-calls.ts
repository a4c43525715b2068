// Tools in a chat: what the prompt has of them, what the answer is held to, and the calls in it.
import { PronkError } from '../../core/errors';
import type { ChatPiece } from '../../tokenizer/chat-message';
import { callFormOf, parseCalls, type Tool, type ToolCall } from '../../tokenizer/tools';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { callGrammar, chosenTools, mustCall } from '../forms/tool-grammar';
import type { Prompt } from './prompt';

interface ToolsInUse {
  readonly tools?: readonly Tool[];
  /** The beginning of a call that must be written. */
  readonly begun: readonly ChatPiece[];
  /** What holds the answer to a call, where it must be one. */
  readonly grammar?: string;
}

/**
 * What becomes of a prompt's tools.
 * @throws PronkError `bad-request` where the model's template knows none; `bad-schema`
 */
export function toolsOf(tokenizer: Pick<Tokenizer, 'chatTemplate'>, prompt: Prompt): ToolsInUse {
  if (prompt.kind !== 'chat' || !prompt.tools?.length) return { begun: [] };
  const { toolChoice = 'auto' } = prompt;
  const tools = chosenTools(prompt.tools, toolChoice);
  if (tools.length === 0) return { begun: [] };
  const form = prompt.style === undefined ? callFormOf(tokenizer.chatTemplate) : undefined;
  if (form === undefined) {
    const message =
      'The model’s chat template knows no tools. Leave the tools out, or take a model that was tuned to call them.';
    throw new PronkError('bad-request', message);
  }
  if (!mustCall(toolChoice)) return { tools, begun: [] };
  const begun = form.open === '' ? [] : [{ text: form.open, trusted: true }];
  return { tools, begun, grammar: callGrammar(tools, form) };
}

/** What an answer says, and what it calls. */
export interface CalledTools {
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
}

/** The calls in an answer; undefined where the prompt has no tools. @param ids of the answer, without a thought */
export function calledTools(tokenizer: Tokenizer, prompt: Prompt, ids: readonly number[]): CalledTools | undefined {
  const { tools, begun } = toolsOf(tokenizer, prompt);
  if (!tools) return undefined;
  let text = begun.map((piece) => piece.text).join('');
  let plain: number[] = [];
  const flush = () => {
    text += tokenizer.decode(plain);
    plain = [];
  };
  for (const id of ids) {
    const spelling = tokenizer.spelling(id);
    if (spelling === undefined) plain.push(id);
    else {
      flush();
      text += spelling;
    }
  }
  flush();
  const { content, calls } = parseCalls(text, new Set(tools.map(({ function: { name } }) => name)));
  const toolCalls = calls.map(
    (call): ToolCall => ({ id: `call_${crypto.randomUUID()}`, type: 'function', function: call }),
  );
  return { content, toolCalls };
}
