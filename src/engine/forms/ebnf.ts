// Grammars in the EBNF that xgrammar reads: rules by name, and their parts as text.
import type { Range } from './utf8';

/** A character as its number: four digits, since xgrammar reads as many as there are behind \\x. */
const code = (point: number): string =>
  point < 0x1_0000 ? `\\u${point.toString(16).padStart(4, '0')}` : String.fromCodePoint(point);

/** A character as it stands in a class or between quotes. */
const escaped = (point: number): string => {
  const text = String.fromCodePoint(point);
  return /[A-Za-z0-9 _]/.test(text) ? text : code(point);
};

/** A text as it is. */
export const literal = (text: string): string =>
  `"${Array.from(text, (each) => escaped(each.codePointAt(0) ?? 0)).join('')}"`;

/** One byte out of these: twice, since one byte alone would be taken for a character. */
export const bytesClass = (ranges: readonly Range[]): string => {
  const parts = ranges.map(([from, to]) => `${code(from)}-${code(to)}`);
  return `[${[...parts, ...(parts.length === 1 ? parts : [])].join('')}]`;
};

export const sequence = (parts: readonly string[]): string => {
  const some = parts.filter((part) => part !== '""');
  return some.length === 0 ? '""' : some.join(' ');
};

export const oneOf = (parts: readonly string[]): string =>
  parts.length === 1 ? (parts[0] ?? '""') : `(${parts.join(' | ')})`;

export const optional = (part: string): string => `("" | ${part})`;

/** A part so many times; `most` is undefined where there is no limit. */
export function repeated(part: string, least: number, most: number | undefined): string {
  if (most !== undefined && most <= 0) return '""';
  if (least === 1 && most === 1) return part;
  return `(${part}){${least},${most ?? ''}}`;
}

/** Rules that call each other by name. */
export class Rules {
  readonly #rules = new Map<string, string>();
  readonly #parts = new Map<string, string>();

  /** A rule of its own for a part; the same part has one rule. */
  add(name: string, make: () => string): string {
    if (!this.#rules.has(name)) {
      // known before it is made: it may call itself
      this.#rules.set(name, '""');
      this.#rules.set(name, make());
    }
    return name;
  }

  /** A part that is made once, and found again by its key. */
  once(key: string, make: () => string): string {
    const part = this.#parts.get(key) ?? make();
    this.#parts.set(key, part);
    return part;
  }

  /** A name that no rule has. */
  fresh(): string {
    return `r${this.#rules.size}`;
  }

  /** The grammar whose text is `root`. */
  text(root: string): string {
    return [`root ::= ${root}`, ...Array.from(this.#rules, ([name, body]) => `${name} ::= ${body}`)].join('\n');
  }
}
