// Datasets of the Hub become rows here: as many as were asked for, from as many files as that takes.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { memoryStore } from '../../storage/memory';
import { type TestServer, startServer } from '../../hub/testing/server.mjs';
import { DATASETS } from '../../testing/fixtures';
import { Datasets } from './datasets';

const file = (name: string) => new Uint8Array(readFileSync(`${DATASETS}/${name}`));
const refuse = () => Promise.reject(new Error('no model is needed'));

let server: TestServer;
let datasets: Datasets;
/** Rows of one file. */
let inFile: number;
beforeAll(async () => {
  const revisions = ['refs/convert/parquet'];
  const [alpaca, messages] = [file('alpaca.parquet'), file('messages.parquet')];
  server = await startServer({
    repositories: {
      'datasets/owner/alpaca': {
        files: {
          'default/train/0000.parquet': alpaca,
          'default/train/0001.parquet': alpaca,
          'chats/partial-train/0000.parquet': messages,
        },
        revisions,
        licence: 'cc-by-4.0',
      },
      'datasets/owner/gated': {
        files: { 'default/train/0000.parquet': alpaca },
        revisions,
        gated: 'manual',
        token: 'hf_x',
      },
      'datasets/owner/plain': { files: { 'train.jsonl': file('alpaca.jsonl') } },
      'datasets/owner/damaged': { files: { 'default/train/0000.parquet': alpaca.slice(0, 900) }, revisions },
    },
  });
  datasets = new Datasets(memoryStore(), refuse, { endpoint: server.url });
  const opened = await datasets.add(new File([alpaca], 'alpaca.parquet'));
  inFile = opened.kind === 'stored' ? opened.dataset.rows : 0;
  expect(inFile).toBeGreaterThan(3);
});
afterAll(() => server.close());
beforeEach(() => {
  server.log.length = 0;
});

test('what there is', async () => {
  expect(await datasets.lookUp('owner/alpaca')).toMatchObject({
    id: 'owner/alpaca',
    licence: 'cc-by-4.0',
    splits: [
      { subset: 'default', split: 'train', partial: false },
      { subset: 'chats', split: 'train', partial: true },
    ],
    meant: { subset: 'default', split: 'train' },
  });
  expect((await datasets.lookUp('owner/alpaca/chats')).meant).toEqual({ subset: 'chats', split: 'train' });
  // looking reads no rows
  expect(server.log.every(({ path }) => path.startsWith('/api/'))).toBe(true);
});

test('rows of several files follow each other, as many as are asked for', async () => {
  const added = async (rows?: number) => {
    const opened = await datasets.addFromHub({ address: 'owner/alpaca', ...(rows !== undefined && { rows }) });
    if (opened.kind !== 'stored') throw new Error(opened.kind);
    return { ...opened, all: await datasets.rows(opened.dataset.id) };
  };
  const whole = await added();
  expect(whole.dataset).toMatchObject({ name: 'alpaca · train', rows: 2 * inFile });
  expect(whole.all.slice(inFile)).toEqual(whole.all.slice(0, inFile));
  expect(whole.notes.join(' ')).not.toMatch(/Only the first/);
  const across = await added(inFile + 2);
  expect(across.all).toEqual(whole.all.slice(0, inFile + 2));
  expect(across.notes.join(' ')).toMatch(/Only the first \d+ rows were read/);
  server.log.length = 0;
  expect((await added(3)).all).toEqual(whole.all.slice(0, 3));
  // the second file was not needed
  expect(server.log.some(({ path }) => path.includes('0001'))).toBe(false);
});

test('a subset by name, and what is said of a copy that is not whole', async () => {
  const opened = await datasets.addFromHub({ address: 'hf:owner/alpaca', subset: 'chats', split: 'train' });
  expect(opened).toMatchObject({ kind: 'stored', dataset: { name: 'alpaca · chats · train' } });
  expect(opened.kind === 'stored' && opened.notes.join(' ')).toMatch(/copy of this split ends before/);
});

test('columns by name, of which alone the values are read', async () => {
  const options = { mapping: { instruction: 'output', output: 'instruction' } };
  const [plain, swapped] = [
    await datasets.addFromHub({ address: 'owner/alpaca', rows: 2 }),
    await datasets.addFromHub({ address: 'owner/alpaca', rows: 2 }, options),
  ];
  if (plain.kind !== 'stored' || swapped.kind !== 'stored') throw new Error('nothing was stored');
  const [rows, others] = [await datasets.rows(plain.dataset.id), await datasets.rows(swapped.dataset.id)];
  expect(rows[0]).toMatchObject({ kind: 'instruct' });
  if (rows[0].kind !== 'instruct') throw new Error('no instruction');
  expect(others[0]).toMatchObject({ instruction: rows[0].output, output: rows[0].instruction, input: '' });
});

test('files of a dataset without a copy', async () => {
  const opened = await datasets.addFromHub({ address: 'owner/plain', rows: 2 });
  expect(opened).toMatchObject({ kind: 'stored', dataset: { name: 'plain · train.jsonl', rows: 2 } });
});

test('a gated one needs its token, which goes to the Hub alone', async () => {
  const address = 'owner/gated';
  await expect(datasets.addFromHub({ address })).rejects.toMatchObject({
    code: 'gated',
    message: expect.stringMatching(/dataset asks for it.*access token/),
  });
  const tokens = [{ endpoint: server.url, value: 'hf_x' }];
  expect(await datasets.addFromHub({ address, tokens })).toMatchObject({ kind: 'stored', dataset: { rows: inFile } });
  expect(
    server.log.filter(({ origin }) => origin === server.storageUrl).some(({ headers }) => headers['authorization']),
  ).toBe(false);
});

test('what is damaged, or is not there, is named and stores nothing', async () => {
  const before = (await datasets.list()).length;
  for (const [address, code] of [
    ['owner/damaged', 'bad-dataset'],
    ['owner/alpaca/default/validation', 'not-found'],
    ['owner/nothing', 'private'],
    ['nothing', 'bad-address'],
  ]) {
    await expect(datasets.addFromHub({ address })).rejects.toMatchObject({ code });
  }
  expect(await datasets.list()).toHaveLength(before);
});
