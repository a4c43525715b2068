// Small reads at random (headers, the directory at a zip's end) out of larger blocks, so that each is not a request.
import { defined } from '../core/defined';

const BLOCK = 64 << 10;
/** Blocks that are kept: 8 MiB. */
const KEPT = 128;
/** Blocks that are asked for at once when reads go on where the last ones ended. */
const MOST = 16;

/** Reads of at least this many bytes are better made directly. */
export const SMALL_READ = 4 * BLOCK;

export class BlockCache {
  /** By number, the one used last at the end. */
  readonly #blocks = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  readonly #fetch: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
  /** Where the last request ended, and how many blocks it brought. */
  #last = { end: -1, count: 1 };

  constructor(fetch: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>) {
    this.#fetch = fetch;
  }

  /** Bytes `start` to `end` of a file of `size` bytes. */
  async read(start: number, end: number, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    const parts: Promise<void>[] = [];
    for (let at = start; at < end; ) {
      const block = Math.floor(at / BLOCK);
      const [from, to] = [at - block * BLOCK, Math.min(end - block * BLOCK, BLOCK)];
      const target = at - start;
      parts.push(this.#block(block, size).then((data) => bytes.set(data.subarray(from, to), target)));
      at = block * BLOCK + to;
    }
    await Promise.all(parts);
    return bytes;
  }

  #block(block: number, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#blocks.get(block);
    if (known) {
      this.#blocks.delete(block);
      this.#blocks.set(block, known);
      return known;
    }
    const goesOn = this.#last.end === block;
    const last = Math.ceil(size / BLOCK);
    let count = 1;
    const most = goesOn ? Math.min(this.#last.count * 2, MOST) : 1;
    while (count < most && block + count < last && !this.#blocks.has(block + count)) count++;
    this.#last = { end: block + count, count };
    const start = block * BLOCK;
    const fetched = this.#fetch(start, Math.min(start + count * BLOCK, size));
    for (let each = 0; each < count; each++) {
      const part = fetched.then((bytes) => bytes.slice(each * BLOCK, (each + 1) * BLOCK));
      this.#blocks.set(block + each, part);
      // a failure is not remembered
      part.catch(() => this.#blocks.delete(block + each));
    }
    for (const old of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(old);
    }
    return defined(this.#blocks.get(block), 'the block that was asked for');
  }
}
