// What is likely wrong with a row, by its text alone: the ten categories by which Alpaca's data were cleaned
// (github.com/gururise/AlpacaDataCleaned), and rows that are there twice. Findings are for a person to judge: rules on text
// miss some, and flag some that are right.
import type { Example, RowProblem } from './types';
import { chatProblems } from './doctor-chats';
import { wrongSum } from './doctor-sums';

/** A row in words, whichever form it has. */
interface Words {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

/** Each category's code, and what is found; the first group of rules is AlpacaDataCleaned's, in its order. */
const RULES: Readonly<Record<string, (words: Words) => string | undefined>> = {
  'hallucinated-url': ({ instruction, input, output }) => {
    const asked = URL_TEXT.exec(`${instruction}\n${input}`)?.[0];
    if (asked !== undefined) return `It asks about ${asked}, which a model cannot open, so the answer must be made up.`;
    const told = URL_TEXT.exec(output)?.[0];
    return told && `Its output names ${told}, which appears nowhere else in the row: it may be made up.`;
  },
  'merged-instructions': ({ instruction, output }) =>
    (MERGED.test(output) && 'Its output continues with another instruction: two rows were merged. Cut it there.') ||
    (MERGED.test(instruction) && 'Its instruction holds another one: two rows were merged. Split it.') ||
    undefined,
  'empty-output': ({ output }) =>
    output.trim() === '' ? 'Its output is empty: it teaches the model to say nothing.' : undefined,
  'empty-code': ({ instruction, input, output }) => {
    if (EMPTY_FENCE.test(output)) return 'Its output has a code block with nothing in it.';
    return input.trim() === '' && GIVEN_CODE.test(instruction) && !HAS_CODE.test(instruction)
      ? 'It asks about code that is missing. Put the code into the input.'
      : undefined;
  },
  'image-request': ({ instruction }) =>
    IMAGE.test(instruction) ? 'It asks for an image, which a language model cannot make.' : undefined,
  'na-output': ({ output }) =>
    NOT_APPLICABLE.test(output) ? `Its output is “${output.trim()}”, which is not an answer.` : undefined,
  'no-input-marker': ({ input }) =>
    NO_INPUT.test(input)
      ? `Its input is “${input.trim()}” where it should be empty: the prompt would show it.`
      : undefined,
  'wrong-answer': wrongSum,
  'unclear-instruction': ({ instruction, input }) => {
    if (!/[\p{L}\p{N}]/u.test(instruction)) return 'Its instruction has no words.';
    return input.trim() === '' && GIVEN_TEXT.test(instruction)
      ? 'It refers to a given text, but its input is empty. Put the text into the input.'
      : undefined;
  },
  'control-characters': ({ instruction, input, output }) => {
    const found = CONTROL.exec(instruction + input + output)?.[0];
    return (
      found &&
      `It has the character U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}, which is invisible: a leftover of a conversion.`
    );
  },
};

const URL_TEXT = /\b(?:https?:\/\/|www\.)[^\s<>")\]]+/i;
const MERGED = /^[^\S\n]*#{2,}\s{0,3}\d+\.\s{0,3}Instruction\s?:|^[^\S\n]*\d+\.\s{1,3}Instruction\s?:/im;
const EMPTY_FENCE = /```[\w+-]*\s*```/;
const GIVEN_CODE =
  /\b(?:the (?:following|given|provided|above|below)|this|given (?:a|the|this)) (?:\w+ ){0,3}(?:code|snippet|function|script|program|query|regex|html)\b/i;
const HAS_CODE = /[{}=;`]|\n\s*\S|\w\(.*\)|<\w+/;
const IMAGE =
  /\b(?:draw|paint|sketch|(?:generate|create|make|design|produce|render|show|find|provide|insert|edit)(?: me| us)?) (?:(?!\b(?:description|caption|title|prompt|story|poem|list|about|of an)\b)[\w'’-]+ ){0,5}(?:image|picture|photo|photograph|drawing|painting|logo|icon|illustration|poster|gif|meme|infographic|animation)s?\b/i;
const NOT_APPLICABLE = /^\W*(?:n\/?a|not applicable|nan|null|no ?output|none\s+needed)\W*$/i;
const NO_INPUT =
  /^[\s<([*_-]*(?:no[ _-]?inputs?(?: (?:needed|required|provided|necessary|given))?|not? (?:needed|required|applicable)|n\/?a|none|nil|null|nan|empty|input)[\s>)\]*_.-]*$/i;
const GIVEN_TEXT =
  /\b(?:the (?:following|given|below|provided)|this|these|the following (?:two|three|four|five)) (?:[\w-]+ ){0,2}(?:sentences?|paragraphs?|text|passages?|articles?|stor(?:y|ies)|poems?|words?|lists?|numbers?|equations?|statements?|phrases?|tweets?|reviews?|dialogues?|tables?|data|essays?|emails?|quotes?)(?: (?:below|given))?[.!?]?\s*$/i;
// format characters that join (U+200C, U+200D) and the marks of directions are part of scripts and emoji
const CONTROL = /(?![\t\n\r])\p{Cc}|\p{Co}|\p{Cs}|[\uFFFD\uFEFF\uFFFE\u200B]/u;

/**
 * Problems of every row, in the rows' order.
 * @param numberOf what a row is called where another one names it: from 1, or its number in a file that holds more
 */
export function examine(examples: readonly Example[], numberOf = (row: number) => row + 1): RowProblem[] {
  const problems: RowProblem[] = [];
  const seen = new Map<string, number>();
  for (const [row, example] of examples.entries()) {
    const words = wordsOf(example);
    if (!words) continue;
    for (const [code, rule] of Object.entries(RULES)) {
      // a text has no question and a chat's first one need not be all of it
      if (example.kind === 'text' && !OF_TEXTS.has(code)) continue;
      const message = rule(words);
      if (message) problems.push({ row, code, message });
    }
    if (example.kind === 'messages')
      for (const found of chatProblems(example.messages)) problems.push({ row, ...found });
    const { instruction, input, output } = words;
    const asked = example.kind === 'instruct' ? [instruction, input] : [instruction, input, output, example.kind];
    const key = JSON.stringify(asked.map(normal));
    const first = seen.get(key);
    if (first === undefined) seen.set(key, row);
    else problems.push({ row, code: 'duplicate', message: `It asks the same as row ${numberOf(first)}.` });
  }
  return problems;
}

const OF_TEXTS: ReadonlySet<string> = new Set([
  'merged-instructions',
  'empty-output',
  'empty-code',
  'na-output',
  'control-characters',
]);

function wordsOf(example: Example): Words | undefined {
  switch (example.kind) {
    case 'instruct':
      return example;
    case 'completion':
      return { instruction: example.prompt, input: '', output: example.completion };
    case 'text':
      return { instruction: '', input: '', output: example.text };
    case 'messages': {
      const said = (role: string) =>
        example.messages.filter((message) => message.role === role).map(({ content }) => content);
      const answers = said('assistant');
      const output = answers.some((answer) => answer.trim() === '') ? '' : answers.join('\n');
      // what a chat speaks of may stand in any of its messages
      return {
        instruction: said('user')[0] ?? '',
        input: said('system').join('\n') || said('user').slice(1).join('\n'),
        output,
      };
    }
    case 'tokens':
    case 'unread':
      return undefined;
  }
}

/** Without what does not make a question another one. */
function normal(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}
