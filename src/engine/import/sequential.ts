// A source while an import passes over it: read once from beginning to end, windows ahead, hashed on the way. Readers go
// on asking for ranges as they like; those that follow one another are served from the windows.

import { PronkError } from '../../formats/errors';
import type { HashAlgorithm, Hasher, HasherFactory } from '../../formats/hash';
import type { Source } from '../../formats/source';
import { WINDOW_BYTES, windows } from '../../formats/stream';
import type { JournalHash } from '../../storage/journal';

/** Digests that a file must have, lower-case hexadecimal. */
export type Digests = Readonly<Partial<Record<HashAlgorithm, string>>>;

export interface SequentialOptions {
  readonly expected?: Digests;
  readonly hashers: HasherFactory;
  readonly signal?: AbortSignal | undefined;
  readonly window?: number;
  /** Windows that are read at once. */
  readonly ahead?: number;
}

interface Window {
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class SequentialSource implements Source {
  readonly name: string;
  readonly size: number;
  readonly expected: Digests;
  readonly #source: Source;
  readonly #options: SequentialOptions;
  readonly #hashes = new Map<HashAlgorithm, Hasher>();
  #windows: AsyncGenerator<Window> | undefined;
  #kept: Window[] = [];
  /** End of what has been read in order, and hashed where there are digests. */
  #position = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(source: Source, options: SequentialOptions) {
    this.name = source.name;
    this.size = source.size;
    this.expected = options.expected ?? {};
    this.#source = source;
    this.#options = options;
  }

  /** Bytes that are read in order so far. */
  get position(): number {
    return this.#position;
  }

  /** Begins to read in order: from the start, or from where digests were left. Before this, reads are random. */
  async begin(from?: JournalHash): Promise<void> {
    const algorithms = Object.keys(this.expected) as HashAlgorithm[];
    const known = from && algorithms.every((each) => from.states[each]);
    for (const algorithm of algorithms) {
      const state = known ? fromHex(from.states[algorithm]!) : undefined;
      this.#hashes.set(algorithm, await this.#options.hashers(algorithm, state));
    }
    this.#position = known || (from && !algorithms.length) ? from.at : 0;
    this.#open();
  }

  /** Bytes of a range: from the windows where it lies ahead, from the source itself where it lies behind. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#windows) return this.#source.read(start, end);
    return this.#serially(() => this.#readOrdered(start, end));
  }

  /** The digests so far. Reading goes on while the hashers work off what they were given. */
  async saveHash(): Promise<JournalHash> {
    const { at, saving } = await this.#serially(async () => ({
      at: this.#position,
      saving: Array.from(this.#hashes, ([algorithm, hasher]) => [algorithm, hasher.save()] as const),
    }));
    const states: Record<string, string> = {};
    for (const [algorithm, state] of saving) states[algorithm] = toHex(await state);
    return { at, states };
  }

  /** Reads what is left of a file with digests, and compares them. @throws PronkError `hash-mismatch` */
  finish(): Promise<void> {
    return this.#serially(async () => {
      if (!this.#hashes.size) return;
      this.#kept = [];
      while (this.#position < this.size) await this.#advance(false);
      for (const [algorithm, hasher] of this.#hashes) {
        const digest = await hasher.digest();
        this.#hashes.delete(algorithm);
        if (digest === this.expected[algorithm]) continue;
        const message = `${this.name} is not what its publisher made: its ${algorithm.toUpperCase()} is ${digest}, and should be ${this.expected[algorithm]}. Nothing of it was kept. Get the file again.`;
        throw new PronkError('hash-mismatch', message);
      }
    });
  }

  /** Stops reading. */
  close(): void {
    void this.#windows?.return(undefined).catch(() => {});
    this.#windows = undefined;
    this.#kept = [];
    for (const hasher of this.#hashes.values()) hasher.end();
    this.#hashes.clear();
  }

  async #readOrdered(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const behind = start < (this.#kept[0]?.at ?? this.#position);
    if (behind || end > this.size) return this.#source.read(start, end);
    // what nobody asks for need not be read, unless it is hashed
    if (!this.#hashes.size && start >= this.#position + (this.#options.window ?? WINDOW_BYTES)) {
      await this.#windows?.return(undefined);
      this.#kept = [];
      this.#position = start;
      this.#open();
    }
    const result = new Uint8Array(end - start);
    this.#kept = this.#kept.filter((window) => window.at + window.bytes.length > start);
    while (this.#position < end) await this.#advance(true, start);
    for (const { at, bytes } of this.#kept) {
      const from = Math.max(start, at);
      const to = Math.min(end, at + bytes.length);
      if (from < to) result.set(bytes.subarray(from - at, to - at), from - start);
    }
    return result;
  }

  async #advance(keep: boolean, start = 0): Promise<void> {
    const next = await this.#windows!.next();
    if (next.done) throw new RangeError(`${this.name} ended at byte ${this.#position} of ${this.size}`);
    const { at, bytes } = next.value;
    this.#position = at + bytes.length;
    for (const hasher of this.#hashes.values()) await hasher.update(bytes);
    if (keep && this.#position > start) this.#kept.push(next.value);
  }

  #open(): void {
    const { window, ahead = 4, signal } = this.#options;
    this.#windows = windows(this.#source, {
      start: this.#position,
      ahead,
      signal,
      ...(window !== undefined && { window }),
    });
  }

  #serially<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => {});
    return result;
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
