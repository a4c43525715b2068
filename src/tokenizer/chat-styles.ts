// Conversations in the words that publishers of tuned models asked theirs with: for models without a template, or by choice.

import type { ChatMessage, ChatPiece } from './chat-message';
import { ALPACA_PREAMBLE } from './prompt-templates';

/**
 * `point-alpaca`: chat.py of point-alpaca. `alpaca-lora`: templates/alpaca.json of alpaca-lora. `openalpaca`: Stanford's
 * form, as OpenAlpaca uses it since June 2023. `openalpaca-may-2023`: the form of its first previews.
 */
export type ChatStyle = 'point-alpaca' | 'alpaca-lora' | 'openalpaca' | 'openalpaca-may-2023';

interface AlpacaForm {
  /** What stands in front of the first instruction where there is no system message. */
  readonly preamble: string;
  /** Between `### Response:` and the answer. */
  readonly before: string;
}

/** Special tokens as they are spelled in trusted text. */
type Spellings = Readonly<Record<string, string>>;

const ALPACA_STOPS = ['\n### Instruction:'];
const HUMAN = 'Human: ';
const ASSISTANT = 'Assistant: ';

const trusted = (text: string): ChatPiece => ({ text, trusted: true });
const written = (text: string, role: ChatMessage['role']): ChatPiece => ({ text, trusted: false, role });

/** A conversation in a style; Alpaca-LoRA's is also the one of models that bring no template. */
export function renderStyle(
  style: ChatStyle,
  messages: readonly ChatMessage[],
  addGenerationPrompt: boolean,
  special: Spellings,
): ChatPiece[] {
  const { eos_token: eos = '', bos_token: bos = '' } = special;
  switch (style) {
    case 'point-alpaca':
      return renderHuman(messages, addGenerationPrompt);
    case 'alpaca-lora':
      return renderAlpaca({ preamble: ALPACA_PREAMBLE, before: '\n' }, messages, addGenerationPrompt, eos);
    case 'openalpaca':
      return renderAlpaca({ preamble: ALPACA_PREAMBLE, before: '' }, messages, addGenerationPrompt, eos);
    case 'openalpaca-may-2023':
      // each of its answers was a text of its own: the prompt ended with EOS, and the answer began with BOS
      return renderAlpaca({ preamble: '', before: `${eos}${bos}` }, messages, addGenerationPrompt, eos);
  }
}

/** Where an answer ends that the model does not end itself. */
export function styleStops(style: ChatStyle): readonly string[] {
  // chat.py cuts at the second; the first keeps the empty line in front of it out of the answer
  return style === 'point-alpaca' ? [`\n\n${HUMAN}`, HUMAN] : ALPACA_STOPS;
}

/** Turns joined by empty lines; nothing but its words ends an answer. */
function renderHuman(messages: readonly ChatMessage[], addGenerationPrompt: boolean): ChatPiece[] {
  const said = messages.filter(({ role, content }) => role !== 'system' || content.trim() !== '');
  const turns = said.map(({ role, content }) => {
    const speaker = role === 'user' ? [trusted(HUMAN)] : role === 'assistant' ? [trusted(ASSISTANT)] : [];
    return [...speaker, written(content, role)];
  });
  if (addGenerationPrompt) turns.push([trusted(ASSISTANT)]);
  return turns.flatMap((turn, i) => (i === 0 ? turn : [trusted('\n\n'), ...turn]));
}

/** Alpaca's form turn by turn; an answer ends as training data does, with EOS. */
function renderAlpaca(
  { preamble, before }: AlpacaForm,
  messages: readonly ChatMessage[],
  addGenerationPrompt: boolean,
  eos: string,
): ChatPiece[] {
  const system = messages.filter(({ role, content }) => role === 'system' && content.trim() !== '');
  const pieces: ChatPiece[] = system.length
    ? [written(system.map(({ content }) => content).join('\n\n'), 'system')]
    : preamble === ''
      ? []
      : [trusted(preamble)];
  const gap = () => (pieces.length > 0 ? '\n\n' : '');
  for (const { role, content } of messages) {
    if (role === 'user') pieces.push(trusted(`${gap()}### Instruction:\n`), written(content, role));
    if (role === 'assistant') {
      pieces.push(trusted(`${gap()}### Response:${before}`), written(content, role), trusted(eos));
    }
  }
  if (addGenerationPrompt) pieces.push(trusted(`${gap()}### Response:${before}`));
  return pieces;
}
