// Digests in workers, beside the reading and converting. A worker starts once a file turns out to be large and ends with the
// digest: a small file is hashed sooner than a worker starts, which takes Firefox two seconds.
import { type Remote, transfer } from 'comlink';
import { createHasher, type Hasher, type HasherFactory } from '../core/hash';
import type { HashWorker } from './hash-worker';
import { type OwnWorker, ownWorker } from './own-worker';

/** Bytes of a file that are hashed in this thread, before a worker goes on. */
const SMALL = 8 << 20;

/** Windows that may wait for a hasher, so that a slow one holds the reading back. */
const WAITING = 8;

export const workerHashers: HasherFactory = async (algorithm, state) => {
  let started: (OwnWorker<HashWorker> & { readonly ready: Promise<void> }) | undefined;
  const waiting: Promise<void>[] = [];
  let here: Promise<Hasher> | undefined;
  let hashed = 0;
  const inThisThread = () => (here ??= createHasher(algorithm, state));

  const start = () => {
    if (started) return started;
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module' });
    const own = ownWorker<HashWorker>(worker, 'computes checksums');
    return (started = { ...own, ready: Promise.race([begin(own.remote), own.broken]) });
  };
  /** A worker goes on from what was hashed here. */
  const begin = async (remote: Remote<HashWorker>) => remote.begin(algorithm, here ? await (await here).save() : state);
  const end = () => {
    started?.end();
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
