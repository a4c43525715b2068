// Rows as files that this and other programs read.
import type { DatasetMessage, Example } from './types';

/** A row of Alpaca's files. */
export interface AlpacaRecord {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

/**
 * A row as Alpaca has it: an instruct row is one, a prompt with its completion and one question with its answer (under a
 * system message or not) become one; undefined for others.
 */
export function toAlpaca(example: Example): AlpacaRecord | undefined {
  switch (example.kind) {
    case 'instruct': {
      const { instruction, input, output } = example;
      return { instruction, input, output };
    }
    case 'completion':
      return { instruction: example.prompt, input: '', output: example.completion };
    case 'messages':
      return exchange(example.messages);
    case 'text':
    case 'tokens':
    case 'unread':
      return undefined;
  }
}

/** A row in the form that it is read from again: instruct rows as Alpaca has them, others as their publishers do. */
export function toRecord(example: Example): Readonly<Record<string, unknown>> {
  switch (example.kind) {
    case 'instruct': {
      const { instruction, input, output } = example;
      return { instruction, input, output };
    }
    case 'messages':
      return {
        messages: example.messages.map(({ role, content, learn }) => ({
          role,
          content,
          ...(learn === false && { weight: 0 }),
        })),
      };
    case 'completion':
      return { prompt: example.prompt, completion: example.completion };
    case 'text':
      return { text: example.text };
    case 'tokens':
      return { input_ids: example.ids, labels: example.labels };
    case 'unread':
      return { pronk_unread: example.text, problem: example.problem };
  }
}

/** Records as Python's `json.dump(…, indent=4)` writes them, to the byte: how Alpaca's and OpenAlpaca's files look. */
export function writeJson(records: readonly unknown[]): string {
  return JSON.stringify(records, null, 4).replace(/[\u007f-\uffff]/g, escaped);
}

function exchange(messages: readonly DatasetMessage[]): AlpacaRecord | undefined {
  const system = messages[0]?.role === 'system' ? messages[0].content : undefined;
  const [question, answer, ...more] = system === undefined ? messages : messages.slice(1);
  if (question?.role !== 'user' || answer?.role !== 'assistant' || more.length > 0) return undefined;
  if (answer.learn === false) return undefined;
  const instruction = system === undefined ? question.content : `${system}\n\n${question.content}`;
  return { instruction, input: '', output: answer.content };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
