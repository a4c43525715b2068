// Digests in workers, beside the reading and converting. A worker starts with the first bytes and ends with the digest.
import { type Remote, releaseProxy, transfer, wrap } from 'comlink';
import { PronkError } from '../formats/errors';
import type { HasherFactory } from '../formats/hash';
import type { HashWorker } from './hash-worker';

const UNSTARTABLE =
  'The part of Pronk that computes checksums does not start. What was done so far is kept; reload the page and go on.';

/** Windows that may wait for a hasher, so that a slow one holds the reading back. */
const WAITING = 8;

export const workerHashers: HasherFactory = async (algorithm, state) => {
  let started:
    | { readonly worker: Worker; readonly remote: Remote<HashWorker>; readonly ready: Promise<void> }
    | undefined;
  const waiting: Promise<void>[] = [];

  const start = () => {
    if (started) return started;
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module' });
    const remote = wrap<HashWorker>(worker);
    // calls to a worker that was never there are not answered
    const broken = new Promise<never>((_, reject) => {
      worker.addEventListener('error', () => reject(new PronkError('worker-died', UNSTARTABLE)), { once: true });
    });
    return (started = { worker, remote, ready: Promise.race([remote.begin(algorithm, state), broken]) });
  };
  const end = () => {
    started?.remote[releaseProxy]();
    started?.worker.terminate();
    started = undefined;
  };
  return {
    async update(bytes) {
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
      if (!started && state) return state;
      const { remote, ready } = start();
      await ready;
      return remote.save();
    },
    async digest() {
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
