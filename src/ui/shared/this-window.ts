// This window among others that show the page. A Web Lock of its name is held as long as it lives, so that the others can
// tell; where there are no Web Locks, other windows count as gone.

export interface ThisWindow {
  readonly id: string;
  /** The others can tell that it lives. */
  readonly known: Promise<void>;
  /** Resolves when another window is gone. */
  whenGone(id: string): Promise<void>;
}

const lockOf = (id: string) => `pronk-window-${id}`;
const webLocks = (): LockManager | undefined => globalThis.navigator?.locks;

export function createWindow(id: string = crypto.randomUUID()): ThisWindow {
  const known = new Promise<void>((resolve) => {
    const held = webLocks()?.request(lockOf(id), () => {
      resolve();
      return new Promise(() => {});
    });
    if (!held) resolve();
    // forbidden, as in a frame without an origin
    held?.catch(() => resolve());
  });
  return {
    id,
    known,
    async whenGone(other) {
      await webLocks()?.request(lockOf(other), () => {});
    },
  };
}

/** Runs a task while no other window runs one of the same name. */
export async function alone<T>(name: string, task: () => Promise<T>): Promise<T> {
  const locks = webLocks();
  return locks ? ((await locks.request(name, task)) as T) : task();
}
