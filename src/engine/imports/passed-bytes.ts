// Checksums of what has passed under a digest, window by window. A file is not read in order only: its directory is read before the
// pass, and after a pause rows are read again that were hashed before it. Such reads are held against the pass, so that
// no byte gets into a model that the digest does not vouch for.

import { xxhash128 } from 'hash-wasm';
import { defined } from '../../core/defined';
import { PronkError } from '../../core/errors';
import type { Source } from '../../core/source';

interface Early {
  readonly start: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Windows that are kept: scales that lie apart from their codes are read a few at a time, from the same windows. */
const KEPT = 4;

export class PassedBytes {
  readonly #source: Source;
  readonly #window: number;
  readonly #sums: string[];
  /** Ranges that were read before they passed. */
  #early: Early[] = [];
  /** Windows of which something was read last, with those that have just passed, by number. */
  readonly #kept = new Map<number, Uint8Array<ArrayBuffer>>();

  /** @param sums XXH3-128 of the first windows, which an earlier part of the same pass left */
  constructor(source: Source, window: number, sums: readonly string[] = []) {
    this.#source = source;
    this.#window = window;
    this.#sums = [...sums];
  }

  /** XXH3-128 of each window that has passed. */
  get sums(): readonly string[] {
    return [...this.#sums];
  }

  /** Notes the next window. @throws PronkError `hash-mismatch` where other bytes were read of it before */
  async add(at: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#sums.push(await xxhash128(bytes));
    const end = at + bytes.length;
    for (const early of this.#early) {
      const [from, to] = [Math.max(at, early.start), Math.min(end, early.start + early.bytes.length)];
      for (let i = from; i < to; i++) if (bytes[i - at] !== early.bytes[i - early.start]) throw this.#mismatch();
    }
    this.#early = this.#early.filter((early) => early.start + early.bytes.length > end);
    // of a file that has passed whole, little is asked for again
    if (end < this.#source.size) this.#keep(at / this.#window, bytes);
    else this.#kept.clear();
  }

  /** Bytes of a range, apart from the pass. @throws PronkError `hash-mismatch` where other bytes have passed */
  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const passed = Math.min(this.#sums.length * this.#window, this.#source.size);
    if (end <= passed) return this.#readAgain(start, end);
    if (start >= passed) {
      const bytes = await this.#source.read(start, end);
      // a copy: whoever reads may change what it got
      if (start < end) this.#early.push({ start, bytes: bytes.slice() });
      return bytes;
    }
    const parts = await Promise.all([this.#readAgain(start, passed), this.read(passed, end)]);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  async #readAgain(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (start === end) return new Uint8Array(0);
    const window = this.#window;
    const [first, last] = [Math.floor(start / window), Math.ceil(end / window)];
    await this.#fetch(first, last);
    const result = new Uint8Array(end - start);
    for (let number = first; number < last; number++) {
      const at = number * window;
      const bytes = defined(this.#kept.get(number), 'a window that was read');
      const from = Math.max(start, at);
      result.set(bytes.subarray(from - at, end - at), from - start);
    }
    this.#forget();
    return result;
  }

  /** Gets the windows that are not kept, in one read, and compares them. */
  async #fetch(first: number, last: number): Promise<void> {
    const window = this.#window;
    const missing = Array.from({ length: last - first }, (_, i) => first + i).filter((each) => !this.#kept.has(each));
    const [from, to] = [missing[0], missing.at(-1)];
    if (from === undefined || to === undefined) return;
    const bytes = await this.#source.read(from * window, Math.min((to + 1) * window, this.#source.size));
    for (let number = from; number <= to; number++) {
      const own = bytes.subarray((number - from) * window, (number - from + 1) * window);
      if ((await xxhash128(own)) !== this.#sums[number]) throw this.#mismatch();
      this.#kept.set(number, own);
    }
  }

  #keep(number: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#kept.delete(number);
    this.#kept.set(number, bytes);
    this.#forget();
  }

  #forget(): void {
    for (const number of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(number);
    }
  }

  #mismatch(): PronkError {
    const message = `${this.#source.name} gave other bytes when it was read again. Nothing of it was kept. Get the file again.`;
    return new PronkError('hash-mismatch', message);
  }
}
