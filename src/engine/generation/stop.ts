// Stop strings in a stream: text that may be the beginning of one is held back until it is certain.

/** Cuts a stream of text at the first occurrence of any stop string. */
export class StopFilter {
  readonly #stops: readonly string[];
  #pending = '';
  /** A stop string was found; what followed it is gone. */
  stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0);
  }

  /** Text that waits for its continuation. */
  get pending(): string {
    return this.#pending;
  }

  /** Takes text; returns what is certain to come before any stop string. */
  push(text: string): string {
    if (this.stopped) return '';
    const all = this.#pending + text;
    const found = this.#stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.stopped = true;
      this.#pending = '';
      return all.slice(0, Math.min(...found));
    }
    const keep = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#pending = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  /** The end of the stream: what was held back was no stop string after all. */
  flush(): string {
    const rest = this.#pending;
    this.#pending = '';
    return rest;
  }
}

/** Length of the longest end of `text` that `stop` begins with. */
export function overlap(text: string, stop: string): number {
  for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n;
  return 0;
}
