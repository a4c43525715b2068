import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenEndpoint } from './access';
import { chosenSplit, listDataset, parseDatasetAddress } from './datasets';
import type { RemoteOptions } from './repository';
import { type TestServer, startServer } from './testing/server.mjs';
import { Access } from './access';

const COPY = ['refs/convert/parquet'];
const names = (splits: readonly { readonly subset: string; readonly split: string }[]) =>
  splits.map(({ subset, split }) => `${subset}/${split}`);

let server: TestServer;
let options: RemoteOptions;
beforeAll(async () => {
  const files = {
    'other/test/0000.parquet': 'x',
    'default/validation/0000.parquet': 'x',
    'default/train/0001.parquet': 'xx',
    'default/train/0000.parquet': 'x',
    'big/partial-train/0000.parquet': 'x',
    'README.md': '',
  };
  server = await startServer({
    repositories: {
      'datasets/owner/rows': { files, licence: 'mit', revisions: COPY },
      'datasets/owner/plain': {
        files: { 'data/test.jsonl': '{}', 'data/train.jsonl': '{}', 'dataset_infos.json': '{}', 'README.md': '' },
      },
      'datasets/owner/pictures': { files: { 'a.png': 'x', 'README.md': '' } },
      'datasets/owner/gated': { files, revisions: COPY, gated: 'manual', token: 'hf_x', hidden: true },
      // a model of the same name is another thing
      'owner/rows': { files: { 'config.json': '{}' } },
    },
  });
  options = { endpoint: server.url, backoff: () => 1, retries: 2 };
});
afterAll(() => server.close());

test.each([
  ['owner/name', { id: 'owner/name' }],
  [' hf:owner/name ', { id: 'owner/name' }],
  ['owner/name/main/train', { id: 'owner/name', subset: 'main', split: 'train' }],
  ['hf:owner/name/main', { id: 'owner/name', subset: 'main' }],
  ['hf://datasets/owner/name', { id: 'owner/name' }],
  ['https://huggingface.co/datasets/owner/name', { id: 'owner/name' }],
  [
    'https://huggingface.co/datasets/owner/name/viewer/a%20b/test?p=1',
    { id: 'owner/name', subset: 'a b', split: 'test' },
  ],
  ['https://huggingface.co/datasets/owner/name/tree/main/data', { id: 'owner/name' }],
])('%s', (text, address) => {
  expect(parseDatasetAddress(text)).toEqual(address);
});

test.each(['', 'name', 'a b/c', 'https://example.com/x/y', 'owner/..'])('%j is no dataset', (text) => {
  expect(() => parseDatasetAddress(text)).toThrow(expect.objectContaining({ code: 'bad-address' }));
});

test('a token for a dataset is the Hub’s', () => {
  for (const address of ['owner/name', 'hf:owner/name/a/b', 'https://huggingface.co/datasets/owner/name']) {
    expect(tokenEndpoint(address)).toBe('https://huggingface.co');
  }
  expect(() => tokenEndpoint('hf:')).not.toThrow();
  expect(tokenEndpoint('https://example.com/datasets/owner/name/')).toBe('https://example.com');
});

test('the Hub’s copy is taken, training rows of the default subset first, parts in order', async () => {
  const { splits, licence, revision, gated } = await listDataset(parseDatasetAddress('owner/rows'), options);
  expect([licence, gated]).toEqual(['mit', false]);
  expect(revision).toMatch(/^[0-9a-f]{40}$/);
  expect(names(splits)).toEqual(['default/train', 'default/validation', 'big/train', 'other/test']);
  expect(splits.map(({ partial }) => partial)).toEqual([false, false, true, false]);
  expect(splits[0].files.map(({ path }) => path)).toEqual(['default/train/0000.parquet', 'default/train/0001.parquet']);
  expect(splits[0]).toMatchObject({
    bytes: 3,
    files: [{ url: `${server.url}/datasets/owner/rows/resolve/${revision}/default/train/0000.parquet` }, {}],
  });
});

test('without a copy a dataset’s own files are its splits', async () => {
  const { splits } = await listDataset({ id: 'owner/plain' }, options);
  expect(names(splits)).toEqual(['files/data/train.jsonl', 'files/data/test.jsonl']);
});

test('a split that is not there is named with those that are', async () => {
  const { splits } = await listDataset({ id: 'owner/rows' }, options);
  expect(chosenSplit(splits, {}).split).toBe('train');
  expect(chosenSplit(splits, { split: 'test' }).subset).toBe('other');
  expect(chosenSplit(splits, { subset: 'other' }).split).toBe('test');
  const missing = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });
  expect(() => chosenSplit(splits, { subset: 'x' })).toThrow(missing('not-found', /subset x.*default, big, other/));
  expect(() => chosenSplit(splits, { subset: 'default', split: 'x' })).toThrow(
    missing('not-found', /split x.*train, validation/),
  );
});

test('what goes wrong is named, and says what to do', async () => {
  const list = (id: string, more: RemoteOptions = {}) => listDataset({ id }, { ...options, ...more });
  await expect(list('owner/pictures')).rejects.toMatchObject({
    code: 'unsupported-format',
    message: expect.stringMatching(/JSON Lines/),
  });
  await expect(list('owner/none')).rejects.toMatchObject({
    code: 'private',
    message: expect.stringMatching(/dataset owner\/none.*dataset is private.*access token/),
  });
  await expect(list('owner/gated')).rejects.toMatchObject({ code: 'private' });
  const access = new Access([{ endpoint: server.url, value: 'hf_x' }]);
  expect(names((await list('owner/gated', { access })).splits)).toContain('default/train');
  await expect(list('owner/none', { access })).rejects.toMatchObject({ code: 'not-found' });
});
