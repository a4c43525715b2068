import { describe, expect, test } from 'vitest';
import { openTokenizer } from '../formats/checkpoint/open';
import { createTokenizer } from '../tokenizer/index';
import { readDataset } from './read/index';
import { histogram, previewExample, reportDataset } from './report';
import { chatTokenizer, llamaTokenizer } from './testing/tokenizers';
import { tokenizeExample } from './tokenize';
import type { Example } from './types';
import { DATASETS, datasetFacts, filesOf, TALES } from '../testing/fixtures';

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

describe('the rows of alpaca.json with the tokenizer of tales', () => {
  test.each(datasetFacts()['alpaca.json'].counts)(
    'a cutoff of $cutoff: as many tokens and labels as counted',
    async (counted) => {
      const tokenizer = createTokenizer(await openTokenizer(filesOf(TALES, ['tokenizer.model'])));
      const made = await readDataset(filesOf(DATASETS, ['alpaca.json'])[0]);
      if (made.kind !== 'rows') throw new Error('no rows');
      const { tokens, labelled, ended, longest, coverage } = await reportDataset(made.rows, tokenizer, {
        ...config,
        cutoff_len: counted.cutoff,
      });
      expect({ cutoff: counted.cutoff, tokens, labelled, ended, longest }).toEqual(counted);
      expect(ended).toBe(Math.round(coverage.rows * made.rows.length));
    },
  );
});
