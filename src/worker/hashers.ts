// Digests in workers, beside the reading and converting. A worker starts once a file turns out to be large and ends with the
// digest: a small file is hashed sooner than a worker starts, which takes Firefox two seconds.
import { type Remote, releaseProxy, transfer, wrap } from 'comlink';
import { PronkError } from '../core/errors';
import { createHasher, type Hasher, type HasherFactory } from '../core/hash';
import type { HashWorker } from './hash-worker';

const UNSTARTABLE =
  'The part of Pronk that computes checksums does not start. What was done so far is kept; reload the page and continue.';

/** Bytes of a file that are hashed in this thread, before a worker goes on. */
const SMALL = 8 << 20;

/** Windows that may wait for a hasher, so that a slow one holds the reading back. */
const WAITING = 8;

export const workerHashers: HasherFactory = async (algorithm, state) => {
  let started:
    | { readonly worker: Worker; readonly remote: Remote<HashWorker>; readonly ready: Promise<void> }
    | undefined;
  const waiting: Promise<void>[] = [];
  let here: Promise<Hasher> | undefined;
  let hashed = 0;
  const inThisThread = () => (here ??= createHasher(algorithm, state));

  const start = () => {
    if (started) return started;
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module' });
    const remote = wrap<HashWorker>(worker);
    // calls to a worker that was never there are not answered
    const broken = new Promise<never>((_, reject) => {
      worker.addEventListener('error', () => reject(new PronkError('worker-died', UNSTARTABLE)), { once: true });
    });
    return (started = { worker, remote, ready: Promise.race([begin(remote), broken]) });
  };
  /** A worker goes on from what was hashed here. */
  const begin = async (remote: Remote<HashWorker>) => remote.begin(algorithm, here ? await (await here).save() : state);
  const end = () => {
    started?.remote[releaseProxy]();
    started?.worker.terminate();
    started = undefined;
  };
  return {
    async update(bytes) {
      if (!started && (hashed += bytes.length) <= SMALL) {
        await (await inThisThread()).update(bytes);
        return;
      }
      const { remote, ready } = start();
      await ready;
      // messages arrive in order: nothing is awaited but the oldest of several
      const copy = bytes.slice();
      const update = remote.update(transfer(copy, [copy.buffer]));
      update.catch(() => {});
      waiting.push(update);
      if (waiting.length > WAITING) await waiting.shift();
    },
    async save() {
      if (!started) return (await inThisThread()).save();
      const { remote, ready } = start();
      await ready;
      return remote.save();
    },
    async digest() {
      if (!started) return (await inThisThread()).digest();
      const { remote, ready } = start();
      await ready;
      await Promise.all(waiting);
      const digest = await remote.digest();
      end();
      return digest;
    },
    end,
  };
};
