import { describe, expect, test } from 'vitest';
import { reportDataset } from './report';
import { chatTokenizer, llamaTokenizer } from './testing/tokenizers';
import { tokenizeDataset } from './tokenize-dataset';
import { tokenizeExample } from './tokenize';
import type { Example } from './types';

const llama = llamaTokenizer();
const config = { cutoff_len: 80, train_on_inputs: false, prompt_template_name: 'alpaca' };
const long: Example = { kind: 'instruct', instruction: 'word '.repeat(100), input: '', output: 'Yes.' };
const short: Example = { kind: 'instruct', instruction: 'Hi', input: '', output: 'Yes.' };

test('rows without a labelled token are left out, by their index', async () => {
  const { rows, skipped } = await tokenizeDataset([long, short, long, short], llama, config);
  expect(rows.map(({ row }) => row)).toEqual([1, 3]);
  expect(skipped).toEqual([0, 2]);
  const all = await tokenizeDataset([long, short], llama, { ...config, train_on_inputs: true });
  expect(all.skipped).toEqual([]);
});

test('nothing to learn at all is an error of its own', async () => {
  await expect(tokenizeDataset([long, long], llama, config)).rejects.toMatchObject({
    code: 'no-labels',
    message: expect.stringMatching(/^None of the 2 rows .* first 80 tokens hold none\. Raise cutoff_len/) as string,
  });
  await expect(tokenizeDataset([], llama, config)).rejects.toMatchObject({ code: 'no-labels' });
  const masked: Example = { kind: 'tokens', ids: [1, 2, 3], labels: [1, -100, -100] };
  await expect(tokenizeDataset([masked], llama, { ...config, train_on_inputs: true })).rejects.toMatchObject({
    code: 'no-labels',
  });
});

describe('rows that the model cannot read', () => {
  const template =
    "{% for m in messages %}{% if m.role == 'user' and loop.index0 == 1 %}{{ raise_exception('Not that.') }}{% endif %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
  const chat = (content: string): Example => ({
    kind: 'messages',
    messages: [
      { role: 'user', content },
      ...(content === 'no' ? [{ role: 'user', content: 'And?' } as const] : []),
      { role: 'assistant', content: 'Yes.' },
    ],
  });
  const unread: Example = { kind: 'unread', text: '{', code: 'not-json', problem: 'It is not JSON.' };

  test('are left out by their number, and the others are read', async () => {
    const tokenizer = chatTokenizer(template);
    const made = await tokenizeDataset([chat('a'), chat('no'), unread, chat('b')], tokenizer, config);
    expect(made.rows.map(({ row }) => row)).toEqual([0, 3]);
    expect(made.skipped).toEqual([1, 2]);
    expect(made.refused).toEqual([
      { row: 1, code: 'template-refuses', message: expect.stringMatching(/Not that\./) as string },
    ]);
    const report = await reportDataset([chat('a'), chat('no'), chat('b')], tokenizer, config);
    expect(report.rows).toBe(2);
    expect(report.problems.filter(({ code }) => code === 'template-refuses').map(({ row }) => row)).toEqual([1]);
    const foreign: Example = { kind: 'tokens', ids: [1, 900_000], labels: [1, 900_000] };
    expect((await tokenizeDataset([short, foreign], llama, config)).refused).toMatchObject([
      { row: 1, code: 'foreign-token' },
    ]);
  });

  test('where none can be read, it is said why', async () => {
    const tokenizer = chatTokenizer(template);
    await expect(tokenizeDataset([chat('no'), chat('no')], tokenizer, config)).rejects.toMatchObject({
      code: 'bad-chat-template',
      message: expect.stringMatching(/none of 2 rows\. Row 1: .*Not that\./) as string,
    });
  });
});

test('turns that are marked are read and not learnt, also where all of a row is', async () => {
  const tokenizer = chatTokenizer(
    '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}',
  );
  const messages = [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'same answer', learn: false },
    { role: 'user', content: 'two' },
    { role: 'assistant', content: 'same answer' },
  ] as const;
  const learnt = (row: Example, onInputs: boolean) => {
    const { ids, labels } = tokenizeExample(row, 0, tokenizer, {
      ...config,
      cutoff_len: 500,
      train_on_inputs: onInputs,
    });
    return tokenizer.decode(ids.filter((_, i) => labels[i] !== -100));
  };
  const marked: Example = { kind: 'messages', messages };
  const plain: Example = { kind: 'messages', messages: messages.map(({ role, content }) => ({ role, content })) };
  expect(learnt(marked, false).match(/same answer/g)).toHaveLength(1);
  expect(learnt(plain, false).match(/same answer/g)).toHaveLength(2);
  expect(learnt(marked, true).match(/same answer/g)).toHaveLength(1);
  expect(learnt(marked, true)).toMatch(/one[^]*two[^]*same answer/);
  expect(learnt(plain, true).match(/same answer/g)).toHaveLength(2);
  // also where one speaker says the same twice on end
  const [asked, kept, , said] = messages;
  for (const twice of [
    [kept, said],
    [said, kept],
  ]) {
    const row: Example = { kind: 'messages', messages: [asked, ...twice, ...messages.slice(2)] };
    expect(learnt(row, false).match(/same answer/g)).toHaveLength(2);
  }
  const ends = [asked, kept, said];
  const { labels } = tokenizeExample({ kind: 'messages', messages: ends }, 0, tokenizer, {
    ...config,
    cutoff_len: 500,
  });
  const marks = labels.flatMap((label, i) => (label === -100 ? [] : [i]));
  expect(Math.min(...marks)).toBeGreaterThan(labels.length / 2);
});
