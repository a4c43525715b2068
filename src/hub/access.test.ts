import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Access, tokenEndpoint } from './access';
import { listRepository, openRemote } from './repository';
import { startServer, type TestServer } from './testing/server.mjs';

test.each([
  ['owner/name', 'https://huggingface.co'],
  ['https://hf.co/owner/name/tree/v1', 'https://huggingface.co'],
  ['https://example.org:8443/models/tiny/?key=1', 'https://example.org:8443'],
  ['http://localhost:8000/m/', 'http://localhost:8000'],
  ['http://127.0.0.1:8000/m/', 'http://127.0.0.1:8000'],
  ['http://[::1]:8000/m/', 'http://[::1]:8000'],
  // on the way there everybody could read it
  ['http://192.168.1.7/m/', undefined],
  ['http://example.org/m/', undefined],
  ['http://127.0.0.1.example.org/m/', undefined],
])('a token for %s belongs to %s', (address, endpoint) => {
  expect(tokenEndpoint(address)).toBe(endpoint);
});

test.each([
  ['https://huggingface.co/api/models/a/b', true],
  ['https://huggingface.co:443/a', true],
  ['http://huggingface.co/a', false],
  ['https://huggingface.co:8443/a', false],
  ['https://cdn.huggingface.co/a', false],
  ['https://huggingface.co.example.org/a', false],
  ['https://example.org/huggingface.co', false],
])('the token of huggingface.co and %s: %s', (url, sent) => {
  const access = new Access([{ endpoint: 'https://huggingface.co', value: ' hf_x\n' }]);
  expect(access.headersFor(url)).toEqual(sent ? { Authorization: 'Bearer hf_x' } : {});
});

test('a token that was labelled with a plain address goes nowhere', () => {
  const access = new Access([{ endpoint: 'http://example.org', value: 'hf_x' }]);
  expect(access.headersFor('http://example.org/a')).toEqual({});
});

test('a redirect from https to plain http carries no token, even on the same host', async () => {
  const sent: [string, Headers][] = [];
  const answers: typeof fetch = async (input, init) => {
    sent.push([String(input), new Headers(init?.headers)]);
    const down = String(input).startsWith('https:');
    return down
      ? new Response(null, { status: 302, headers: { Location: 'http://example.org/m/config.json' } })
      : new Response('{}', { status: 404 });
  };
  const access = new Access([{ endpoint: 'https://example.org', value: 'hf_x' }]);
  await listRepository('https://example.org/m/x.gguf', { fetch: answers, access }).catch(() => {});
  expect(sent.map(([url, headers]) => [url, headers.get('Authorization')])).toEqual([
    ['https://example.org/m/x.gguf', 'Bearer hf_x'],
    ['http://example.org/m/config.json', null],
  ]);
});

/** A Hub with its storage, and another server that is none of its business. */
let hub: TestServer;
let other: TestServer;
beforeAll(async () => {
  const files = { 'config.json': '{}', 'model.safetensors': new Uint8Array(600_000) };
  hub = await startServer({ repositories: { 'o/m': { files, token: 'hf_hub', gated: 'auto' } } });
  other = await startServer({ repositories: { 'o/m': { files } } });
});
afterAll(() => Promise.all([hub.close(), other.close()]));
beforeEach(() => {
  hub.log.length = 0;
  other.log.length = 0;
});

/** Lists a model and reads all of it. */
async function readFrom(address: string, access: Access): Promise<number> {
  const options = { endpoint: hub.url, access, retries: 0 };
  const { files } = await listRepository(address, options);
  for (const file of files) {
    const { source } = await openRemote(file, options);
    await source.read(0, source.size);
  }
  return files.length;
}
const carried = (server: TestServer, origin: string) =>
  server.log.filter((request) => request.origin === origin).map(({ headers }) => headers['authorization']);

test('of three hosts, the one that a token was given for sees it', async () => {
  const access = new Access([{ endpoint: hub.url, value: 'hf_hub' }]);
  expect(await readFrom('o/m', access)).toBe(2);
  expect(await readFrom(`${other.url}/files/o/m/`, access)).toBe(2);
  expect(new Set(carried(hub, hub.url))).toEqual(new Set(['Bearer hf_hub']));
  expect(carried(hub, hub.storageUrl).length).toBeGreaterThan(0);
  expect(new Set(carried(hub, hub.storageUrl))).toEqual(new Set([undefined]));
  expect(carried(other, other.url).length).toBeGreaterThan(2);
  expect(new Set(carried(other, other.url))).toEqual(new Set([undefined]));
});

test('each host sees its own, and none is sent where it was not given', async () => {
  const access = new Access([
    { endpoint: hub.url, value: 'hf_hub' },
    { endpoint: other.url, value: 'other' },
  ]);
  await readFrom('o/m', access);
  await readFrom(`${other.url}/files/o/m/`, access);
  expect(new Set(carried(hub, hub.url))).toEqual(new Set(['Bearer hf_hub']));
  expect(new Set(carried(other, other.url))).toEqual(new Set(['Bearer other']));
  // negative control: the Hub does not give its files to another's token
  const wrong = readFrom('o/m', new Access([{ endpoint: other.url, value: 'hf_hub' }]));
  await expect(wrong).rejects.toMatchObject({ code: 'gated' });
});
