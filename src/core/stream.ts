// A source from one end to the other, with reads under way ahead of what is being worked on.

import { defined } from './defined';
import type { Source } from './source';

export interface StreamOptions {
  /** First byte; 0 without it. */
  readonly start?: number;
  /** Bytes of a window. */
  readonly window?: number;
  /** Windows that are read at once. */
  readonly ahead?: number;
  readonly signal?: AbortSignal | undefined;
}

export const WINDOW_BYTES = 4 << 20;

/** Consecutive windows of a source, in order; memory is `window` × (`ahead` + 1) at most. */
export async function* windows(
  source: Source,
  { start = 0, window = WINDOW_BYTES, ahead = 2, signal }: StreamOptions = {},
): AsyncGenerator<{ readonly at: number; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const reading: Promise<Uint8Array<ArrayBuffer>>[] = [];
  let next = start;
  const fill = () => {
    while (reading.length < ahead && next < source.size) {
      const read = source.read(next, (next = Math.min(next + window, source.size)));
      // it is awaited later, if it is wanted at all
      read.catch(() => {});
      reading.push(read);
    }
  };
  fill();
  for (let at = start; reading.length > 0; ) {
    signal?.throwIfAborted();
    const bytes = await defined(reading.shift(), 'the next window');
    fill();
    yield { at, bytes };
    at += bytes.length;
  }
}
