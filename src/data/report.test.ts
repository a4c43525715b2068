import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openTokenizer } from '../formats/checkpoint/open';
import { bytesSource } from '../core/source';
import { createTokenizer } from '../tokenizer/index';
import { readDataset } from './read/index';
import { histogram, previewExample, reportDataset } from './report';
import { chatTokenizer, llamaTokenizer } from './testing/tokenizers';
import { tokenizeExample } from './tokenize';
import type { Example } from './types';

const llama = llamaTokenizer();
const config = { cutoff_len: 100, train_on_inputs: false, prompt_template_name: 'alpaca' };
const row = (instruction: string, output: string): Example => ({ kind: 'instruct', instruction, input: '', output });

test('a report counts what the model reads, and names rows that teach nothing or no end', async () => {
  const rows = [
    row('Hi', 'Hello.'),
    row('Go on.', 'llama '.repeat(90)),
    row('word '.repeat(90), 'Yes.'),
    { kind: 'tokens', ids: [1, 5, 6], labels: [-100, 5, 6] } as const,
    { kind: 'messages', messages: [{ role: 'user', content: 'Hi' }] } as const,
  ];
  const made = await reportDataset(rows, llama, config);
  const tokenized = rows.map((each, i) => tokenizeExample(each, i, llama, config));
  expect(made.rows).toBe(5);
  expect(made.tokens).toBe(tokenized.reduce((sum, { ids }) => sum + ids.length, 0));
  const labels = tokenized.map((each) => each.labels.slice(1).filter((label) => label !== -100).length);
  expect(made.labelled).toBe(labels.reduce((a, b) => a + b));
  expect(labels[2]).toBe(0);
  expect(made.ended).toBe(1);
  expect(made.problems.map(({ row: at, code }) => [at, code])).toEqual([
    [1, 'too-long'],
    [2, 'no-labels'],
    [3, 'no-eos'],
    [4, 'empty-output'],
    [4, 'no-labels'],
  ]);
  expect(made.problems[0].message).toMatch(
    /^It has \d+ tokens, and 100 are read: the rest and its end of text are cut off\.$/,
  );
  expect(made.coverage.rows).toBe(3 / 5);
  expect(made.histogram.reduce((sum, bucket) => sum + bucket.rows, 0)).toBe(5);
  const whole = rows.map((each, i) => tokenizeExample(each, i, llama, { ...config, cutoff_len: 5000 }).ids.length);
  expect(made.longest).toBe(Math.max(...whole));
  expect(made.coverage.tokens).toBeCloseTo(made.tokens / whole.reduce((a, b) => a + b), 12);
});

test('the histogram holds every row in buckets of one width', () => {
  expect(histogram([])).toEqual([]);
  expect(histogram([0, 7, 8, 17])).toEqual([
    { from: 0, to: 8, rows: 2 },
    { from: 8, to: 16, rows: 1 },
    { from: 16, to: 24, rows: 1 },
  ]);
  const wide = histogram([1, 4000]);
  expect(wide.length).toBeLessThanOrEqual(40);
  expect([wide[0], wide.at(-1)]).toEqual([
    { from: 0, to: 128, rows: 1 },
    { from: 3968, to: 4096, rows: 1 },
  ]);
});

describe('a preview', () => {
  test('shows EOS and tells the answer from the prompt', () => {
    const { tokens, truncated } = previewExample(row('Greet <s>', 'Hello</s> 🦙'), 0, llama, config);
    expect(truncated).toBe(false);
    expect(tokens[0]).toEqual({ id: 1, text: '<s>', inLoss: false, special: true });
    expect(tokens.at(-1)).toEqual({ id: 2, text: '</s>', inLoss: true, special: true });
    expect(tokens.filter(({ special }) => special)).toHaveLength(2);
    const text = (inLoss: boolean) =>
      tokens
        .filter((token) => token.inLoss === inLoss && !token.special)
        .map((token) => token.text)
        .join('');
    expect(text(false)).toMatch(/Greet <s>\n\n### Response:\n$/);
    expect(text(true)).toBe('Hello</s> 🦙');
  });

  test('the first token is never in the loss, since nothing predicts it', () => {
    const { tokens } = previewExample({ kind: 'text', text: 'a b' }, 0, llama, { ...config, train_on_inputs: true });
    expect(tokens.map(({ inLoss }) => inLoss)).toEqual([false, ...tokens.slice(1).map(() => true)]);
  });

  test('a chat’s special tokens are spelled', () => {
    const template =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}";
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yo' },
    ] as const;
    const { tokens } = previewExample({ kind: 'messages', messages }, 0, chatTokenizer(template), config);
    expect(tokens.map(({ text }) => text).join('')).toBe(
      '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n',
    );
    expect(
      tokens
        .filter(({ inLoss }) => inLoss)
        .map(({ text }) => text)
        .join(''),
    ).toBe('Yo<|im_end|>');
  });
});

const MODEL = '../shared/data/tokenizer/open_llama_3b-tokenizer.model';
const DEMO = '../shared/data/instruct/alpaca_en_demo.json';
describe.skipIf(!existsSync(MODEL) || !existsSync(DEMO))('999 real rows with OpenLLaMA’s tokenizer', () => {
  test('are about as long as others counted them, and pack into a cutoff of 512 with hardly any waste', async () => {
    const tokenizer = createTokenizer(await openTokenizer([bytesSource(readFileSync(MODEL), 'tokenizer.model')]));
    const made = await readDataset(bytesSource(readFileSync(DEMO), 'alpaca_en_demo.json'));
    if (made.kind !== 'rows') throw new Error('no rows');
    const settings = { ...config, cutoff_len: 512 };
    const { tokens, labelled, ended, coverage } = await reportDataset(made.rows, tokenizer, settings);
    // training.md C.3, with LLaMA's tokenizer: 233 tokens a row on average, 64 to 73 % of them in responses
    expect(tokens / 999).toBeGreaterThan(210);
    expect(tokens / 999).toBeLessThan(240);
    expect(labelled / tokens).toBeGreaterThan(0.64);
    expect(labelled / tokens).toBeLessThan(0.74);
    expect(coverage.rows).toBeGreaterThan(0.9);
    expect(ended).toBe(Math.round(coverage.rows * 999));
  });
});
