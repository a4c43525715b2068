// Hashers that an import can be cut off from: one that computes in a worker never answers if the browser kills it, and
// an import that is paused or cancelled must not wait for it.
import { unlessAborted } from '../../core/cut-off';
import type { Hasher } from '../../core/hash';

/**
 * Milliseconds after a pause in which a hasher's state may still arrive, so that the part that it belongs to is kept.
 */
const PATIENCE = 1000;

/** A hasher whose answers are no longer awaited once the signal is aborted. */
export function cutOffHasher(hasher: Hasher, signal: AbortSignal | undefined): Hasher {
  return {
    update: (bytes) => unlessAborted(hasher.update(bytes), signal),
    save: () => unlessLate(hasher.save(), signal),
    digest: () => unlessAborted(hasher.digest(), signal),
    end: () => hasher.end(),
  };
}

/** A promise's result, or the signal's reason some time after it is aborted. */
function unlessLate<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => (timer = setTimeout(() => late.abort(signal?.reason), PATIENCE));
  if (signal?.aborted) wait();
  signal?.addEventListener('abort', wait, { once: true });
  return unlessAborted(promise, late.signal).finally(() => {
    signal?.removeEventListener('abort', wait);
    clearTimeout(timer);
  });
}
