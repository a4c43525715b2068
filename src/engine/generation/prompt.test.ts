import { expect, test, vi } from 'vitest';
import { createTokenizer } from '../../tokenizer/index';
import { promptTemplates } from '../../tokenizer/prompt-templates';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { encodePrompt, promptStops, promptText, type Prompt } from './prompt';

/** A token a character; templates as in the Alpaca form, since it brings none. */
const letters: Tokenizer = {
  vocabSize: 0x1_0000,
  bosId: 1,
  eosIds: [2],
  addBos: true,
  addBosToChat: false,
  chatTemplate: undefined,
  specialTokens: { bos_token: '<s>', eos_token: '</s>' },
  encode: (text) => [...text].map((letter) => letter.charCodeAt(0)),
  encodePieces: (pieces) => pieces.flatMap(({ text }) => [...text].map((letter) => letter.charCodeAt(0))),
  spelling: () => undefined,
  bytes: (id) => new TextEncoder().encode(String.fromCharCode(id)),
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

test('BOS before a chat in a template that writes none: as the program does that the files are for', () => {
  const own = { ...letters, chatTemplate: '{% for m in messages %}{{ m.content }}{% endfor %}' };
  const first = (tokenizer: Tokenizer, style?: 'point-alpaca') =>
    encodePrompt(tokenizer, { ...chat, style }, 10_000, 100).ids[0];
  expect(first(own)).toBe('B'.charCodeAt(0));
  expect(first({ ...own, addBosToChat: true })).toBe(1);
  expect(first({ ...own, addBosToChat: true, chatTemplate: `\u0001${own.chatTemplate}` })).toBe(1);
  // publishers' forms and models without a template: as any text
  expect(first(own, 'point-alpaca')).toBe(1);
  expect(first(letters)).toBe(1);
});

test('which program a tokenizer’s files are for: llama.cpp adds BOS to chats, transformers does not', () => {
  const spec = { bosId: 1, eosIds: [2], addBos: true, specialTokens: {} };
  const tokens = ['<unk>', '<s>', '</s>', 'a'];
  const gguf = { kind: 'gguf' as const, model: 'llama', tokens, scores: [0, 0, 0, -1], types: [2, 3, 3, 1] };
  expect(createTokenizer({ ...spec, definition: gguf }).addBosToChat).toBe(true);
  expect(createTokenizer({ ...spec, addBos: false, definition: gguf }).addBosToChat).toBe(false);
  const vocab = Object.fromEntries(tokens.map((text, id) => [text, id]));
  const json = JSON.stringify({ added_tokens: [], model: { type: 'BPE', vocab, merges: [] } });
  expect(createTokenizer({ ...spec, definition: { kind: 'huggingface', json } }).addBosToChat).toBe(false);
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

test('as few turns go as will do, for any context, and it is found in a few tries', () => {
  const question = chat.messages.length - 1;
  const sizes = Array.from({ length: 21 }, (_, turn) => {
    const messages = chat.messages.filter((_, i) => i === 0 || i === question || i > 2 * turn);
    return encodePrompt(letters, { ...chat, messages }, 100_000, 0).ids.length;
  });
  for (let context = 100; context < 1500; context += 7) {
    let tries = 0;
    const counted: Tokenizer = { ...letters, encodePieces: (pieces) => (tries++, letters.encodePieces(pieces)) };
    const { ids, droppedMessages } = encodePrompt(counted, chat, context, 100);
    const fewest = sizes.findIndex((size) => size + 100 <= context);
    expect(droppedMessages).toBe(2 * (fewest < 0 ? 20 : fewest));
    expect(ids.length).toBe(sizes[droppedMessages / 2]);
    expect(tries).toBeLessThanOrEqual(7);
  }
});

test('all renderings of one prompt share the time of one; what is encoded in between takes none of it', () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (clock += 100));
  // about 20 looks at the clock a rendering
  const chatTemplate = `{% for i in range(20000) %}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}`;
  const slow: Tokenizer = {
    ...letters,
    chatTemplate,
    encodePieces: (pieces) => ((clock += 60_000), letters.encodePieces(pieces)),
  };
  try {
    expect(encodePrompt(slow, chat, 10_000, 100).droppedMessages).toBe(0);
    const begun = clock;
    encodePrompt(slow, { ...chat, messages: chat.messages.slice(0, 4) }, 40, 10);
    expect(clock - begun).toBeGreaterThan(100_000);
    expect(() => encodePrompt(slow, chat, 300, 100)).toThrow(/takes too long: more than 5 seconds/);
  } finally {
    vi.restoreAllMocks();
  }
});

test('styles are trimmed as templates are', () => {
  const { ids, droppedMessages } = encodePrompt(letters, { ...chat, style: 'point-alpaca' }, 300, 100);
  const text = letters.decode(ids);
  expect(ids.length).toBeLessThanOrEqual(200);
  expect(droppedMessages).toBeGreaterThan(0);
  expect(text).toMatch(/^Be brief\.\n\nHuman: question \d+\n\nAssistant: answer /);
  expect(text.endsWith('Human: the last one\n\nAssistant: ')).toBe(true);
});

test('a style has stops of its own, whatever the model brings', () => {
  const own = { ...letters, chatTemplate: '{{ 1 }}' };
  expect(promptStops(own, { ...chat, style: 'point-alpaca' })).toEqual(['\n\nHuman: ', 'Human: ']);
  expect(promptStops(own, { ...chat, style: 'openalpaca' })).toEqual(['\n### Instruction:']);
  expect(promptStops(letters, { kind: 'raw', text: 'Human: ' })).toEqual([]);
});

test('EOS and BOS stand between prompt and answer where a template has them, and nowhere else', () => {
  const text = (name: string) => {
    const template = promptTemplates.find((each) => each.name === name)!;
    return promptText(letters, { kind: 'instruct', instruction: 'Add. </s>', input: '1 2', template });
  };
  const form = '### Input:\n1 2\n\n### Instruction:\nAdd. </s>\n\n### Response:';
  expect(text('openalpaca')).toBe(form);
  expect(text('openalpaca_eos_bos')).toBe(`${form}</s><s>`);
});

test('a model without a template of its own is stopped at the next turn', () => {
  expect(promptStops(letters, chat)).toEqual(['\n### Instruction:']);
  expect(promptStops({ ...letters, chatTemplate: '{{ 1 }}' }, chat)).toEqual([]);
  expect(promptText(letters, { kind: 'raw', text: 'as it is' })).toBe('as it is');
});
