// Windows that are read one after the other, out of ever larger requests: a file of gigabytes takes hundreds of them
// instead of thousands. What a request has brought is given out while the rest is still coming.

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads bytes `start` to `end` into `target`, telling how many of them are there. */
export type Fill = (
  start: number,
  end: number,
  target: Bytes,
  signal: AbortSignal,
  onFilled: (filled: number) => void,
) => Promise<void>;

/** Requests whose bytes are kept at once: one that is read out, one that is being filled, and one that was overtaken. */
const KEPT = 3;

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly bytes: Bytes;
  readonly controller: AbortController;
  ended: Promise<void>;
  filled: number;
  failed: boolean;
  /** Those who wait for more of it. */
  readonly waiting: Set<() => void>;
  /** Bytes that were given out. */
  given: number;
}

export class GrowingReads {
  readonly #fill: Fill;
  readonly #size: number;
  readonly #most: number;
  readonly #signal: AbortSignal | undefined;
  readonly #pieces: Piece[] = [];
  /** Where the last request ended, and its length. */
  #last = { end: -1, length: 0 };

  /**
   * @param most bytes of a request
   * @param signal ends all of them
   */
  constructor(size: number, most: number, fill: Fill, signal?: AbortSignal) {
    this.#size = size;
    this.#most = most;
    this.#fill = fill;
    this.#signal = signal;
  }

  /** Bytes `start` to `end`, which the caller may keep. Rejects as the request does that brings them. */
  async read(start: number, end: number): Promise<Bytes> {
    const result = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const piece =
        this.#pieces.find((each) => !each.failed && each.start <= at && at < each.end) ?? this.#begin(at, end);
      const to = Math.min(end, piece.end);
      await this.#until(piece, to - piece.start);
      result.set(piece.bytes.subarray(at - piece.start, to - piece.start), at - start);
      piece.given += to - at;
      if (piece.given >= piece.bytes.length) this.#drop(piece);
      at = to;
    }
    return result;
  }

  #begin(at: number, end: number): Piece {
    const asked = end - at;
    const length = at === this.#last.end ? Math.max(asked, Math.min(this.#last.length * 2, this.#most)) : asked;
    const stop = Math.min(this.#size, at + length);
    this.#last = { end: stop, length: stop - at };
    const controller = new AbortController();
    const abort = () => controller.abort(this.#signal?.reason);
    this.#signal?.addEventListener('abort', abort, { once: true });
    const piece: Piece = {
      start: at,
      end: stop,
      bytes: new Uint8Array(stop - at),
      controller,
      ended: Promise.resolve(),
      filled: 0,
      failed: false,
      waiting: new Set(),
      given: 0,
    };
    const wake = () => {
      for (const each of piece.waiting) each();
    };
    const onFilled = (filled: number) => {
      piece.filled = Math.max(piece.filled, filled);
      wake();
    };
    piece.ended = this.#fill(at, stop, piece.bytes, controller.signal, onFilled)
      .then(
        () => onFilled(stop - at),
        (error: unknown) => {
          // whoever reads on from here begins anew
          piece.failed = true;
          this.#drop(piece);
          wake();
          throw error;
        },
      )
      .finally(() => this.#signal?.removeEventListener('abort', abort));
    piece.ended.catch(() => {});
    this.#pieces.push(piece);
    if (this.#pieces.length > KEPT) {
      const idle = this.#pieces.find((each) => each.waiting.size === 0 && each !== piece);
      if (idle) this.#drop(idle);
    }
    return piece;
  }

  /** Waits until a piece has so many bytes. */
  async #until(piece: Piece, filled: number): Promise<void> {
    while (piece.filled < filled) {
      if (piece.failed) await piece.ended;
      let wake = () => {};
      const more = new Promise<void>((resolve) => (wake = resolve));
      piece.waiting.add(wake);
      await more;
      piece.waiting.delete(wake);
    }
  }

  #drop(piece: Piece): void {
    const index = this.#pieces.indexOf(piece);
    if (index >= 0) this.#pieces.splice(index, 1);
    if (piece.filled < piece.bytes.length && !piece.failed) piece.controller.abort(new DOMException('', 'AbortError'));
  }
}
