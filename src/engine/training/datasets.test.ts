import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { llamaTokenizer } from '../../data/testing/tokenizers';
import { bytesSource } from '../../core/source';
import { memoryStore } from '../../storage/memory';
import { DEFAULT_CONFIG } from '../../training/config';
import { Datasets } from './datasets';
import type { Example } from './types';
import { DATASETS } from '../../testing/fixtures';

const file = (name: string, text: string) => bytesSource(new TextEncoder().encode(text), name);
const row = (output: string): Example => ({ kind: 'instruct', instruction: 'Say it.', input: '', output });
const llama = llamaTokenizer();
const withLlama = <T>(_: string, work: (tokenizer: typeof llama) => Promise<T>) => work(llama);

test('a dataset is added, edited, looked at, exported, and comes back from its export', async () => {
  const store = memoryStore();
  const datasets = new Datasets(store, withLlama);
  const content = JSON.stringify(['a', 'b', 'c'].map((output) => ({ instruction: 'Say it.', input: '', output })));
  const added = await datasets.add(file('folder/three.json', content));
  expect(added).toMatchObject({
    kind: 'stored',
    dropped: 0,
    dataset: { name: 'three', format: 'Alpaca JSON', rows: 3 },
  });
  const { id } = (await datasets.list())[0];
  const chat: Example = {
    kind: 'messages',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'é' },
    ],
  };
  expect(await datasets.edit(id, 1, 1, [row(''), chat])).toMatchObject({ rows: 4 });
  const rows = [row('a'), row(''), chat, row('c')];
  expect(await new Datasets(store, withLlama).rows(id)).toEqual(rows);

  const report = await datasets.report(id, 'llama', DEFAULT_CONFIG);
  expect(report.rows).toBe(4);
  expect(report.problems.map((problem) => [problem.row, problem.code])).toEqual([
    [1, 'empty-output'],
    [1, 'duplicate'],
    [3, 'duplicate'],
  ]);
  const { tokens } = await datasets.preview(id, 3, 'llama', { ...DEFAULT_CONFIG, train_on_inputs: false });
  expect(tokens.filter(({ inLoss }) => inLoss).map(({ text }) => text)).toEqual(['c', '</s>']);
  await expect(datasets.preview(id, 4, 'llama', DEFAULT_CONFIG)).rejects.toMatchObject({ code: 'missing-row' });

  await datasets.rename(id, 'three/four');
  const exported = await datasets.export(id);
  expect(exported.name).toBe('three_four.json');
  const again = await datasets.add(bytesSource(new Uint8Array(await exported.arrayBuffer()), exported.name));
  expect(again.kind === 'stored' && (await datasets.rows(again.dataset.id))).toEqual(rows);

  await datasets.remove(id);
  expect(await datasets.list()).toHaveLength(1);
});

test('nothing is stored of a file that is none, or whose columns are to be mapped', async () => {
  const store = memoryStore();
  const datasets = new Datasets(store, withLlama);
  await expect(datasets.add(file('x.json', '[{"instruction":{},"output":""}]'))).rejects.toMatchObject({
    code: 'bad-dataset',
  });
  await expect(datasets.add(file('x.json', '[]'), { format: 'alpacca' })).rejects.toMatchObject({
    code: 'bad-dataset',
  });
  expect(await datasets.add(file('x.csv', 'q,a\n1,2\n'))).toEqual({
    kind: 'columns',
    columns: ['q', 'a'],
    sample: [{ q: '1', a: '2' }],
  });
  expect(await store.records.keys('datasets')).toEqual([]);
  const mapped = await datasets.add(file('x.csv', 'q,a\n1,2\n'), { mapping: { instruction: 'q', output: 'a' } });
  expect(mapped).toMatchObject({ kind: 'stored', dataset: { format: 'CSV', rows: 1 } });
});

test('rows that cannot be read stay in their places, are counted, found and read again', async () => {
  const datasets = new Datasets(memoryStore(), withLlama);
  const text = '[{"instruction":"a","output":"b"},{"instruction":"c"},{"instruction":"d","output":7},{oops}]';
  const added = await datasets.add(file('x.json', text));
  if (added.kind !== 'stored') throw new Error('not stored');
  const { id } = added.dataset;
  expect(added.dataset).toMatchObject({ rows: 4, unread: 2 });
  expect(added.notes).toEqual(['Row 3: It has a number in the field output, which was converted to text.']);
  const rows = await datasets.rows(id);
  expect(rows.map(({ kind }) => kind)).toEqual(['instruct', 'unread', 'instruct', 'unread']);
  expect(rows[1]).toMatchObject({ text: '{"instruction":"c"}', code: 'missing-field' });
  expect(await datasets.find(id, { unread: true })).toEqual([1, 3]);
  expect(await datasets.find(id, { text: 'OOPS' })).toEqual([3]);
  expect(await datasets.find(id, { text: 'd' })).toEqual([2]);

  const report = await datasets.report(id, 'llama', DEFAULT_CONFIG);
  expect(report.rows).toBe(2);
  expect(report.problems.filter(({ row: at }) => at === 1).map(({ code }) => code)).toEqual(['missing-field']);
  // nothing is lost on the way out and in again
  const exported = await datasets.export(id);
  const again = await datasets.add(bytesSource(new Uint8Array(await exported.arrayBuffer()), exported.name));
  expect(again).toMatchObject({ kind: 'stored', dataset: { rows: 4, unread: 2 } });

  expect(datasets.readRow('{"instruction":"c"}')).toMatchObject({ code: 'missing-field' });
  expect(datasets.readRow('{"instruction":')).toMatchObject({ code: 'not-json' });
  const read = datasets.readRow('{"instruction":"c","output":"e"}');
  if (!('rows' in read)) throw new Error('not read');
  expect(await datasets.edit(id, 1, 1, read.rows)).toMatchObject({ rows: 4, unread: 1 });
});

test('a text in an encoding that nobody named is asked about, and stored once it is named', async () => {
  const store = memoryStore();
  const datasets = new Datasets(store, withLlama);
  const western = bytesSource(Uint8Array.from(Buffer.from('instruction,output\nGrüße,b\n', 'latin1')), 'x.csv');
  expect(await datasets.add(western)).toMatchObject({ kind: 'encoding', sample: expect.any(Uint8Array) as unknown });
  expect(await store.records.keys('datasets')).toEqual([]);
  const named = await datasets.add(western, { encoding: 'windows-1252' });
  if (named.kind !== 'stored') throw new Error('not stored');
  expect(await datasets.rows(named.dataset.id)).toMatchObject([{ instruction: 'Grüße' }]);
});

test('one written by hand begins empty', async () => {
  const datasets = new Datasets(memoryStore(), withLlama);
  const { id, rows } = await datasets.create('Mine');
  expect(rows).toBe(0);
  await datasets.edit(id, 0, 0, [row('x')]);
  expect(await datasets.get(id)).toMatchObject({ name: 'Mine', rows: 1 });
});

test('rows come back as they are, CRLF in the file or not', async () => {
  const datasets = new Datasets(memoryStore(), withLlama);
  const bytes = readFileSync(`${DATASETS}/gardener.json`);
  const added = await datasets.add(bytesSource(bytes, 'gardener.json'));
  if (added.kind !== 'stored') throw new Error('not stored');
  const exported = JSON.parse(await (await datasets.export(added.dataset.id)).text()) as unknown;
  expect(exported).toEqual(JSON.parse(bytes.toString()));
});
