// Web Locks for tests under Node, where there are none; and windows, whose locks end with them.

type Task = (lock: unknown) => unknown;

export function fakeLocks() {
  const queues = new Map<string, Promise<unknown>>();
  /** Ends what a window holds. */
  const releases = new Map<string, () => void>();
  let opening = '';
  return {
    /** Whatever is requested by the task belongs to this window. */
    window<T>(name: string, task: () => T): T {
      opening = name;
      try {
        return task();
      } finally {
        opening = '';
      }
    },
    close: (name: string) => releases.get(name)?.(),
    locks: {
      request(name: string, task: Task): Promise<unknown> {
        const before = queues.get(name) ?? Promise.resolve();
        const owner = opening;
        const closed = new Promise<void>((resolve) => owner !== '' && releases.set(owner, resolve));
        const mine = before.then(() => Promise.race([task({ name }), closed]));
        queues.set(
          name,
          mine.catch(() => {}),
        );
        return mine;
      },
    },
  };
}
