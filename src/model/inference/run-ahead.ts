// The number of tokens to enqueue at once: as many as hide the latency of the read-back. On a device that is busy with
// the token itself, more than one only delays Stop.

/** Batches that a size is judged by: a browser may answer two read-backs in one tick. */
const WINDOW = 4;
/** A size is worth doubling while that takes at least this much off a token's time. */
const GAIN = 0.2;

/** Doubles while tokens get cheaper, then stays. */
export class RunAhead {
  readonly #most: number;
  #size = 1;
  #best = Infinity;
  #settled = false;
  #batches = 0;
  #elapsed = 0;

  /** @param most tokens in a batch */
  constructor(most: number) {
    this.#most = most;
  }

  /** Tokens for the next batch. */
  get size(): number {
    return this.#size;
  }

  /** Takes note that a batch arrived `ms` after the one before. */
  note(tokens: number, ms: number): void {
    if (this.#settled || tokens !== this.#size) return;
    this.#elapsed += ms;
    if (++this.#batches < WINDOW) return;
    const perToken = this.#elapsed / (WINDOW * tokens);
    [this.#batches, this.#elapsed] = [0, 0];
    if (perToken > this.#best * (1 - GAIN)) {
      this.#size /= 2;
      this.#settled = true;
      return;
    }
    this.#best = perToken;
    if (this.#size * 2 > this.#most) this.#settled = true;
    else this.#size *= 2;
  }
}
