// A worker that computes beside this thread: for digests, and for the conversion of weights.
import { type Remote, releaseProxy, wrap } from 'comlink';
import { PronkError } from '../core/errors';

export interface OwnWorker<T> {
  readonly remote: Remote<T>;
  /** Rejects with `worker-died` if the worker does not start: calls to it are never answered then. */
  readonly broken: Promise<never>;
  readonly end: () => void;
}

/** @param task of the worker, as in `computes checksums`, for the sentence that says that it does not start */
export function ownWorker<T>(worker: Worker, task: string): OwnWorker<T> {
  const message = `The part of Pronk that ${task} does not start. What was done so far is kept; reload the page and continue.`;
  const broken = new Promise<never>((_, reject) => {
    worker.addEventListener('error', () => reject(new PronkError('worker-died', message)), { once: true });
  });
  // it may break while nobody waits
  broken.catch(() => {});
  const remote = wrap<T>(worker);
  const end = () => {
    remote[releaseProxy]();
    worker.terminate();
  };
  return { remote, broken, end };
}
