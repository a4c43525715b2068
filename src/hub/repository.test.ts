import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openCheckpoint } from '../formats/checkpoint/open';
import { readText } from '../core/source';
import { chooseFiles } from './choose';
import { CURATED } from './curated';
import { Access } from './access';
import { parseAddress } from './address';
import { type RemoteOptions, listRepository, openRemote } from './repository';
import { type TestServer, startServer } from './testing/server.mjs';
import { gitBlobId, matches } from './verify';

const DEMO = fileURLToPath(new URL('../../public/demo-model/pronk-6m-q8_0.gguf', import.meta.url));
const shard = new Uint8Array(5000).fill(7);
const index = JSON.stringify({
  weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors', c: '../secret' },
});
const files = {
  'README.md': '---\nlicense: mit\n---\n',
  'config.json': '{"model_type":"llama"}',
  'tokenizer.model': 'a tokenizer',
  'model-00001-of-00002.safetensors': shard,
  'model-00002-of-00002.safetensors': shard,
  'model.safetensors.index.json': index,
  'sub dir/ü.json': '{}',
};

let server: TestServer;
let options: RemoteOptions;
beforeAll(async () => {
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, number) => [`file-${number}.txt`, String(number)]));
  server = await startServer({
    pageSize: 10,
    linkOrigin: 'https://elsewhere.invalid',
    repositories: {
      'owner/model': { files, licence: 'mit', revisions: ['v1', 'refs/pr/2'] },
      'owner/gated': {
        files,
        cardData: { license: 'other', license_name: 'llama3.2' },
        gated: 'manual',
        token: 'hf_x',
      },
      'owner/hidden': { files, hidden: true, token: 'hf_x' },
      'owner/many': { files: many },
      'owner/demo': { files: { [basename(DEMO)]: readFileSync(DEMO), 'README.md': '' } },
      'owner/bin': { files: { 'config.json': '{}', 'pytorch_model.bin': shard } },
      'owner/meta': { files: { 'params.json': '{}', 'consolidated.00.pth': shard, 'consolidated.01.pth': shard } },
      'owner/none': { files: { 'index.html': '' } },
      'owner/splits': { files: { 'x-00001-of-00002.gguf': shard, 'x-00002-of-00002.gguf': shard } },
    },
  });
  options = { endpoint: server.url, backoff: () => 1, retries: 3, idleMs: 1000 };
});
afterAll(() => server.close());
beforeEach(() => {
  server.setFaults([]);
  server.log.length = 0;
});

const access = (value: string, endpoint = server.url) => new Access([{ endpoint, value }]);

test('a repository is listed at the commit that its revision means', async () => {
  for (const address of ['owner/model', 'owner/model@v1', 'https://huggingface.co/owner/model/tree/refs%2Fpr%2F2']) {
    const repository = await listRepository(address, options);
    const { sha } = server.models.get('owner/model')!;
    expect(repository).toMatchObject({ name: 'model', revision: sha, licence: 'mit', gated: false });
    expect(repository.address).toBe(`owner/model@${sha}`);
    expect(repository.files.map(({ path }) => path).toSorted()).toEqual(Object.keys(files).toSorted());
    const weights = repository.files.find(({ path }) => path.startsWith('model-00001'))!;
    expect(weights).toMatchObject({ size: 5000, sha256: createHash('sha256').update(shard).digest('hex') });
    expect(weights.url).toBe(`${server.url}/owner/model/resolve/${sha}/model-00001-of-00002.safetensors`);
    expect(await listRepository(repository.address, options)).toEqual(repository);
  }
});

test('pages are followed to their end, but not to where a link leads', async () => {
  const { files: listed } = await listRepository('owner/many', { ...options, access: access('hf_secret') });
  expect(listed).toHaveLength(25);
  expect(server.log.filter(({ path }) => path.includes('/tree/'))).toHaveLength(3);
});

test('files are read whole and verified when they are small; the reader verifies large ones', async () => {
  const repository = await listRepository('owner/model', options);
  for (const file of repository.files) {
    const { source, sha256 } = await openRemote(file, options);
    expect(await readText(source)).toBe(Buffer.from(files[file.path as keyof typeof files]).toString());
    expect(sha256).toBeUndefined();
  }
  const large = { ...repository.files[0], size: 1 << 30, sha256: 'ab' };
  expect(await openRemote(large, options)).toMatchObject({ sha256: 'ab', source: { size: 1 << 30 } });
});

test('a small file with a wrong byte is asked for again, and refused when it stays wrong', async () => {
  const repository = await listRepository('owner/model', options);
  for (const name of ['config.json', 'tokenizer.model']) {
    const file = repository.files.find(({ path }) => path === name)!;
    server.setFaults([{ kind: 'flip', match: name }]);
    const { source } = await openRemote(file, options);
    expect(await readText(source)).toBe(files[name as keyof typeof files]);
    server.setFaults([{ kind: 'flip', match: name, times: 2 }]);
    const lied = await openRemote(file, options, `folder/${name}`);
    await expect(readText(lied.source)).rejects.toMatchObject({ code: 'corrupt-file', message: /^folder\// });
    // and once the lies have ended, the same source reads
    expect(await readText(lied.source)).toBe(files[name as keyof typeof files]);
    // negative control: without digests the lie is believed
    server.setFaults([{ kind: 'flip', match: name }]);
    const { path, size, url } = file;
    const unverified = await openRemote({ path, size, url }, options);
    expect(await readText(unverified.source)).not.toBe(files[name as keyof typeof files]);
  }
});

test("digests are git's and SHA-256", async () => {
  const empty = new Uint8Array(0);
  expect(await gitBlobId(empty)).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
  expect(await gitBlobId(new TextEncoder().encode('hello\n'))).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
  expect(await matches(empty, { sha256: createHash('sha256').digest('hex') })).toBe(true);
  expect(await matches(empty, { sha256: 'e69d', gitOid: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391' })).toBe(false);
  expect(await matches(empty, {})).toBe(true);
});

test('a gated model is listed, and read with a token only', async () => {
  const listed = await listRepository('owner/gated', options);
  expect(listed).toMatchObject({ gated: true, licence: 'llama3.2' });
  const config = listed.files.find(({ path }) => path === 'config.json')!;
  const read = async (token?: string) =>
    readText(
      (await openRemote(config, { ...options, access: token === undefined ? undefined : access(token) })).source,
    );
  await expect(read()).rejects.toMatchObject({ code: 'gated', message: expect.stringContaining('access token') });
  await expect(read('hf_wrong')).rejects.toMatchObject({ code: 'gated', message: expect.stringContaining('licence') });
  expect(await read(' hf_x\n')).toBe(files['config.json']);
  await expect(read('hf_…')).rejects.toMatchObject({ code: 'bad-token' });
});

test('a private model is shown with a token only, and said to be perhaps one', async () => {
  const hidden = { code: 'private', message: expect.stringContaining('If the model is private, give an access token') };
  await expect(listRepository('owner/hidden', options)).rejects.toMatchObject(hidden);
  await expect(listRepository('owner/nothing', options)).rejects.toMatchObject(hidden);
  expect((await listRepository('owner/hidden', { ...options, access: access('hf_x') })).files).toHaveLength(7);
  const nothing = listRepository('owner/nothing', { ...options, access: access('hf_x') });
  await expect(nothing).rejects.toMatchObject({ code: 'not-found' });
});

const answers =
  (json: unknown): typeof fetch =>
  async () =>
    Response.json(json);
const html: typeof fetch = async () => new Response('<html>');

test('what is not there is named; what breaks is tried again', async () => {
  const missing = { code: 'not-found', message: expect.stringContaining('owner/model@v9') };
  await expect(listRepository('owner/model@v9', options)).rejects.toMatchObject(missing);
  for (const kind of ['500', 'hangup', 'silence'] as const) {
    server.setFaults([{ kind, times: 2 }]);
    expect((await listRepository('owner/model', options)).files).toHaveLength(7);
    server.setFaults([{ kind, times: 4 }]);
    await expect(listRepository('owner/model', options)).rejects.toMatchObject({ code: 'network' });
  }
  for (const nonsense of [[], {}, { sha: '../..' }, 7]) {
    const asked = listRepository('owner/model', { ...options, fetch: answers(nonsense) });
    await expect(asked).rejects.toMatchObject({ code: 'refused' });
  }
  await expect(listRepository('owner/model', { ...options, fetch: html })).rejects.toMatchObject({ code: 'network' });
});

test.each([
  ['owner/model', 6],
  ['owner/bin', 2],
  ['owner/meta', 3],
  ['owner/splits/x-00001-of-00002.gguf', 2],
])('a folder without an API: %s', async (path, count) => {
  const repository = await listRepository(`${server.url}/files/${path}`, options);
  expect(repository.files).toHaveLength(count);
  expect(repository.files.filter(({ size }) => size === 5000).length).toBeGreaterThan(0);
  expect(repository.name).toBe(path.slice(path.lastIndexOf('/') + 1));
  expect(chooseFiles(repository.files).files).toHaveLength(count);
  expect(server.log.some((request) => request.path.includes('secret'))).toBe(false);
});

test('a folder without a model', async () => {
  const asked = listRepository(`${server.url}/files/owner/none/`, options);
  await expect(asked).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('config.json') });
});

test('a model is opened from the Hub as from the disk', async () => {
  const repository = await listRepository('owner/demo', options);
  const choice = chooseFiles(repository.files, repository);
  expect(choice).toMatchObject({ kind: 'gguf', variant: basename(DEMO) });
  const opened = await Promise.all(choice.files.map((file) => openRemote(file, options)));
  const checkpoint = await openCheckpoint(opened.map(({ source }) => source));
  expect(checkpoint.config.numLayers).toBeGreaterThan(1);
  expect(dirname(checkpoint.tensors.values().next().value!.place.file)).toBe('.');
});

test('curated models have readable addresses, at commits, smallest first', () => {
  expect(CURATED.length).toBeGreaterThanOrEqual(6);
  for (const { address, parameters, bytes, memory, gated, licence } of CURATED) {
    expect(parseAddress(address)).toMatchObject({
      kind: 'hub',
      revision: expect.stringMatching(/^([0-9a-f]{40}|main)$/) as string,
    });
    // 16 bits a weight; Qwen3's files hold the tied head a second time
    expect(bytes / parameters).toBeGreaterThan(1.99);
    expect(bytes / parameters).toBeLessThan(address.startsWith('Qwen/Qwen3') ? 2.6 : 2.2);
    // with less than 16 bits a weight, and the cache of a chat
    expect(memory).toBeGreaterThan(parameters * 0.56);
    expect(memory).toBeLessThan(parameters * 0.57 + 2e9);
    // the licences that ask for consent
    expect(gated ?? false).toBe(['gemma', 'llama3.2'].includes(licence));
  }
  expect(CURATED.map(({ bytes }) => bytes)).toEqual(CURATED.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
});
