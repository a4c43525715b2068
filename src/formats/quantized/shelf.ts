/** What was made last: rows of a matrix are read some at a time, and each time with the same scales beside them. */
export class Shelf {
  readonly #kept = new Map<string, Promise<unknown>>();
  readonly #most: number;

  /** @param most things that are kept */
  constructor(most = 8) {
    this.#most = most;
  }

  /** What was made under a name, or makes it. What fails is made again. */
  get<T>(name: string, make: () => Promise<T>): Promise<T> {
    const found = this.#kept.get(name) as Promise<T> | undefined;
    const made = found ?? make();
    this.#kept.delete(name);
    this.#kept.set(name, made);
    made.catch(() => this.#kept.delete(name));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest);
    return made;
  }
}
