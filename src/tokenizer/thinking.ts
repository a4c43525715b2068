// What a chat template says of thinking: how a thought is marked off from the answer, and whether it can be turned off.
import { parseTemplate } from './chat-template-source';

/** What stands around a thought. */
export interface ThoughtMarks {
  readonly open: string;
  readonly close: string;
}

/** The way in which a model thinks. */
export interface Thinking {
  readonly marks: ThoughtMarks;
  /** The template has `enable_thinking`, as transformers passes it. */
  readonly switchable: boolean;
  /** The template takes thoughts as `reasoning_content`; others find them in the content. */
  readonly apart: boolean;
}

/** Qwen's, DeepSeek's and most others' marks first, then Mistral's. */
const MARKS: readonly [ThoughtMarks, ...ThoughtMarks[]] = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
];

/** The variable of a template that turns thinking on and off. */
export const THINKING_SWITCH = 'enable_thinking';

/** Marks that a model may use whose template names none. */
export const USUAL_MARKS: ThoughtMarks = MARKS[0];

/** How a model with this chat template thinks; undefined where nothing in it speaks of thoughts, or it cannot be read. */
export function thinkingOf(chatTemplate: string | undefined): Thinking | undefined {
  if (chatTemplate === undefined) return undefined;
  const marks = MARKS.find(({ open, close }) => chatTemplate.includes(close) || chatTemplate.includes(open));
  try {
    const template = parseTemplate(chatTemplate);
    const switchable = template.mentions(THINKING_SWITCH);
    if (!marks && !switchable) return undefined;
    return { marks: marks ?? USUAL_MARKS, switchable, apart: template.mentions('reasoning_content') };
  } catch {
    return undefined; // the first message says what is wrong with it
  }
}
