// Ranges of code points as ranges of the bytes that they are written with.

/** Numbers from one to another, both included. */
export type Range = readonly [from: number, to: number];

/** The last character of one byte, of two, of three, and of four. */
const LIMITS = [0x7f, 0x7ff, 0xffff, 0x10ffff];

const utf8 = new TextEncoder();

/** Each a sequence: one byte out of each range, one after the other. Halves of a pair stand for no character. */
export function utf8Sequences(ranges: readonly Range[]): readonly (readonly Range[])[] {
  const found: Range[][] = [];
  const add = (from: number, to: number): void => {
    if (from > to) return;
    if (from <= 0xdfff && to >= 0xd800) {
      add(from, 0xd7ff);
      add(0xe000, to);
      return;
    }
    const limit = LIMITS.find((most) => from <= most) ?? 0;
    if (to > limit) {
      add(from, limit);
      add(limit + 1, to);
      return;
    }
    // bytes behind the first one that differs are free
    for (let i = 1; i <= LIMITS.indexOf(limit); i++) {
      const mask = 2 ** (6 * i) - 1;
      if ((from | mask) === (to | mask)) continue;
      const cut = (from & mask) !== 0 ? from | mask : (to & mask) !== mask ? (to | mask) - mask - 1 : undefined;
      if (cut === undefined) continue;
      add(from, cut);
      add(cut + 1, to);
      return;
    }
    const high = utf8.encode(String.fromCodePoint(to));
    found.push(Array.from(utf8.encode(String.fromCodePoint(from)), (byte, i): Range => [byte, high[i] ?? byte]));
  };
  for (const [from, to] of ranges) add(from, to);
  return found;
}
