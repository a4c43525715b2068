// Each category by rows that have it and rows that only look like it; then a dataset whose faults are known.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../core/source';
import { examine } from './doctor';
import { readDataset } from './read/index';
import type { Example } from './types';
import { DATASETS, datasetFacts } from '../testing/fixtures';

const row = (instruction: string, input: string, output: string): Example => ({
  kind: 'instruct',
  instruction,
  input,
  output,
});
const codes = (...rows: Example[]) => examine(rows).map(({ code }) => code);

describe.each<[string, Example[], Example[]]>([
  [
    'hallucinated-url',
    [
      row('Summarize https://example.com/a', '', 'It says …'),
      row('Read it.', 'www.example.com/x', 'Done.'),
      row('Cite it.', '', 'See http://x.org.'),
    ],
    [row('What is a URL?', '', 'An address.'), row('Expand http', '', 'HTTP is a protocol.')],
  ],
  [
    'merged-instructions',
    [
      row('Add.', '', '3\n##\n18. Instruction: Subtract.'),
      row('Add.', '', '3\n\n18. Instruction: Subtract.'),
      row('Add.\n###\n4. Instruction: Go', 'x', 'y'),
    ],
    [row('List parts.', '', '1. Input: a mouse\n2. Output: a screen'), row('Say it.', '', '## Instruction: none')],
  ],
  ['empty-output', [row('Add.', '1', ''), row('Add.', '1', ' \n')], [row('Add.', '1', '.')]],
  [
    'empty-code',
    [row('Explain the following code', '', 'It sorts.'), row('Write a loop.', '', '```python\n\n```')],
    [
      row('Explain the following code', 'x = 1', 'It sets x.'),
      row('Explain this code: print(1)', '', 'It prints.'),
      row('Write code.', '', '```\nx\n```'),
    ],
  ],
  [
    'image-request',
    [
      row('Draw a picture of a cat.', '', 'I drew it.'),
      row('Generate an image of Peru', '', '…'),
      row('Design a logo for us.', '', '…'),
    ],
    [
      row('Describe a painting.', '', 'It is.'),
      row('Draw a conclusion.', 'x', 'y'),
      row('Write a description of an image.', '', 'y'),
      row('Generate a description of the picture', '', 'y'),
    ],
  ],
  [
    'na-output',
    [row('Add.', 'a', 'N/A'), row('Add.', 'a', 'na.'.replace('na', 'n/a')), row('Add.', 'a', '<nooutput>')],
    [row('Add.', 'a', 'None of them.'), row('Add.', 'a', 'Na is sodium.')],
  ],
  [
    'no-input-marker',
    [
      '<no input>',
      'No input',
      'noinput',
      '<noinput>',
      'No input.',
      '< noinput >',
      'n/a',
      'No input required',
      'None',
    ].map((input) => row('Add.', input, 'x')),
    ['', 'No', 'none of them', 'The input', 'no input is given to f(x)'].map((input) => row('Add.', input, 'x')),
  ],
  [
    'wrong-answer',
    [
      row('What is 2 + 2?', '', 'It is 5.'),
      row('Calculate the product.', '12 x 12', '140'),
      row('Evaluate 10 / 4', '', '2'),
    ],
    [
      row('What is 2 + 2?', '', '4'),
      row('Calculate 1 / 3', '', '0.33'),
      row('Compute 1200 * 3', '', '3,600'),
      row('What is 2 + 2 + 3?', '', '7'),
      row('What is 2 + 3 * 4?', '', '14'),
      row('Find x', '2 + 2 = x + 1', 'x = 3'),
      row('What is 2 + 2?', '', 'Four.'),
      row('What happened in 1914-1918?', '', 'A war of 4 years.'),
      row('What is (2 + 2) * 3?', '', '12'),
    ],
  ],
  [
    'unclear-instruction',
    [
      row('', 'x', 'y'),
      row('???', '', 'y'),
      row('Rewrite the following sentence.', '', 'y'),
      row('Summarize this article', '', 'y'),
    ],
    [
      row('Rewrite the following sentence.', 'A cat.', 'y'),
      row('Rewrite this sentence: A cat.', '', 'y'),
      row('说', '', 'y'),
    ],
  ],
  [
    'control-characters',
    [row('A\u0007', '', 'x'), row('A', 'b', '\uFFFD'), row('A', '', 'x\u200By')],
    [row('A', '', 'x\ty\r\nz'), row('👩‍🚀', '', 'می‌روم')],
  ],
])('%s', (code, ill, well) => {
  test('is found', () => {
    for (const each of ill) expect([each, codes(each)]).toEqual([each, expect.arrayContaining([code]) as string[]]);
  });

  test('is not found where it is not', () => {
    for (const each of well)
      expect([each, codes(each)]).not.toEqual([each, expect.arrayContaining([code]) as string[]]);
  });
});

test('duplicates name the row that was first; case and spaces do not tell rows apart, inputs do', () => {
  const rows = [row('Add.', '1', 'x'), row('Add.', '2', 'x'), row(' ADD. ', '1\n', 'y'), row('Add.', '1', 'z')];
  expect(examine(rows)).toEqual([
    { row: 2, code: 'duplicate', message: 'It asks the same as row 1.' },
    { row: 3, code: 'duplicate', message: 'It asks the same as row 1.' },
  ]);
});

test('no text takes long, however it is made', () => {
  const runs = [' ', '\n', '\n#', '1 ', '- ', '`', 'the ', 'draw a ', '<', 'no ', 'www.'].map((part) =>
    part.repeat(50_000),
  );
  const begun = performance.now();
  for (const run of runs) examine([row(`What is ${run}`, run, run)]);
  expect(performance.now() - begun).toBeLessThan(5000);
});

test('rows of other forms', () => {
  const empty: Example = {
    kind: 'messages',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: ' ' },
    ],
  };
  expect(codes(empty)).toEqual(['empty-output']);
  expect(codes({ kind: 'text', text: 'See https://example.org for this text' })).toEqual([]);
  expect(codes({ kind: 'completion', prompt: '2 + 2 =', completion: '' })).toEqual(['empty-output']);
  expect(codes({ kind: 'tokens', ids: [1], labels: [1] })).toEqual([]);
});

test('faults that were put into a dataset on purpose are found, and no others', async () => {
  const counts = async (name: string) => {
    const made = await readDataset(bytesSource(readFileSync(`${DATASETS}/${name}`), name));
    const found: Record<string, number> = {};
    for (const { code } of made.kind === 'rows' ? examine(made.rows) : []) found[code] = (found[code] ?? 0) + 1;
    return found;
  };
  expect(await counts('alpaca.json')).toEqual(datasetFacts()['alpaca.json'].problems);
  expect(await counts('gardener.json')).toEqual({ duplicate: 2 });
  expect(await counts('alpaca.jsonl')).toEqual({});
});
