// A text that a template wrote in part and people in part.

/** A text, and where a special token's spelling is the token: in what a template wrote, and nowhere else. */
export interface MarkedText {
  readonly text: string;
  /** Whether a template wrote all of a part. */
  isTrusted(start: number, end: number): boolean;
}

/** A text that people wrote. */
export function untrusted(text: string): MarkedText {
  return { text: text.toWellFormed(), isTrusted: () => false };
}

/** Pieces one after the other; a special token may be spelled across trusted ones. */
export function markedText(pieces: readonly { readonly text: string; readonly trusted: boolean }[]): MarkedText {
  const ranges: [start: number, end: number][] = [];
  let text = '';
  for (const piece of pieces) {
    const start = text.length;
    text += piece.text;
    const last = ranges.at(-1);
    if (!piece.trusted || piece.text === '') continue;
    if (last?.[1] === start) last[1] = text.length;
    else ranges.push([start, text.length]);
  }
  return { text: text.toWellFormed(), isTrusted: within(ranges) };
}

/** A part of a marked text, its letters possibly changed: `place` tells where one of its old borders lies now. */
export function partOf(
  whole: MarkedText,
  start: number,
  end: number,
  changed?: { readonly text: string; place(at: number): number },
): MarkedText {
  if (!changed) {
    const isTrusted = (from: number, to: number) => whole.isTrusted(start + from, start + to);
    return { text: whole.text.slice(start, end), isTrusted };
  }
  if (whole.isTrusted(start, end)) return { text: changed.text, isTrusted: () => true };
  const ranges: [start: number, end: number][] = [];
  for (let at = start; at < end; ) {
    let to = at;
    while (to < end && whole.isTrusted(to, to + 1)) to++;
    if (to > at) ranges.push([changed.place(at - start), changed.place(to - start)]);
    at = to + 1;
  }
  return { text: changed.text, isTrusted: within(ranges) };
}

function within(ranges: readonly (readonly [start: number, end: number])[]): MarkedText['isTrusted'] {
  return (start, end) => ranges.some(([from, to]) => from <= start && end <= to);
}
