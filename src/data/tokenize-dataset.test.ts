import { expect, test } from 'vitest';
import { llamaTokenizer } from './testing/tokenizers';
import { tokenizeDataset } from './tokenize-dataset';
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
