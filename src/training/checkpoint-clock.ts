// When to write a checkpoint: at fixed steps, and between them as often as one twentieth of the time allows.

/** Share of the time that they may take. */
const SHARE = 0.05;
/** Milliseconds between two of them by time, however cheap they are. */
const LEAST = 10_000;
/** What one is taken to cost before there was one. */
const FIRST_COST = 500;

export class CheckpointClock {
  readonly #every: number;
  readonly #now: () => number;
  readonly #started: number;
  #last: number;
  /** Milliseconds that the last one took, and all of them. */
  #cost = FIRST_COST;
  #spent = 0;
  #saved: number;

  /**
   * @param every steps; 0 is by time alone
   * @param step that the run is at
   */
  constructor(every: number, step: number, now: () => number = () => performance.now()) {
    this.#every = every;
    this.#now = now;
    this.#started = now();
    this.#last = this.#started;
    this.#saved = step;
  }

  /** Whether this step is to be kept now. */
  due(step: number): boolean {
    if (step === this.#saved) return false;
    if (this.#every > 0 && step % this.#every === 0) return true;
    const now = this.#now();
    const affordable = this.#spent + this.#cost <= SHARE * (now - this.#started + this.#cost);
    return affordable && now - this.#last >= LEAST;
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
    this.#spent += this.#cost;
    this.#saved = step;
  }
}
