import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Source, bytesSource } from '../core/source';
import { windows } from '../core/stream';
import { Access } from './access';
import { type HttpSourceOptions, httpSource } from './http-source';
import { type Fault, FAULTS, type FaultKind, type TestServer, startServer } from './testing/server.mjs';
import { defaultBackoff, type Manner, type Wait } from './transport';

const SIZE = 3_000_001;
const bytes = Uint8Array.from({ length: SIZE }, (_, index) => (index * 2654435761) >>> 13);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const WINDOW = 300_000;

let server: TestServer;
let plain: string;
beforeAll(async () => {
  const files = { 'model.safetensors': bytes, 'small.json': bytes.subarray(0, 1000), 'empty.txt': '' };
  server = await startServer({
    repositories: { 'o/m': { files }, 'o/secret': { files, token: 'hf_right', gated: 'auto' } },
    expired: 'hf_expired',
  });
  plain = `${server.url}/files/o/m/model.safetensors`;
});
afterAll(() => server.close());
beforeEach(() => {
  server.setFaults([]);
  server.log.length = 0;
});

const quick = { backoff: () => 1, idleMs: 10_000 };
/** Longer than a busy machine pauses. */
const SILENCE = 250;
const open = (options: Partial<HttpSourceOptions> = {}) =>
  httpSource({ url: plain, name: 'model.safetensors', size: SIZE, ...quick, ...options });

async function readAll(source: Source, start = 0): Promise<Uint8Array> {
  const all = new Uint8Array(source.size - start);
  for await (const { at, bytes: part } of windows(source, { start, window: WINDOW, ahead: 3 }))
    all.set(part, at - start);
  return all;
}
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const asked = () => server.log.filter(({ method }) => method === 'GET').map(({ headers }) => headers['range']);

test('a file is read in exactly the ranges that were asked for, several at once', async () => {
  const source = await open();
  expect(server.log).toHaveLength(0);
  expect(same(await readAll(source), bytes)).toBe(true);
  expect(asked()).toHaveLength(Math.ceil(SIZE / WINDOW));
  expect(asked()).toContain(`bytes=${WINDOW}-${2 * WINDOW - 1}`);
  expect(source.etag).toMatch(/^"[0-9a-f]{64}"$/);
});

test('a size that is not known is asked for; an import goes on in the middle', async () => {
  const source = await open({ size: undefined });
  expect(source.size).toBe(SIZE);
  expect(same(await readAll(source, 1_234_567), bytes.subarray(1_234_567))).toBe(true);
  expect(asked()).not.toContain(`bytes=0-${WINDOW - 1}`);
  const empty = await open({ url: plain.replace('model.safetensors', 'empty.txt'), size: undefined });
  expect([empty.size, (await empty.read(0, 0)).length]).toEqual([0, 0]);
});

test('reads out of range are refused, as other sources refuse them', async () => {
  const sources = [await open(), bytesSource(bytes)];
  for (const source of sources) {
    for (const [start, end] of [
      [-1, 2],
      [5, 4],
      [0, SIZE + 1],
    ] as const) {
      await expect(source.read(start, end)).rejects.toThrow(RangeError);
    }
    expect((await source.read(7, 7)).length).toBe(0);
  }
});

/** What each fault comes to: bytes, or an error's code; once and for ever. */
const OUTCOMES: Record<FaultKind, readonly [once: string, always: string]> = {
  hangup: ['bytes', 'network'],
  drop: ['bytes', 'network'],
  truncate: ['bytes', 'network'],
  long: ['bytes', 'network'],
  stall: ['bytes', 'network'],
  silence: ['bytes', 'network'],
  delay: ['bytes', 'bytes'],
  range: ['bytes', 'network'],
  total: ['changed-file', 'changed-file'],
  // the length is right, and so are the bytes
  'no-content-range': ['bytes', 'bytes'],
  // small enough to be taken whole
  'ignore-range': ['bytes', 'bytes'],
  etag: ['changed-file', 'changed-file'],
  flip: ['wrong bytes', 'wrong bytes'],
  '500': ['bytes', 'network'],
  '503': ['bytes', 'network'],
  '429': ['bytes', 'network'],
  '401': ['gated', 'gated'],
  '403': ['gated', 'gated'],
  '404': ['not-found', 'not-found'],
};

test.each(FAULTS.map((kind) => [kind] as const))('fault %s, once and always', { timeout: 30_000 }, async (kind) => {
  const silent = kind === 'stall' || kind === 'silence';
  for (const [index, times] of [1, Infinity].entries()) {
    // the first answer is right, so that it is known which file it is; of 100 kB, so that no try brings much
    const fault: Fault = { kind, times, ...(index ? { when: '900000-' } : { skip: 1 }), at: 0.1, ms: 20 };
    server.setFaults([fault]);
    // what is still being asked for at the end would take the next one's faults
    const controller = new AbortController();
    const { signal } = controller;
    const outcome = readAll(await open({ signal, retries: 3, ...(silent && { idleMs: SILENCE }) })).then(
      (all) => (same(all, bytes) ? 'bytes' : 'wrong bytes'),
      (error: { code?: string; message: string }) => {
        expect(error.message).toMatch(/^.+\. .+\.$/s);
        return error.code;
      },
    );
    const always =
      kind === 'truncate' || kind === 'drop' || kind === 'stall' ? ['network', 'bytes'] : [OUTCOMES[kind][1]];
    if (index) expect(always).toContain(await outcome);
    else expect(await outcome).toBe(OUTCOMES[kind][0]);
    controller.abort();
    await sleep(30);
  }
});

test('what came before a connection broke is not asked for again', async () => {
  server.setFaults([{ kind: 'drop', when: 'bytes=300000-', at: 0.5 }]);
  expect(same(await readAll(await open()), bytes)).toBe(true);
  const again = asked().filter((range) => range?.endsWith('-599999'));
  expect(again).toHaveLength(2);
  expect(Number(/\d+/.exec(again[1] ?? '')?.[0])).toBeGreaterThan(300_000);
});

test('tries that bring something are not counted', async () => {
  server.setFaults([{ kind: 'drop', times: 5, at: 0.5 }]);
  expect(same(await (await open({ retries: 1 })).read(0, SIZE), bytes)).toBe(true);
});

test('Retry-After is waited for and told of, in seconds and as a date; one of an hour is not', async () => {
  for (const after of [() => 2, () => new Date(Date.now() + 3000).toUTCString()]) {
    server.setFaults([{ kind: '429', after: after() }]);
    const waits: Wait[] = [];
    const before = performance.now();
    await (await open({ onWait: (wait) => waits.push(wait) })).read(0, WINDOW);
    expect(performance.now() - before).toBeGreaterThan(1900);
    expect(waits).toMatchObject([{ host: new URL(server.url).host, asked: true }]);
    expect(waits[0].ms).toBeGreaterThan(1900);
  }
  server.setFaults([{ kind: '503', after: 3600 }]);
  const message = expect.stringContaining('It asks to wait 60 minutes.');
  await expect((await open()).read(0, WINDOW)).rejects.toMatchObject({ code: 'network', message });
});

test('who waits for an answer learns within seconds that there is none; an import is more patient', async () => {
  const down: typeof fetch = async () => {
    throw new TypeError('fetch failed');
  };
  let manner: Manner = 'look';
  const source = await open({ fetch: down, backoff: undefined, manner: () => manner });
  for (const [now, says] of [
    ['look', 'Nothing was changed here.'],
    ['resume', 'What was imported so far is kept'],
  ] as const) {
    manner = now;
    const before = performance.now();
    await expect(source.read(0, WINDOW)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining(says),
    });
    expect(performance.now() - before).toBeLessThan(3000);
  }
  manner = 'read';
  const first = await Promise.race([source.read(0, WINDOW).catch(() => 'failed'), sleep(3000, 'waits')]);
  expect(first).toBe('waits');
});

test('back-off grows, is limited, differs, and leaves the Hub its five minutes', () => {
  const waits = Array.from({ length: 10 }, (_, index) => defaultBackoff(index + 1));
  expect(waits[0]).toBeLessThanOrEqual(500);
  expect(Math.max(...waits)).toBeLessThanOrEqual(20_000);
  expect(defaultBackoff(3)).not.toBe(defaultBackoff(3));
  const limited = Array.from({ length: 6 }, (_, index) => defaultBackoff(index + 1, 429));
  expect(limited.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(200_000);
});

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('an abort is heeded at once and leaves no timer, whether reading, silent or waiting', async () => {
  const before = timers();
  const cases: readonly (readonly [Fault, Partial<HttpSourceOptions>])[] = [
    [{ kind: 'stall', times: 9 }, { idleMs: 60_000 }],
    [{ kind: 'silence', times: 9 }, { idleMs: 60_000 }],
    [{ kind: '503', times: 9 }, { backoff: () => 60_000 }],
    // a fetch that does not heed its signal
    [{ kind: 'delay' }, { fetch: () => new Promise<Response>(() => {}), idleMs: 60_000 }],
  ];
  for (const [fault, options] of cases) {
    server.setFaults([fault]);
    const controller = new AbortController();
    const source = await open({ ...options, signal: controller.signal });
    const reading = Promise.all([source.read(0, WINDOW), source.read(WINDOW, 2 * WINDOW), source.read(0, 10)]);
    reading.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    const at = performance.now();
    const reason = new Error('paused');
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(performance.now() - at).toBeLessThan(200);
    await expect(source.read(0, 10)).rejects.toBe(reason);
  }
  expect(timers()).toBeLessThanOrEqual(before);
});

test('small reads come out of blocks: a directory of 500 entries takes a handful of requests', async () => {
  const source = await open();
  const tail = await source.read(SIZE - 22, SIZE);
  expect(same(tail, bytes.subarray(SIZE - 22))).toBe(true);
  for (let at = 0; at < 500; at++) {
    const start = 1_000_000 + at * 1_000;
    expect(same(await source.read(start, start + 30), bytes.subarray(start, start + 30))).toBe(true);
  }
  expect(asked().length).toBeLessThan(8);
  const [first, second] = await Promise.all([source.read(0, 8), source.read(0, 8)]);
  first[0] ^= 255;
  expect(second[0]).toBe(bytes[0]);
  expect((await source.read(0, 1))[0]).toBe(bytes[0]);
});

test('a failed block is asked for again', async () => {
  server.setFaults([{ kind: '404' }]);
  const source = await open();
  await expect(source.read(0, 8)).rejects.toMatchObject({ code: 'not-found' });
  expect(same(await source.read(0, 8), bytes.subarray(0, 8))).toBe(true);
});

const huge: typeof fetch = async () => new Response('x', { headers: { 'Content-Length': String(1 << 30) } });

test('a server without ranges: small files are taken whole, larger ones refused', async () => {
  const stubborn = await startServer({ repositories: { 'o/m': { files: { a: bytes } } }, ranges: false });
  const url = `${stubborn.url}/files/o/m/a`;
  for (const size of [SIZE, undefined]) {
    const source = await open({ url, size });
    expect(same(await readAll(source), bytes)).toBe(true);
  }
  expect(stubborn.log.length).toBeLessThanOrEqual(4);
  await stubborn.close();
  await expect(open({ fetch: huge, size: undefined })).rejects.toMatchObject({ code: 'no-ranges' });
  const source = await open({ fetch: huge, size: 1 << 30 });
  await expect(source.read(0, 10)).rejects.toMatchObject({ code: 'no-ranges' });
});

test('without a visible Content-Range the length decides, and the size comes from Content-Length', async () => {
  const shy = await startServer({ repositories: { 'o/m': { files: { a: bytes } } }, contentRange: false });
  const source = await open({ url: `${shy.url}/files/o/m/a`, size: undefined });
  expect(source.size).toBe(SIZE);
  expect(same(await readAll(source), bytes)).toBe(true);
  await shy.close();
});

test('an ETag of an earlier visit must still be the file’s, unless its address names its content', async () => {
  await expect((await open({ etag: '"old"' })).read(0, WINDOW)).rejects.toMatchObject({ code: 'changed-file' });
  const pinned = await open({ etag: '"old"', immutable: true });
  expect(same(await pinned.read(0, WINDOW), bytes.subarray(0, WINDOW))).toBe(true);
});

const tokenFor = (endpoint: string, value = 'hf_right') => new Access([{ endpoint, value }]);
const at = (origin: string) => server.log.filter((request) => request.origin === origin);
const secret = () => `${server.url}/o/secret/resolve/main/model.safetensors`;

test('a token reaches its own host only, also after a redirect, which is followed once', async () => {
  const source = await open({ url: secret(), access: tokenFor(server.url) });
  expect(same(await readAll(source), bytes)).toBe(true);
  expect(at(server.url).map((request) => request.headers['authorization'])).toEqual(['Bearer hf_right']);
  expect(at(server.storageUrl)).toHaveLength(Math.ceil(SIZE / WINDOW));
  expect(at(server.storageUrl).some((request) => request.headers['authorization'] !== undefined)).toBe(false);
  for (const access of [undefined, tokenFor(server.url, 'hf_wrong'), tokenFor(server.storageUrl)]) {
    const refused = await open({ url: secret(), access });
    await expect(refused.read(0, WINDOW)).rejects.toMatchObject({ code: 'gated', message: /accept its licence/i });
  }
});

test('where redirects are hidden, as browsers hide them, a token goes along once and the storage is asked without it', async () => {
  const sent: [string, RequestRedirect | undefined][] = [];
  const browser: typeof fetch = async (input, init) => {
    sent.push([String(input), init?.redirect]);
    const response = await fetch(input, init);
    if (init?.redirect !== 'manual' || response.status < 300 || response.status >= 400) return response;
    return Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
  };
  const source = await open({ url: secret(), access: tokenFor(server.url), fetch: browser });
  expect(same(await readAll(source), bytes)).toBe(true);
  expect(sent.filter(([url]) => url === secret()).map(([, redirect]) => redirect)).toEqual(['manual', 'follow']);
  expect(at(server.storageUrl).some((request) => request.headers['authorization'] !== undefined)).toBe(false);
});

test('the address of a storage is kept until it expires, and got anew then', async () => {
  const url = `${server.url}/o/m/resolve/main/model.safetensors`;
  const source = await open({ url });
  await readAll(source);
  expect(at(server.url)).toHaveLength(1);
  server.setFaults([{ kind: '403', match: '/storage/' }]);
  expect(same(await source.read(0, WINDOW), bytes.subarray(0, WINDOW))).toBe(true);
  expect(at(server.url)).toHaveLength(2);
  // a storage that refuses what it was redirected to is asked as often as any other
  server.setFaults([{ kind: '403', match: '/storage/', times: 2 }]);
  expect(same(await (await open({ url })).read(0, WINDOW), bytes.subarray(0, WINDOW))).toBe(true);
  server.setFaults([{ kind: '403', match: '/storage/', times: 99 }]);
  await expect((await open({ url, retries: 3 })).read(0, WINDOW)).rejects.toMatchObject({ code: 'network' });
});

test('a storage that answers redirected requests only is asked through the Hub', async () => {
  const url = `${server.url}/o/m/resolve/main/model.safetensors`;
  // as pages see it where the storage allows no other origin
  const picky: typeof fetch = async (input, init) => {
    if (String(input).startsWith(server.storageUrl)) throw new TypeError('Failed to fetch');
    return fetch(input, init);
  };
  const source = await open({ url, fetch: picky });
  expect(same(await readAll(source), bytes)).toBe(true);
  expect(at(server.url).length).toBeGreaterThanOrEqual(Math.ceil(SIZE / WINDOW));
});

test('a token that is not accepted is not sent again, and what is public is read without it', async () => {
  const url = `${server.url}/o/m/resolve/main/model.safetensors`;
  const access = tokenFor(server.url, 'hf_expired');
  const source = await open({ url, access });
  expect(same(await source.read(0, WINDOW), bytes.subarray(0, WINDOW))).toBe(true);
  expect(access.refusedBy).toEqual([new URL(server.url).host]);
  expect(at(server.url).map((request) => request.headers['authorization'])).toEqual(['Bearer hf_expired', undefined]);
  const closed = await open({ url: secret(), access: tokenFor(server.url, 'hf_expired') });
  await expect(closed.read(0, WINDOW)).rejects.toMatchObject({ code: 'gated', message: /has expired.*without one/s });
});

/** Reads all by windows and hashes it, as an import does; what it came to. */
async function imported(options: Partial<HttpSourceOptions>, verify: boolean): Promise<string> {
  try {
    const source = await open(options);
    const hasher = createHash('sha256');
    let wrong = false;
    for await (const { at, bytes: part } of windows(source, { window: WINDOW, ahead: 3 })) {
      hasher.update(part);
      wrong ||= !same(part, bytes.subarray(at, at + part.length));
    }
    if (verify && hasher.digest('hex') !== sha256) return 'corrupt-file';
    return wrong ? 'wrong bytes' : 'bytes';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('200 schedules of faults: the right bytes or a named error, never a hang', { timeout: 120_000 }, async () => {
  const tally: Record<string, number> = {};
  const mending = FAULTS.filter((kind) => !['401', '403', '404', 'total', 'etag'].includes(kind));
  const lane = async (first: number) => {
    const hostile = await startServer({ repositories: { 'o/m': { files: { 'model.safetensors': bytes } } } });
    for (let seed = first; seed < 200; seed += 4) {
      // half of them without what ends an import at once, so that much is survived
      const half = seed % 8 < 4;
      hostile.setRandom({ seed, rate: half ? 0.3 : 0.1, kinds: half ? mending : FAULTS });
      const url = `${hostile.url}/${first < 2 ? 'files/o/m' : 'o/m/resolve/main'}/model.safetensors`;
      const growTo = seed % 2 ? 5 * WINDOW : undefined;
      const size = seed % 3 ? SIZE : undefined;
      const outcome = await imported({ url, size, growTo, retries: 5, idleMs: SILENCE }, true);
      tally[outcome] = (tally[outcome] ?? 0) + 1;
    }
    await hostile.close();
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  console.log(`200 schedules: ${JSON.stringify(tally)}`);
  const named = ['bytes', 'corrupt-file', 'network', 'changed-file', 'gated', 'not-found', 'no-ranges'];
  expect(Object.keys(tally).filter((outcome) => !named.includes(outcome))).toEqual([]);
  expect(tally['bytes']).toBeGreaterThan(60);
  expect(tally['corrupt-file']).toBeGreaterThan(5);
});

test('negative control: without verification a lie passes', async () => {
  server.setFaults([{ kind: 'flip', skip: 2 }]);
  expect(await imported({}, false)).toBe('wrong bytes');
  server.setFaults([{ kind: 'flip', skip: 2 }]);
  expect(await imported({}, true)).toBe('corrupt-file');
});
