// A conversation as the text that a model was tuned on.

import { ALPACA_PREAMBLE } from './prompt-templates';
import type { Tokenizer } from './tokenizer';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A part of a rendered conversation: the template's own text is trusted, what people and models wrote is not. */
export interface ChatPiece {
  readonly text: string;
  readonly trusted: boolean;
}

export function renderChat(
  tokenizer: Pick<Tokenizer, 'chatTemplate' | 'specialTokens'>,
  messages: readonly ChatMessage[],
  { addGenerationPrompt }: { readonly addGenerationPrompt: boolean },
): ChatPiece[] {
  return renderAlpaca(tokenizer, messages, addGenerationPrompt);
}

function renderAlpaca(
  { specialTokens }: Pick<Tokenizer, 'specialTokens'>,
  messages: readonly ChatMessage[],
  addGenerationPrompt: boolean,
): ChatPiece[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const preamble = { text: system.length ? system.join('\n\n') : ALPACA_PREAMBLE, trusted: !system.length };
  const pieces: ChatPiece[] = [preamble];
  for (const { role, content } of messages) {
    if (role === 'user')
      pieces.push({ text: '\n\n### Instruction:\n', trusted: true }, { text: content, trusted: false });
    if (role === 'assistant') {
      pieces.push({ text: '\n\n### Response:\n', trusted: true }, { text: content, trusted: false });
      pieces.push({ text: specialTokens['eos_token'] ?? '', trusted: true });
    }
  }
  if (addGenerationPrompt) pieces.push({ text: '\n\n### Response:\n', trusted: true });
  return pieces;
}
