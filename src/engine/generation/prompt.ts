// Prompts as the ids that a model reads: a person's text is put into a form, tokenized, and cut to a context.
import { type ChatStyle, styleStops } from '../../tokenizer/chat-styles';
import type { ChatMessage, ChatPiece } from '../../tokenizer/chat-message';
import { renderChat } from '../../tokenizer/chat-template';
import { Allowance } from '../../tokenizer/jinja/budget';
import { fillTemplate, type PromptTemplate } from '../../tokenizer/prompt-templates';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { withBos, withChatBos } from '../../tokenizer/with-bos';
import { thinkingOf, USUAL_MARKS } from '../../tokenizer/thinking';
import type { ToolChoice } from '../forms/tool-grammar';
import type { Tool } from '../../tokenizer/tools';
import type { Begun, ThoughtForm } from './generate';
import { toolsOf } from './tool-calls';

/** A chat, an instruction through a template, or raw text. */
export type Prompt =
  | {
      readonly kind: 'chat';
      readonly messages: readonly ChatMessage[];
      /** In place of the model's own template. */
      readonly style?: ChatStyle | undefined;
      /** Whether the model is to think first, where its template has a switch for that; without it the template decides. */
      readonly thinking?: boolean | undefined;
      /** Tools that the model may call, where its template knows them. */
      readonly tools?: readonly Tool[] | undefined;
      /** Which of them, and whether it must; it may where it is not given. */
      readonly toolChoice?: ToolChoice | undefined;
    }
  | {
      readonly kind: 'instruct';
      readonly instruction: string;
      readonly input: string;
      readonly template: PromptTemplate;
    }
  | { readonly kind: 'raw'; readonly text: string };

export interface EncodedPrompt {
  readonly ids: number[];
  /** Oldest messages left out so that the conversation fits. */
  readonly droppedMessages: number;
  /** How a thought before the answer is marked off, where the model answers in its own form. */
  readonly thought?: ThoughtForm;
}

/** How much of a context a prompt takes. */
export interface PromptSize {
  readonly tokens: number;
  /** Oldest messages that would be left out. */
  readonly droppedMessages: number;
}

/** The exact text of a prompt, special tokens spelled out. */
export function promptText(tokenizer: Tokenizer, prompt: Prompt): string {
  return promptPieces(tokenizer, prompt)
    .map((piece) => piece.text)
    .join('');
}

/** A prompt in pieces: what people wrote is not trusted, so that special tokens spelled in it stay text. */
function promptPieces(tokenizer: Tokenizer, prompt: Prompt, allowance?: Allowance): ChatPiece[] {
  switch (prompt.kind) {
    case 'raw':
      return [{ text: prompt.text, trusted: false }];
    case 'instruct': {
      const { template, instruction, input } = prompt;
      const filled = { text: fillTemplate(template, instruction, input), trusted: false };
      if (template.separator !== 'eos-bos') return [filled];
      const { eos_token: eos = '', bos_token: bos = '' } = tokenizer.specialTokens;
      return [filled, { text: `${eos}${bos}`, trusted: true }];
    }
    case 'chat': {
      const { messages, style, thinking } = prompt;
      const { tools, begun } = toolsOf(tokenizer, prompt);
      const how = { addGenerationPrompt: true, style, thinking, tools, allowance };
      return [...renderChat(tokenizer, messages, how), ...begun];
    }
  }
}

/** Where the answer to a chat ends for a model that was not trained to end it: at the next turn of the form. */
export function promptStops(tokenizer: Tokenizer, prompt: Prompt): readonly string[] {
  if (prompt.kind !== 'chat') return [];
  const style = prompt.style ?? (tokenizer.chatTemplate === undefined ? 'alpaca-lora' : undefined);
  return style === undefined ? [] : styleStops(style);
}

/** Ids of an answer's beginning; text is encoded as a continuation of the prompt, after the thought that this opens. */
export function begunIds(tokenizer: Tokenizer, begun: Begun = [], thought?: ThoughtForm): readonly number[] {
  if (typeof begun !== 'string') return begun;
  const said = tokenizer.encode(begun, { continuation: true });
  return thought?.isOpen ? [...closingIds(tokenizer, thought), ...said] : said;
}

/** Ids that close a thought. */
export function closingIds(tokenizer: Tokenizer, { marks }: ThoughtForm): readonly number[] {
  return tokenizer.encodePieces([{ text: `\n${marks.close}\n\n`, trusted: true }]);
}

/** How a thought is marked off in the answer to a prompt. */
function thoughtForm(tokenizer: Tokenizer, pieces: readonly ChatPiece[]): ThoughtForm {
  const marks = thinkingOf(tokenizer.chatTemplate)?.marks ?? USUAL_MARKS;
  const last = pieces.at(-1);
  return { marks, isOpen: last?.trusted === true && last.text.trimEnd().endsWith(marks.open) };
}

/**
 * Ids of a prompt; BOS first where the model wants one. A chat that leaves less than `reserve` of `context` free loses its
 * oldest turns, as few as will do, never its system message and never its last message. All renderings that this takes share
 * the time that one has.
 */
export function encodePrompt(tokenizer: Tokenizer, prompt: Prompt, context: number, reserve: number): EncodedPrompt {
  if (prompt.kind !== 'chat') {
    return { ids: withBos(tokenizer, tokenizer.encodePieces(promptPieces(tokenizer, prompt))), droppedMessages: 0 };
  }
  const isOwnTemplate = prompt.style === undefined && tokenizer.chatTemplate !== undefined;
  const system = prompt.messages.filter((message) => message.role === 'system');
  const turns = prompt.messages.filter((message) => message.role !== 'system');
  const allowance = new Allowance();
  const without = (dropped: number): EncodedPrompt => {
    const messages = [...system, ...turns.slice(dropped)];
    const pieces = promptPieces(tokenizer, { ...prompt, messages }, allowance);
    const ids = withChatBos(tokenizer, tokenizer.encodePieces(pieces), isOwnTemplate);
    return { ids, droppedMessages: dropped, ...(isOwnTemplate && { thought: thoughtForm(tokenizer, pieces) }) };
  };
  const fits = ({ ids }: EncodedPrompt) => ids.length + reserve <= context;
  const whole = without(0);
  const cuts = cutsOf(turns);
  if (fits(whole) || cuts.length === 0) return whole;
  // the fewer turns, the fewer tokens
  let fewest: EncodedPrompt | undefined;
  let [low, high] = [0, cuts.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const tried = without(cuts[middle] ?? 0);
    if (fits(tried)) [high, fewest] = [middle, tried];
    else low = middle + 1;
  }
  const dropped = cuts[low] ?? 0;
  return fewest?.droppedMessages === dropped ? fewest : without(dropped);
}

/** Numbers of messages that may be left out. A turn is a question with its answer: what is left never begins with an answer. */
function cutsOf(turns: readonly ChatMessage[]): readonly number[] {
  return turns.flatMap(({ role }, i) => (i > 0 && (role === 'user' || i === turns.length - 1) ? [i] : []));
}
