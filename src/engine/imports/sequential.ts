// A source while an import passes over it: read once from beginning to end, windows ahead, hashed on the way. Readers go
// on asking for ranges as they like; those that follow one another are served from the windows.

import { unlessAborted } from '../../core/cut-off';
import { defined } from '../../core/defined';
import { PronkError } from '../../core/errors';
import type { HashAlgorithm, Hasher, HasherFactory } from '../../core/hash';
import type { Source } from '../../core/source';
import { WINDOW_BYTES, windows } from '../../core/stream';
import type { JournalHash } from '../../storage/journal';
import { cutOffHasher } from './cut-off-hasher';
import { PassedBytes } from './passed-bytes';

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
  readonly #window: number;
  readonly #hashes = new Map<HashAlgorithm, Hasher>();
  /** Where an earlier part of the pass ended. */
  #from: JournalHash | undefined;
  /** Checksums of the windows that have passed, for a file with digests. */
  #passed: PassedBytes | undefined;
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
    this.#window = options.window ?? WINDOW_BYTES;
    if (Object.keys(this.expected).length) this.#passed = new PassedBytes(source, this.#window);
  }

  /** Bytes that are read in order so far. */
  get position(): number {
    return this.#position;
  }

  /** Resumes an earlier part of the pass, before anything is read; a part that cannot be resumed is ignored. */
  resumeFrom(from: JournalHash | undefined): void {
    if (!from || (this.#passed && !this.#canResumeFrom(from))) return;
    this.#from = from;
    if (this.#passed) this.#passed = new PassedBytes(this.#source, this.#window, from.sums);
  }

  #canResumeFrom({ at, window, states, sums = [] }: JournalHash): boolean {
    const whole = Math.ceil(at / this.#window) === sums.length && window === this.#window && at > 0;
    return whole && (at === this.size || this.#algorithms.every((each) => states[each]));
  }

  get #algorithms(): HashAlgorithm[] {
    return Object.keys(this.expected) as HashAlgorithm[];
  }

  /** Begins to read in order. Before this, reads are random. */
  async begin(): Promise<void> {
    const { at = 0, states = {} } = this.#from ?? {};
    // the digests of a file that has passed whole were compared
    for (const algorithm of at > 0 && at === this.size ? [] : this.#algorithms) {
      const state = states[algorithm];
      const { hashers, signal } = this.#options;
      const hasher = await unlessAborted(hashers(algorithm, state ? fromHex(state) : undefined), signal);
      this.#hashes.set(algorithm, cutOffHasher(hasher, signal));
    }
    this.#position = at;
    this.#open();
  }

  /** Bytes of a range: from the windows where it lies ahead, from the source itself where it lies behind. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#windows) return this.#readApart(start, end);
    return this.#serially(() => this.#readOrdered(start, end));
  }

  /** Bytes of a range wherever it lies; where the pass has come to stays as it is. */
  readApart(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#serially(() => this.#readApart(start, end));
  }

  /** The digests so far. Reading continues while the hashers work off their queue. */
  async saveHash(): Promise<JournalHash> {
    const { at, sums, saving } = await this.#serially(async () => ({
      at: this.#position,
      sums: this.#passed?.sums,
      // of a file that was not begun there is nothing to keep: hashers start with the first bytes
      saving: this.#position ? Array.from(this.#hashes, ([name, hasher]) => [name, hasher.save()] as const) : [],
    }));
    const states: Record<string, string> = {};
    for (const [algorithm, state] of saving) states[algorithm] = toHex(await state);
    return { at, states, ...(sums && { window: this.#window, sums }) };
  }

  /** Reads the rest of a file with digests, and compares them. @throws PronkError `hash-mismatch` */
  finish(): Promise<void> {
    return this.#serially(async () => {
      if (!this.#hashes.size) return;
      this.#kept = [];
      while (this.#position < this.size) await this.#advance(false);
      await this.#compare();
    });
  }

  async #compare(): Promise<void> {
    for (const [algorithm, hasher] of this.#hashes) {
      const digest = await hasher.digest();
      this.#hashes.delete(algorithm);
      if (digest === this.expected[algorithm]) continue;
      const message = `${this.name} is not what its publisher made: its ${algorithm.toUpperCase()} is ${digest}, and should be ${this.expected[algorithm]}. Nothing of it was kept. Get the file again.`;
      throw new PronkError('hash-mismatch', message);
    }
  }

  /** Stops reading. */
  close(): void {
    void this.#windows?.return(undefined).catch(() => {});
    this.#windows = undefined;
    this.#kept = [];
    for (const hasher of this.#hashes.values()) hasher.end();
    this.#hashes.clear();
  }

  #readApart(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return end <= this.size && this.#passed ? this.#passed.read(start, end) : this.#source.read(start, end);
  }

  async #readOrdered(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const behind = start < (this.#kept[0]?.at ?? this.#position);
    if (behind || end > this.size) return this.#readApart(start, end);
    // what nobody asks for need not be read, unless it is hashed
    if (!this.#passed && start >= this.#position + this.#window) {
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
    const next = await defined(this.#windows, 'the pass').next();
    if (next.done) throw new RangeError(`${this.name} ended at byte ${this.#position} of ${this.size}`);
    const { at, bytes } = next.value;
    await this.#passed?.add(at, bytes);
    this.#position = at + bytes.length;
    for (const hasher of this.#hashes.values()) await hasher.update(bytes);
    // at once, so that hashers end with their files and not all together with the last one
    if (this.#position === this.size) await this.#compare();
    if (keep && this.#position > start) this.#kept.push(next.value);
  }

  #open(): void {
    const { ahead = 4, signal } = this.#options;
    this.#windows = windows(this.#source, { start: this.#position, ahead, signal, window: this.#window });
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
