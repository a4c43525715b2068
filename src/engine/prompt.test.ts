import { expect, test } from 'vitest';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { encodePrompt, promptStops, promptText, type Prompt } from './prompt';

/** A token a character; templates as in the Alpaca form, since it brings none. */
const letters: Tokenizer = {
  vocabularySize: 0x1_0000,
  bosId: 1,
  eosIds: [2],
  addBos: true,
  chatTemplate: undefined,
  specialTokens: { bos_token: '<s>', eos_token: '</s>' },
  encode: (text) => [...text].map((letter) => letter.charCodeAt(0)),
  encodePieces: (pieces) => pieces.flatMap(({ text }) => [...text].map((letter) => letter.charCodeAt(0))),
  decode: (ids) => String.fromCharCode(...ids.filter((id) => id > 2)),
  stream: () => ({ push: (id) => String.fromCharCode(id), flush: () => '' }),
};

const turns = (count: number) =>
  Array.from({ length: count }, (_, i) => [
    { role: 'user' as const, content: `question ${i}` },
    { role: 'assistant' as const, content: `answer ${i}` },
  ]).flat();
const chat: Prompt = {
  kind: 'chat',
  messages: [{ role: 'system', content: 'Be brief.' }, ...turns(20), { role: 'user', content: 'the last one' }],
};

test('a conversation that fits is kept whole', () => {
  const { ids, droppedMessages } = encodePrompt(letters, chat, 10_000, 100);
  expect(droppedMessages).toBe(0);
  expect(ids[0]).toBe(1);
  expect(letters.decode(ids)).toContain('question 0');
});

test('the oldest turns go first, never the system message or the last question', () => {
  for (const context of [1200, 600, 300, 150]) {
    const { ids, droppedMessages } = encodePrompt(letters, chat, context, 100);
    const text = letters.decode(ids);
    if (context > 250) expect(ids.length).toBeLessThanOrEqual(context - 100);
    expect(droppedMessages).toBeGreaterThan(0);
    expect(text).toContain('Be brief.');
    expect(text).toContain('the last one');
    expect(text).not.toContain('question 0\n');
    // an answer without its question is not left at the front
    expect(droppedMessages % 2).toBe(0);
  }
});

test('a model without a template of its own is stopped at the next turn', () => {
  expect(promptStops(letters, chat)).toEqual(['\n### Instruction:']);
  expect(promptStops({ ...letters, chatTemplate: '{{ 1 }}' }, chat)).toEqual([]);
  expect(promptText(letters, { kind: 'raw', text: 'as it is' })).toBe('as it is');
});
