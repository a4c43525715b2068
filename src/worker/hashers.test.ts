// A digest's worker that does not start must not let an import wait for ever.
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { workerHashers } from './hashers';
import { BrokenWorker } from './testing/broken-worker';

afterEach(() => vi.unstubAllGlobals());

test('a worker that does not start is named, whatever is asked of it', async () => {
  vi.stubGlobal('Worker', BrokenWorker);
  const died = { code: 'worker-died', message: expect.stringContaining('reload the page') };
  const hasher = await workerHashers('sha256');
  await expect(hasher.update(new Uint8Array((8 << 20) + 1))).rejects.toMatchObject(died);
  await expect(hasher.save()).rejects.toMatchObject(died);
  await expect(hasher.digest()).rejects.toMatchObject(died);
  hasher.end();
});

test('a small file is hashed without a worker, and goes on from a state', async () => {
  vi.stubGlobal('Worker', BrokenWorker);
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const hasher = await workerHashers('sha256');
  await hasher.update(bytes.subarray(0, 300));
  const state = await hasher.save();
  await hasher.update(bytes.subarray(300));
  const wanted = createHash('sha256').update(bytes).digest('hex');
  expect(await hasher.digest()).toBe(wanted);
  const second = await workerHashers('sha256', state);
  expect(await second.save()).toEqual(state);
  await second.update(bytes.subarray(300));
  expect(await second.digest()).toBe(wanted);
});

test('a worker goes on from what was hashed here', async () => {
  const given: unknown[] = [];
  class Asked extends EventTarget {
    postMessage(message: { argumentList?: { value: unknown }[] }) {
      given.push(message.argumentList?.map(({ value }) => value));
    }
    terminate() {}
  }
  vi.stubGlobal('Worker', Asked);
  const hasher = await workerHashers('sha256');
  await hasher.update(new Uint8Array(5));
  const state = await hasher.save();
  void hasher.update(new Uint8Array(8 << 20));
  await vi.waitFor(() => expect(given).toEqual([['sha256', state]]));
});
