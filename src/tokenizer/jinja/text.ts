// A string of a template, which remembers which of its characters came from somebody's words. Positions are Python's: code
// points.

/** Characters that came from a content; offsets are JavaScript's. */
export interface Run {
  readonly start: number;
  readonly end: number;
  /** Which content. */
  readonly origin: number;
}

const NO_RUNS: readonly Run[] = [];
const SURROGATE = /[\ud800-\udfff]/;

export class Text {
  /** Spans of contents in order; all else is the template's own. */
  readonly runs: readonly Run[];
  readonly text: string;
  /** Jinja's `Markup`: what is added to it gets escaped. */
  readonly markup: boolean;
  #offsets: readonly number[] | null | undefined;

  constructor(text: string, runs: readonly Run[] = NO_RUNS, markup = false) {
    this.text = text;
    this.runs = runs;
    this.markup = markup;
  }

  /** A content as it is. */
  static of(text: string, origin: number): Text {
    return new Text(text, text === '' ? NO_RUNS : [{ start: 0, end: text.length, origin }]);
  }

  static join(parts: readonly Text[], separator?: Text): Text {
    const all =
      separator && separator.text !== '' ? parts.flatMap((part, i) => (i ? [separator, part] : [part])) : parts;
    const [only] = all;
    if (only && all.length === 1) return only;
    const runs: Run[] = [];
    let length = 0;
    for (const part of all) {
      for (const { start, end, origin } of part.runs) {
        const last = runs.at(-1);
        if (last?.end === start + length && last.origin === origin) {
          runs[runs.length - 1] = { start: last.start, end: end + length, origin };
        } else runs.push({ start: start + length, end: end + length, origin });
      }
      length += part.text.length;
    }
    return new Text(all.map(({ text }) => text).join(''), runs);
  }

  /** Offsets of code points, with the length at the end; null where they are the positions themselves. */
  get #points(): readonly number[] | null {
    if (this.#offsets === undefined) {
      if (!SURROGATE.test(this.text)) this.#offsets = null;
      else {
        const offsets: number[] = [];
        for (let at = 0; at < this.text.length; at += (this.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
          offsets.push(at);
        this.#offsets = [...offsets, this.text.length];
      }
    }
    return this.#offsets;
  }

  get length(): number {
    return (this.#points?.length ?? this.text.length + 1) - 1;
  }

  /** Where the position lies in JavaScript's string. */
  offset(position: number): number {
    return this.#points?.[position] ?? position;
  }

  /** Which position an offset is. */
  position(offset: number): number {
    const points = this.#points;
    if (!points) return offset;
    let [low, high] = [0, points.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((points[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** By positions, both inside the text. */
  slice(from: number, to = this.length): Text {
    return this.cut(this.offset(from), this.offset(Math.max(from, to)));
  }

  /** By JavaScript's offsets. */
  cut(from: number, to = this.text.length): Text {
    if (from === 0 && to === this.text.length) return this;
    const runs = this.runs
      .filter(({ start, end }) => start < to && end > from)
      .map(({ start, end, origin }) => ({
        start: Math.max(start, from) - from,
        end: Math.min(end, to) - from,
        origin,
      }));
    return new Text(this.text.slice(from, to), runs, this.markup);
  }

  /** Every code point by itself. */
  characters(): Text[] {
    return Array.from({ length: this.length }, (_, i) => this.slice(i, i + 1));
  }

  /** The text in another form, made run by run, so that each part stays whose it was. */
  map(change: (part: string) => string): Text {
    if (!this.runs.length) return new Text(change(this.text), NO_RUNS, this.markup);
    const parts: Text[] = [];
    let from = 0;
    for (const { start, end, origin } of this.runs) {
      if (start > from) parts.push(new Text(change(this.text.slice(from, start))));
      parts.push(Text.of(change(this.text.slice(start, end)), origin));
      from = end;
    }
    if (from < this.text.length) parts.push(new Text(change(this.text.slice(from))));
    return Text.join(parts).asMarkup(this.markup);
  }

  asMarkup(markup: boolean): Text {
    return markup === this.markup ? this : new Text(this.text, this.runs, markup);
  }
}
