// A conversation as the text that a model was tuned on: its own Jinja template, or a publisher's form.
// (Templates as in huggingface.co/docs/transformers/chat_templating.)

import { Template } from '@huggingface/jinja';
import { PronkError } from '../formats/errors';
import type { ChatMessage, ChatPiece } from './chat-message';
import { type ChatStyle, renderStyle } from './chat-styles';
import { cutMarked, markCores, markWhole } from './content-marks';
import type { Tokenizer } from './tokenizer';

type Templated = Pick<Tokenizer, 'chatTemplate' | 'specialTokens'>;

/**
 * Renders a conversation for `encodePieces`; joined, the pieces are its text. It takes the model's own template unless a
 * style is asked for.
 * @throws PronkError `bad-chat-template` when the template cannot be read, or refuses the conversation
 */
export function renderChat(
  tokenizer: Templated,
  messages: readonly ChatMessage[],
  options: { readonly addGenerationPrompt: boolean; readonly style?: ChatStyle | undefined },
): ChatPiece[] {
  const { chatTemplate, specialTokens } = tokenizer;
  const { addGenerationPrompt, style } = options;
  if (style !== undefined || chatTemplate === undefined) {
    return renderStyle(style ?? 'alpaca-lora', messages, addGenerationPrompt, specialTokens);
  }
  const template = parse(chatTemplate);
  const variables = {
    // templates add these to strings, which needs a string
    bos_token: '',
    eos_token: '',
    ...specialTokens,
    add_generation_prompt: addGenerationPrompt,
  };
  const render = (list: readonly ChatMessage[]) => {
    const contents = list.map(({ content }) => content);
    const renderWith = (marked: readonly string[]) =>
      template.render({ ...variables, messages: list.map(({ role }, i) => ({ role, content: marked[i] })) });
    const cores = markCores(contents);
    let cut = cutMarked(renderWith(cores.marked), cores);
    if (!cut) {
      // The template took a content apart: it gets a stand-in that it cannot look into.
      const whole = markWhole(contents);
      cut = cutMarked(renderWith(whole.marked), whole)!;
    }
    const pieces = cut.pieces.map(
      ({ text, trusted, content }): ChatPiece =>
        content === undefined ? { text, trusted } : { text, trusted, role: list[content]!.role },
    );
    return { pieces, found: cut.found };
  };
  try {
    const system = messages.findIndex(({ role, content }) => role === 'system' && content.trim() !== '');
    if (system < 0) return render(messages).pieces;
    // templates without a place for a system message either raise or drop it
    const rendered = attempt(() => render(messages));
    return rendered?.found.has(system) ? rendered.pieces : render(foldSystem(messages)).pieces;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The model’s chat template does not accept this conversation: ${reason}`;
    throw new PronkError('bad-chat-template', message.replace(/[^.!?]$/, '$&.'), { cause: error });
  }
}

// A prompt that is shortened to fit is rendered again and again, with one template.
let latest: { readonly source: string; readonly template: Template } | undefined;

function parse(source: string): Template {
  if (latest?.source === source) return latest.template;
  try {
    latest = { source, template: new Template(source) };
    return latest.template;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The model’s chat template cannot be read (${reason}). Use Instruct, which needs none.`;
    throw new PronkError('bad-chat-template', message, { cause: error });
  }
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** System messages in front of the first user message's content. */
function foldSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content.trim());
  const others = messages.filter(({ role }) => role !== 'system');
  const first = others.findIndex(({ role }) => role === 'user');
  if (first < 0) return [{ role: 'user', content: system.join('\n\n') }, ...others];
  const content = [...system, others[first].content].join('\n\n');
  return others.with(first, { role: 'user', content });
}
