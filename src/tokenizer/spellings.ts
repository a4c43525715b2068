// Finding literal strings in a text.

/** Matches any of some strings, the longest first; undefined without strings. */
export function anyOf(strings: Iterable<string>): RegExp | undefined {
  const sorted = Array.from(strings)
    .filter((each) => each !== '')
    .toSorted((a, b) => b.length - a.length);
  if (!sorted.length) return undefined;
  return new RegExp(sorted.map((each) => each.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)).join('|'), 'g');
}
