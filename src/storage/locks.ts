// Web Locks, which keep two tabs from writing one thing at once. Where there are none (Node 20), there are no tabs either.

/** Runs a task while holding a lock of this name, waiting for it first. */
export async function withLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  const { locks } = globalThis.navigator ?? {};
  return locks ? ((await locks.request(name, task)) as T) : task();
}

/** Runs a task only if nobody holds the lock, here or in another tab; undefined if somebody does. */
export async function ifUnlocked<T>(name: string, task: () => Promise<T>): Promise<T | undefined> {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return task();
  return (await locks.request(name, { ifAvailable: true }, async (lock) => (lock ? task() : undefined))) as
    | T
    | undefined;
}

/**
 * Runs a task once nobody holds the lock, waiting for some milliseconds at most; undefined if somebody goes on holding it.
 * A worker that was ended with its page can hold its locks for a moment longer.
 */
export async function whenUnlocked<T>(name: string, task: () => Promise<T>, patience = 3000): Promise<T | undefined> {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return task();
  const signal = AbortSignal.timeout(patience);
  try {
    return (await locks.request(name, { signal }, task)) as T;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}
