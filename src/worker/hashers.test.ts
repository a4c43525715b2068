// A digest's worker that does not start must not let an import wait for ever.
import { afterEach, expect, test, vi } from 'vitest';
import { workerHashers } from './hashers';

afterEach(() => vi.unstubAllGlobals());

/** A worker whose program cannot be fetched. */
class Broken extends EventTarget {
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event('error')), 5);
  }
  postMessage() {}
  terminate() {}
}

test('a worker that does not start is named, whatever is asked of it', async () => {
  vi.stubGlobal('Worker', Broken);
  const died = { code: 'worker-died', message: expect.stringContaining('reload the page') };
  const hasher = await workerHashers('sha256');
  await expect(hasher.update(new Uint8Array(3))).rejects.toMatchObject(died);
  await expect(hasher.save()).rejects.toMatchObject(died);
  await expect(hasher.digest()).rejects.toMatchObject(died);
  hasher.end();
});
