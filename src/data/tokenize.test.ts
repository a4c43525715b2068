// Rows token for token as the seeds' scripts and transformers make them (tools/golden/rows.py).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../tokenizer/chat-message';
import { countLabels, toMicroBatch } from './micro-batch';
import { chatTokenizer, llamaTokenizer } from './testing/tokenizers';
import { tokenizeExample } from './tokenize';
import { type Example, IGNORED } from './types';

interface Golden {
  readonly rows: readonly { readonly instruction: string; readonly input: string; readonly output: string }[];
  readonly scripts: readonly {
    readonly template: string;
    readonly config: {
      readonly cutoff_len: number;
      readonly train_on_inputs: boolean;
      readonly add_eos_token: boolean;
    };
    readonly made: readonly { readonly ids: readonly number[]; readonly labels: readonly number[] }[];
  }[];
  readonly chatTemplate: string;
  readonly chats: readonly {
    readonly messages: readonly ChatMessage[];
    readonly ids: readonly number[];
    readonly labels: readonly number[];
  }[];
}

const golden = JSON.parse(readFileSync(new URL('golden/rows.json', import.meta.url), 'utf8')) as Golden;
const llama = llamaTokenizer();
const alpaca = { cutoff_len: 256, train_on_inputs: false, prompt_template_name: 'alpaca' };
const instruct = (instruction: string, output: string, input = ''): Example => ({
  kind: 'instruct',
  instruction,
  input,
  output,
});

describe.each(golden.scripts)('$template with $config', ({ template, config, made }) => {
  test.each(golden.rows.map((row, i) => [row.instruction.slice(0, 30), i] as const))('%s', (_, i) => {
    const { instruction, input, output } = golden.rows[i];
    const row = tokenizeExample(instruct(instruction, output, input), i, llama, {
      ...config,
      prompt_template_name: template,
    });
    expect({ ids: row.ids, labels: row.labels }).toEqual(made[i]);
    expect(row.row).toBe(i);
  });
});

test('the golden rows tell the rules apart', () => {
  const [whole, masked] = golden.scripts.filter(({ template }) => template === 'alpaca');
  const { instruction, input, output } = golden.rows[1];
  const other = tokenizeExample(instruct(instruction, output, input), 1, llama, {
    ...whole!.config,
    prompt_template_name: 'alpaca_legacy',
  });
  expect(other.ids).not.toEqual(whole!.made[1].ids);
  expect(masked).toBeDefined();
  const unmasked = tokenizeExample(instruct(instruction, output, input), 1, llama, {
    ...alpaca,
    train_on_inputs: true,
  });
  expect(unmasked.labels).toEqual(unmasked.ids);
  expect(golden.scripts[2].made[1].labels).not.toEqual(unmasked.labels);
});

describe('the end of a row', () => {
  const row = instruct('Say it.', 'llama '.repeat(30));
  const { ids } = tokenizeExample(row, 0, llama, { ...alpaca, cutoff_len: 4096 });

  test('EOS is there while there is room for it, and never in its place', () => {
    const exact = tokenizeExample(row, 0, llama, { ...alpaca, cutoff_len: ids.length });
    expect([exact.ids.at(-1), exact.labels.at(-1), exact.truncated]).toEqual([2, 2, false]);
    const short = tokenizeExample(row, 0, llama, { ...alpaca, cutoff_len: ids.length - 1 });
    expect(short.ids).toEqual(ids.slice(0, -1));
    expect([short.ids.includes(2), short.truncated]).toEqual([false, true]);
  });

  test('a prompt that fills the cutoff leaves nothing to learn', () => {
    const cut = tokenizeExample(row, 0, llama, { ...alpaca, cutoff_len: 20 });
    expect(countLabels(cut)).toBe(0);
    expect(cut.ids).toHaveLength(20);
  });

  test('special tokens that a row spells are text, and BOS stands once', () => {
    const evil = tokenizeExample(instruct('<s>Say</s>', '</s>'), 0, llama, alpaca);
    expect(evil.ids.filter((id) => id === 1 || id === 2)).toEqual([1, 2]);
    expect([evil.ids[0], evil.ids.at(-1)]).toEqual([1, 2]);
  });
});

describe('other kinds of rows', () => {
  test('a text is learned whole, with EOS', () => {
    const { ids, labels } = tokenizeExample({ kind: 'text', text: 'a llama' }, 0, llama, alpaca);
    expect(ids).toEqual([1, ...llama.encode('a llama'), 2]);
    expect(labels).toEqual(ids);
  });

  test('a prompt and its completion follow each other without a word in between', () => {
    const { ids, labels } = tokenizeExample(
      { kind: 'completion', prompt: '1 + 1 =', completion: ' 2' },
      0,
      llama,
      alpaca,
    );
    expect(ids).toEqual([1, ...llama.encode('1 + 1 = 2'), 2]);
    const masked = 1 + llama.encode('1 + 1 =').length;
    expect(labels).toEqual([...Array<number>(masked).fill(IGNORED), ...ids.slice(masked)]);
  });

  test('tokens stay what they are, whatever the config says', () => {
    const tokens: Example = { kind: 'tokens', ids: [5, 6, 7, 8], labels: [IGNORED, IGNORED, 7, 8] };
    const row = tokenizeExample(tokens, 3, llama, { ...alpaca, train_on_inputs: true });
    expect(row).toEqual({ row: 3, ids: [5, 6, 7, 8], labels: [IGNORED, IGNORED, 7, 8], truncated: false });
    const foreign: Example = { kind: 'tokens', ids: [1, 100_000], labels: [1, 2] };
    expect(() => tokenizeExample(foreign, 4, llama, alpaca)).toThrow(/^It has the token 100000/);
  });

  test('an unknown template is named', () => {
    expect(() => tokenizeExample(instruct('a', 'b'), 0, llama, { ...alpaca, prompt_template_name: 'alpacca' })).toThrow(
      /no prompt template alpacca.*alpaca_short/,
    );
  });
});

describe('chats', () => {
  const chatml = chatTokenizer(golden.chatTemplate);

  test.each(golden.chats)('the assistant’s tokens as transformers marks them %#', ({ messages, ids, labels }) => {
    const row = tokenizeExample({ kind: 'messages', messages }, 0, chatml, alpaca);
    expect(row.ids).toEqual(ids);
    expect(row.labels).toEqual(labels);
    const whole = tokenizeExample({ kind: 'messages', messages }, 0, chatml, { ...alpaca, train_on_inputs: true });
    expect(whole.labels).toEqual(ids);
  });

  test('an end of turn that somebody spelled is text', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: '<|im_end|>' },
      { role: 'assistant', content: 'a<|im_end|>b' },
    ];
    const { ids, labels } = tokenizeExample({ kind: 'messages', messages }, 0, chatml, alpaca);
    expect(ids.filter((id) => id === 401)).toHaveLength(2);
    expect(labels.filter((id) => id === 401)).toHaveLength(1);
    expect(chatml.decode(labels.filter((id) => id !== IGNORED))).toBe('a<|im_end|>b');
  });

  test('without a template of its own a model learns Alpaca’s form, each answer with EOS', () => {
    const messages = golden.chats[1].messages;
    const { ids, labels } = tokenizeExample({ kind: 'messages', messages }, 0, llama, alpaca);
    expect(ids[0]).toBe(1);
    expect(labels.filter((id) => id === 2)).toHaveLength(2);
    expect(llama.decode(labels.filter((id) => id > 2)).replaceAll('\n', '')).toBe('Uno.Dos, 2.');
  });

  test('a form that ends turns in words only has the words of the assistant in its loss', () => {
    const template = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n\n{% endfor %}';
    const messages = golden.chats[2].messages;
    const { labels } = tokenizeExample({ kind: 'messages', messages }, 0, chatTokenizer(template), alpaca);
    expect(chatml.decode(labels.filter((id) => id !== IGNORED)).trim()).toBe('mountains');
  });
});

test('a micro-batch: positions begin anew, targets are moved once, nothing predicts the next row', () => {
  const rows = [
    { row: 7, ids: [1, 10, 11, 2], labels: [IGNORED, IGNORED, 11, 2], truncated: false },
    { row: 3, ids: [1, 20], labels: [1, 20], truncated: false },
    { row: 4, ids: [9], labels: [9], truncated: false },
  ];
  const { ids, positions, targets, rows: of } = toMicroBatch(rows);
  expect([...ids]).toEqual([1, 10, 11, 2, 1, 20, 9]);
  expect([...positions]).toEqual([0, 1, 2, 3, 0, 1, 0]);
  expect([...targets]).toEqual([IGNORED, 11, 2, IGNORED, 20, IGNORED, IGNORED]);
  expect([...of]).toEqual([7, 7, 7, 7, 3, 3, 4]);
  expect(rows.map(countLabels)).toEqual([2, 1, 0]);
});
