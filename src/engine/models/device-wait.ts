// A browser gives no adapter for a time, for instance for two minutes after its graphics process has died twice. It is asked
// again, less and less often, and at once when there is reason to hope.
import { PronkError } from '../../core/errors';
import type { Gpu } from '../../gpu/device';
import { unlessAborted } from '../../core/cut-off';

/** Until the browser is asked again. */
export interface Waiting {
  readonly seconds: number;
  /** There was a device before. */
  readonly lost: boolean;
}

/** Seconds between two requests; the last one repeats. */
const PAUSES = [1, 2, 4, 8, 15] as const;
/** Milliseconds that pass in any case. */
const LEAST = 500;

export const isNoAdapter = (error: unknown): boolean => error instanceof PronkError && error.code === 'no-adapter';

export class DeviceWait {
  readonly #ask: () => Promise<Gpu>;
  readonly #tell: (waiting: Waiting | undefined) => void;
  readonly #pauses: readonly number[];
  #waiting: Promise<Gpu> | undefined;
  #endPause = () => {};
  #had = false;

  /**
   * @param ask for a device, once
   * @param tell that one is waited for, and for how long; undefined when that is over
   */
  constructor(
    ask: () => Promise<Gpu>,
    tell: (waiting: Waiting | undefined) => void,
    pauses: readonly number[] = PAUSES,
  ) {
    this.#ask = ask;
    this.#tell = tell;
    this.#pauses = pauses;
  }

  /** Notes that there is a device. */
  seen(): void {
    this.#had = true;
  }

  /** Asks now. */
  now(): void {
    this.#endPause();
  }

  /** A device, as soon as there is one. @throws what is wrong but for a missing adapter; the signal's reason */
  device(signal?: AbortSignal): Promise<Gpu> {
    this.#waiting ??= this.#keepAsking().finally(() => {
      this.#waiting = undefined;
      this.#tell(undefined);
    });
    return unlessAborted(this.#waiting, signal);
  }

  async #keepAsking(): Promise<Gpu> {
    for (let n = 0; ; n++) {
      const seconds = this.#pauses[Math.min(n, this.#pauses.length - 1)] ?? 0;
      this.#tell({ seconds, lost: this.#had });
      await this.#pause(seconds * 1000);
      try {
        return await this.#ask();
      } catch (error) {
        if (!isNoAdapter(error)) throw error;
      }
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const least = new Promise((settle) => setTimeout(settle, Math.min(LEAST, milliseconds)));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    await least;
  }
}
