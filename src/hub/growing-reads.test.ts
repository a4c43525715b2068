import { expect, test } from 'vitest';
import { windows } from '../core/stream';
import { GrowingReads } from './growing-reads';
import { httpSource } from './http-source';

const MiB = 1 << 20;
const byteAt = (at: number) => (at * 2654435761) >>> 13;

/** A file of made bytes, each request logged; some are held back. */
function made(size: number, most: number, { pace = 100, signal }: { pace?: number; signal?: AbortSignal } = {}) {
  const requests: [number, number][] = [];
  const ended: unknown[] = [];
  let holding: Promise<void> | undefined;
  const reads = new GrowingReads(
    size,
    most,
    async (start, end, target, stop, onFilled) => {
      requests.push([start, end]);
      for (let at = start; at < end; at += pace) {
        await holding;
        if (stop.aborted) {
          ended.push(stop.reason);
          throw stop.reason;
        }
        for (let i = at; i < Math.min(end, at + pace); i++) target[i - start] = byteAt(i);
        onFilled(Math.min(end, at + pace) - start);
      }
    },
    signal,
  );
  const hold = () => {
    let release = () => {};
    holding = new Promise((resolve) => (release = resolve));
    return () => {
      holding = undefined;
      release();
    };
  };
  return { reads, requests, ended, hold };
}
const right = (bytes: Uint8Array, start: number) => bytes.every((byte, i) => byte === (byteAt(start + i) & 255));

test('requests double while reads follow one another, and end with the file', async () => {
  const { reads, requests } = made(10_000, 1600);
  for (let at = 0; at < 10_000; at += 200) expect(right(await reads.read(at, at + 200), at)).toBe(true);
  expect(requests.slice(0, 5).map(([start, end]) => end - start)).toEqual([200, 400, 800, 1600, 1600]);
  expect(requests.at(-1)![1]).toBe(10_000);
  expect(requests.length).toBeLessThan(12);
});

test('what jumps is read as it was asked for', async () => {
  const { reads, requests } = made(10_000, 1600);
  for (const at of [0, 5000, 3000, 9000]) expect(right(await reads.read(at, at + 300), at)).toBe(true);
  expect(requests).toEqual([
    [0, 300],
    [5000, 5300],
    [3000, 3300],
    [9000, 9300],
  ]);
});

test('several windows at once come out of the same requests, whatever they cross', async () => {
  const { reads, requests } = made(10_000, 3000);
  const starts = Array.from({ length: 20 }, (_, i) => i * 500);
  const all = await Promise.all(starts.map((at) => reads.read(at, at + 500)));
  expect(all.every((bytes, i) => right(bytes, starts[i]))).toBe(true);
  expect(requests.length).toBeLessThan(8);
});

test('what is there is given out while the rest is still coming', async () => {
  const { reads, hold } = made(10_000, 6400);
  await reads.read(0, 200);
  await reads.read(200, 400);
  const release = hold();
  const early = reads.read(400, 600);
  const late = reads.read(900, 1000);
  release();
  expect(right(await early, 400)).toBe(true);
  expect(right(await late, 900)).toBe(true);
});

test('an abort ends every request with its reason', async () => {
  const controller = new AbortController();
  const { reads, hold, ended } = made(10_000, 6400, { signal: controller.signal });
  const release = hold();
  const reading = reads.read(0, 400);
  reading.catch(() => {});
  const reason = new Error('paused');
  controller.abort(reason);
  release();
  await expect(reading).rejects.toBe(reason);
  expect(ended).toEqual([reason]);
});

test('after a failure the same place is asked for again', async () => {
  let fails = true;
  const reads = new GrowingReads(1000, 400, async (start, end, target, _, onFilled) => {
    if (fails) throw new Error('gone');
    for (let i = start; i < end; i++) target[i - start] = byteAt(i);
    onFilled(end - start);
  });
  const both = await Promise.allSettled([reads.read(0, 100), reads.read(50, 150)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(right(await reads.read(0, 150), 0)).toBe(true);
});

/**
 * How often each host is asked while 13.5 GB in three files pass in windows of 4 MiB. A sixteenth of all sizes is read, which
 * takes as many requests.
 */
async function pass(growTo: number | undefined): Promise<{ readonly hub: number; readonly storage: number }> {
  const scale = 16;
  const size = (1073 * 4 * MiB) / scale;
  const count = { hub: 0, storage: 0 };
  const answer: typeof fetch = async (input, init) => {
    const { host } = new URL(String(input));
    count[host === 'hub.test' ? 'hub' : 'storage']++;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('Range') ?? '') ?? [];
    const headers = { 'Content-Range': `bytes ${from}-${to}/${size}` };
    const response = new Response(new Uint8Array(Number(to) - Number(from) + 1), { status: 206, headers });
    return Object.defineProperty(response, 'url', { value: `https://storage.test/${new URL(String(input)).pathname}` });
  };
  for (const name of ['1', '2', '3']) {
    const source = await httpSource({
      url: `https://hub.test/${name}`,
      name,
      size,
      immutable: true,
      fetch: answer,
      ...(growTo !== undefined && { growTo: growTo / scale }),
    });
    for await (const _ of windows(source, { window: (4 * MiB) / scale, ahead: 4 })) void _;
  }
  return count;
}

test('13.5 GB take three requests to the Hub, and some four hundred to its storage', async () => {
  expect(await pass(32 * MiB)).toEqual({ hub: 3, storage: 408 });
  // as large as a window: 3,219 requests, each of which went to the Hub before
  const single = await pass(undefined);
  expect(single.hub + single.storage).toBe(3219);
});
