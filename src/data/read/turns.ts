// Texts that hold a prompt's marks already, taken apart again into who said what.
import type { DatasetMessage, Example } from '../types';
import { roleNamed } from './chat';

type Role = DatasetMessage['role'];

/** The row that a text with marks of turns is; undefined for a text without, or one that does not come apart whole. */
export function splitTurns(text: string): Example | undefined {
  return instructionForm(text) ?? conversation(instMarks(text) ?? chatMl(text) ?? headings(text) ?? speakers(text));
}

function conversation(messages: readonly DatasetMessage[] | undefined): Example | undefined {
  const said = messages?.filter(({ role, content }) => role !== 'system' || content !== '');
  const has = (role: Role) => said?.some((message) => message.role === role && message.content !== '');
  return said && has('user') && has('assistant') ? { kind: 'messages', messages: said } : undefined;
}

const END = /(?:<\/s>|<\|endoftext\|>|<\|end_of_text\|>|###\s*End)\s*$/i;
const bare = (text: string) => text.replace(END, '').trim();

/** Llama 2's and Mistral's `[INST] … [/INST]`. */
function instMarks(text: string): DatasetMessage[] | undefined {
  if (!text.includes('[INST]')) return undefined;
  const [before = '', ...turns] = text.split('[INST]');
  if (before.replace('<s>', '').trim() !== '') return undefined;
  const messages: DatasetMessage[] = [];
  for (const turn of turns) {
    const [asked = '', answered, more] = turn.split('[/INST]');
    if (answered === undefined || more !== undefined) return undefined;
    const [, system, question = asked] = /^\s*<<SYS>>([^]*?)<<\/SYS>>([^]*)$/.exec(asked) ?? [];
    if (system !== undefined) messages.push({ role: 'system', content: system.trim() });
    messages.push({ role: 'user', content: question.trim() });
    const answer = bare(answered.replace(/<s>\s*$/, ''));
    if (answer !== '') messages.push({ role: 'assistant', content: answer });
  }
  return messages;
}

/** `<|im_start|>user … <|im_end|>` */
function chatMl(text: string): DatasetMessage[] | undefined {
  if (!text.includes('<|im_start|>')) return undefined;
  return marked(text.replaceAll('<|im_end|>', ''), /<\|im_start\|>(\w+)\n/);
}

/** `### Human: … ### Assistant: …` */
function headings(text: string): DatasetMessage[] | undefined {
  return marked(text, /###\s*(System|Human|User|Assistant|AI|Bot|GPT|Model)\s*:/i);
}

/** `Human: … Assistant: …`, each on a line of its own. */
function speakers(text: string): DatasetMessage[] | undefined {
  return marked(text, /(?:^|\n)\s*(Human|Assistant)\s*:/);
}

/** A text that marks cut into turns. @param mark with the speaker as its one group */
function marked(text: string, mark: RegExp): DatasetMessage[] | undefined {
  const [before = '', ...parts] = text.split(mark);
  if (parts.length < 4) return undefined;
  const messages: DatasetMessage[] = [{ role: 'system', content: before.replace('<s>', '').trim() }];
  for (let i = 0; i < parts.length; i += 2) {
    const role = roleNamed(parts[i] ?? '');
    if (role === undefined) return undefined;
    messages.push({ role, content: bare(parts[i + 1] ?? '') });
  }
  return messages;
}

const ALPACA_PREAMBLE = /^(?:<s>)?\s*(?:Below is an instruction that describes a task[^#]*)?$/;
const PART = /###\s*(Instruction|Input|Context|Response|Output)\s*:/i;

/** Alpaca's `### Instruction: … ### Input: … ### Response: …` */
function instructionForm(text: string): Example | undefined {
  const [before = '', ...parts] = text.split(PART);
  const names = parts.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  const contents = parts.filter((_, i) => i % 2 === 1).map(bare);
  if (!ALPACA_PREAMBLE.test(before) || names[0] !== 'instruction') return undefined;
  const answer = names.at(-1);
  if ((answer !== 'response' && answer !== 'output') || names.length > 3) return undefined;
  const hasInput = names[1] === 'input' || names[1] === 'context';
  if (names.length === 3 && !hasInput) return undefined;
  const [instruction = '', input = ''] = contents;
  return { kind: 'instruct', instruction, input: hasInput ? input : '', output: contents.at(-1) ?? '' };
}
