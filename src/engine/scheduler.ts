// One device, three classes of work. Whoever holds the turn uses the device alone; the most urgent waiter is next.

/** Most urgent first: a person waits for `decode`; `training` comes in slices of at most 50 ms. */
const CLASSES = ['decode', 'prefill', 'training'] as const;
export type WorkClass = (typeof CLASSES)[number];

interface Waiter {
  readonly work: WorkClass;
  readonly start: () => void;
}

/** Gives out turns, first come first served within a class. */
export class Scheduler {
  #busy = false;
  #waiting: Waiter[] = [];

  /**
   * Waits for a turn; the result ends it.
   * @throws the signal's reason, when it is aborted before the turn came
   */
  async turn(work: WorkClass, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#busy) {
      await new Promise<void>((resolve, reject) => {
        const waiter = { work, start: resolve };
        this.#waiting.push(waiter);
        signal?.addEventListener('abort', () => {
          this.#waiting = this.#waiting.filter((each) => each !== waiter);
          reject(signal.reason as Error);
        });
      });
    }
    this.#busy = true;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#next();
    };
  }

  #next(): void {
    const next = CLASSES.map((work) => this.#waiting.find((waiter) => waiter.work === work)).find(Boolean);
    if (!next) {
      this.#busy = false;
      return;
    }
    // stays busy: the turn passes on
    this.#waiting = this.#waiting.filter((each) => each !== next);
    next.start();
  }
}
