// When to write a checkpoint: at fixed steps, and between them as often as one twentieth of the time allows.

/** Share of the time that checkpoints by time may take. */
const SHARE = 0.05;
/** Milliseconds between two of them, however cheap they are. */
const LEAST = 10_000;

export class CheckpointClock {
  readonly #every: number;
  readonly #now: () => number;
  #last: number;
  /** Milliseconds that the last one took; a guess before there was one. */
  #cost = 0;
  #saved: number;

  /**
   * @param every steps; 0 is by time alone
   * @param step that the run is at
   */
  constructor(every: number, step: number, now: () => number = () => performance.now()) {
    this.#every = every;
    this.#now = now;
    this.#last = now();
    this.#saved = step;
  }

  /** Whether this step is to be kept now. */
  due(step: number): boolean {
    if (step === this.#saved) return false;
    if (this.#every > 0 && step % this.#every === 0) return true;
    return this.#now() - this.#last >= Math.max(LEAST, this.#cost * (1 / SHARE - 1));
  }

  /** Whether there is anything that was not kept. */
  behind(step: number): boolean {
    return step !== this.#saved;
  }

  /** Runs what keeps a step, and notes what it cost. */
  async keep(step: number, save: () => Promise<void>): Promise<void> {
    const started = this.#now();
    await save();
    this.#last = this.#now();
    this.#cost = this.#last - started;
    this.#saved = step;
  }
}
