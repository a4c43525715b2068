// Ids of words that were met before. A text's words repeat (Zipf), and merging is what costs.

/** A large book's distinct words; beyond it the cache starts anew. */
const CAPACITY = 1 << 16;
/** Longer words hardly come twice. */
const MAX_LENGTH = 64;

/** Encodes words that are independent of each other. */
export class WordCache {
  readonly #known = new Map<string, readonly number[]>();
  readonly #encode: (word: string) => readonly number[];

  constructor(encode: (word: string) => readonly number[]) {
    this.#encode = encode;
  }

  encodeAll(words: readonly string[]): number[] {
    const ids: number[] = [];
    for (const word of words) for (const id of this.#idsOf(word)) ids.push(id);
    return ids;
  }

  #idsOf(word: string): readonly number[] {
    let ids = this.#known.get(word);
    if (ids) return ids;
    ids = this.#encode(word);
    if (word.length > MAX_LENGTH) return ids;
    if (this.#known.size >= CAPACITY) this.#known.clear();
    this.#known.set(word, ids);
    return ids;
  }
}
