// A file on a server, read in parts as if it lay on the disk. Nothing of it is stored here.

import { PronkError } from '../core/errors';
import type { Source } from '../core/source';
import { BlockCache, SMALL_READ } from './block-cache';
import { Fault, changedFile, noRanges } from './failures';
import { GrowingReads } from './growing-reads';
import { Place } from './place';
import { type TransportOptions, type Wanted, checkStatus, chunks, persist } from './transport';

export interface HttpSourceOptions extends TransportOptions {
  /** Where reading begins; what it redirects to is kept until it expires. */
  readonly url: string;
  readonly name: string;
  /** Bytes, where they are known: nothing is then asked for before the first read. */
  readonly size?: number | undefined;
  /** The ETag of the file that an earlier visit read from. */
  readonly etag?: string | undefined;
  /** The address names its content (by a commit), or a digest decides: ETags, which differ between storages, may differ. */
  readonly immutable?: boolean | undefined;
  /**
   * Reads that follow one another are made of requests that grow up to so many bytes, whose first bytes are given out
   * before the last ones came. Only for files whose digest is compared in the end.
   */
  readonly growTo?: number | undefined;
}

export interface HttpSource extends Source {
  readonly url: string;
  /** Known from the first answer on. */
  readonly etag?: string;
}

/** From servers that ignore Range, a file up to this size is taken whole. */
const WHOLE = 32 << 20;

/**
 * A file on a server as a source. Each answer must say that it holds exactly the bytes that were asked for, of the file
 * that reading began with; what comes broken is asked for again from the last byte on.
 * @throws PronkError from here and from `read`: `network`, `changed-file`, `no-ranges`, `gated`, `not-found`, `refused`;
 *   or the signal's reason
 */
export async function httpSource(options: HttpSourceOptions): Promise<HttpSource> {
  const file = new RemoteFile(options);
  if (options.size === undefined) await file.open();
  return file;
}

class RemoteFile implements HttpSource {
  readonly name: string;
  readonly url: string;
  etag?: string;
  readonly #options: HttpSourceOptions;
  readonly #wanted: Wanted;
  readonly #place: Place;
  #growing: GrowingReads | undefined;
  readonly #cache = new BlockCache((start, end) => this.#range(start, end));
  #size: number | undefined;
  /** All of it, from a server that ignores Range. */
  #whole: Uint8Array<ArrayBuffer> | undefined;

  constructor(options: HttpSourceOptions) {
    this.#options = options;
    this.#wanted = options;
    this.#place = new Place(options.url, options);
    this.name = options.name;
    this.url = options.url;
    this.#size = options.size;
    if (options.etag !== undefined) this.etag = options.etag;
  }

  get size(): number {
    return this.#size ?? 0;
  }

  /** Learns the size, by reading the first byte. */
  async open(): Promise<void> {
    await persist(this.#wanted, this.#options, async (signal, alive) => {
      const answer = await this.#place.ask({ signal, range: 'bytes=0-0' });
      const { response } = answer;
      alive();
      const range = response.headers.get('Content-Range');
      // of an empty file there is no part
      if (response.status === 416 && range === 'bytes */0') {
        this.#size = 0;
        return;
      }
      checkStatus(answer, this.#wanted, this.#options.access);
      if (response.status !== 206) return this.#takeWhole(response, signal, alive);
      const total = /^bytes 0-0\/(\d+)$/.exec(range ?? '')?.[1];
      if (range !== null && total === undefined) throw new Fault(`it sent other bytes (${range}) than were asked for`);
      this.#checkETag(response);
      // pages may always see Content-Length, but Content-Range only where the server allows it (CORS)
      this.#size = total === undefined ? await this.#lengthFromHead(signal, alive) : Number(total);
    });
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!(start >= 0 && start <= end && end <= this.size)) {
      throw new RangeError(`Bytes ${start} to ${end} of ${this.name} asked for, which has ${this.size}`);
    }
    this.#options.signal?.throwIfAborted();
    if (start === end) return new Uint8Array(0);
    if (this.#whole) return this.#whole.slice(start, end);
    if (end - start < SMALL_READ) return this.#cache.read(start, end, this.size);
    const { growTo, signal } = this.#options;
    if (growTo === undefined) return this.#range(start, end);
    this.#growing ??= new GrowingReads(this.size, growTo, (...range) => this.#fill(...range), signal);
    return this.#growing.read(start, end);
  }

  async #range(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    await this.#fill(start, end, bytes);
    return bytes;
  }

  /** @param onFilled told how many of the bytes are there */
  async #fill(
    start: number,
    end: number,
    bytes: Uint8Array<ArrayBuffer>,
    signal = this.#options.signal,
    onFilled: (filled: number) => void = () => {},
  ): Promise<void> {
    let filled = 0;
    await persist(
      this.#wanted,
      { ...this.#options, signal },
      async (ending, alive) => {
        if (this.#whole) return bytes.set(this.#whole.subarray(start, end));
        const first = start + filled;
        const answer = await this.#place.ask({ signal: ending, range: `bytes=${first}-${end - 1}` });
        const { response } = answer;
        alive();
        checkStatus(answer, this.#wanted, this.#options.access);
        if (response.status !== 206) {
          await this.#takeWhole(response, ending, alive);
          return this.#fill(start, end, bytes);
        }
        this.#checkRange(response, first, end);
        this.#checkETag(response);
        const before = filled;
        try {
          for await (const chunk of chunks(response, end - first, ending, alive)) {
            bytes.set(chunk, filled);
            filled += chunk.byteLength;
            onFilled(filled);
          }
        } catch (error) {
          // an answer that does not keep to its own length is not believed at all
          if (error instanceof Fault && !ending.aborted) filled = before;
          throw error;
        }
        if (filled < bytes.length) throw new Fault('the connection ended early');
      },
      () => filled,
    );
  }

  /** Throws unless an answer of 206 holds bytes `first` (inclusive) to `end` (exclusive) of a file of the known size. */
  #checkRange({ headers }: Response, first: number, end: number): void {
    const range = headers.get('Content-Range');
    if (range === null) {
      // hidden from pages by CORS: its length, which never is, must do
      if (Number(headers.get('Content-Length')) === end - first) return;
      throw new Fault('it does not say which bytes it sends', { retries: 2 });
    }
    const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range) ?? [];
    if (total !== undefined && total !== '*' && Number(total) !== this.size) {
      throw changedFile(this.name, `it has ${total} bytes instead of ${this.size}`);
    }
    if (Number(from) !== first || Number(to) !== end - 1) {
      throw new Fault(`it sent other bytes (${range}) than were asked for (${first}-${end - 1})`, { retries: 2 });
    }
  }

  #checkETag({ headers }: Response): void {
    const etag = headers.get('ETag')?.replace(/^W\//, '');
    if (etag === undefined) return;
    this.etag ??= etag;
    if (etag !== this.etag && !this.#options.immutable)
      throw changedFile(this.name, 'its version (ETag) is another one');
  }

  /** Keeps the whole file, which a server sent that ignores Range, if it is small. */
  async #takeWhole(response: Response, signal: AbortSignal, alive: () => void): Promise<void> {
    const most = this.#size ?? WHOLE;
    // a proxy may do it once; a server does it always
    const refused = new Fault('it does not send parts', { retries: 1, final: noRanges(this.name, this.url) });
    if (most > WHOLE || Number(response.headers.get('Content-Length') ?? 0) > WHOLE) throw refused;
    this.#checkETag(response);
    const parts: Uint8Array[] = [];
    try {
      for await (const part of chunks(response, most, signal, alive)) parts.push(part);
    } catch (error) {
      if (error instanceof Fault && !signal.aborted && this.#size === undefined) throw refused;
      throw error;
    }
    const whole = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    if (this.#size !== undefined && whole.length !== this.#size) throw new Fault('the connection ended early');
    this.#size = whole.length;
    this.#whole = whole;
  }

  async #lengthFromHead(signal: AbortSignal, alive: () => void): Promise<number> {
    const answer = await this.#place.ask({ signal, method: 'HEAD' });
    const { response } = answer;
    alive();
    checkStatus(answer, this.#wanted, this.#options.access);
    const length = response.headers.get('Content-Length');
    if (length === null || response.headers.has('Content-Encoding')) {
      const { host } = new URL(this.url);
      const hint = 'It must let pages see the header Content-Range (Access-Control-Expose-Headers).';
      throw new PronkError('no-ranges', `${host} does not say how large ${this.name} is. ${hint}`);
    }
    return Number(length);
  }
}
