// What Python says of characters, and where it splits texts.

import { SPACE } from './lexer';
import { Text } from './text';

const SPACES = new RegExp(`[${SPACE}]`);
const RUN_OF_SPACE = new RegExp(`[${SPACE}]+`, 'g');
const LINE = new RegExp(String.raw`\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]`, 'g');

/** What a character must be for all of a text to be so; empty texts never are. */
const KINDS: Readonly<Record<string, RegExp>> = {
  isalnum: /^[\p{L}\p{N}]+$/u,
  isalpha: /^\p{L}+$/u,
  isdecimal: /^\p{Nd}+$/u,
  // digits of other forms: superscripts, circled ones, …
  isdigit:
    /^[\p{Nd}\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u,
  isnumeric: /^\p{N}+$/u,
  isidentifier: /^[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}_]*$/u,
};

export function isOfKind(text: string, kind: string): boolean | undefined {
  const pattern = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (pattern) return pattern.test(text);
  switch (kind) {
    case 'isspace':
      return text !== '' && Array.from(text).every((character) => SPACES.test(character));
    case 'isascii':
      return !/[^\0-\x7f]/.test(text);
    case 'islower':
      return /\p{Lowercase}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text);
    case 'isupper':
      return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
    default:
      return undefined;
  }
}

/** Offsets of a text without what is stripped from its ends. @param characters white space unless given */
export function strip(text: Text, characters: string | undefined, ends: 'both' | 'left' | 'right'): Text {
  const points = Array.from(text.text);
  const set = characters === undefined ? undefined : new Set(characters);
  const goes = (character: string | undefined) =>
    character !== undefined && (set ? set.has(character) : SPACES.test(character));
  let [from, to] = [0, points.length];
  if (ends !== 'right') while (from < to && goes(points[from])) from++;
  if (ends !== 'left') while (to > from && goes(points[to - 1])) to--;
  return from === 0 && to === points.length ? text : text.slice(from, to);
}

/** Parts between offsets that are left out. */
function between(text: Text, gaps: readonly (readonly [from: number, to: number])[]): Text[] {
  let from = 0;
  const parts = gaps.map(([start, end]) => {
    const part = text.cut(from, start);
    from = end;
    return part;
  });
  return [...parts, text.cut(from)];
}

/** `split` at a separator, at most `limit` times, from the left or the right. */
export function splitAt(text: Text, separator: string, limit: number, fromRight: boolean): Text[] {
  const gaps: [number, number][] = [];
  if (fromRight) {
    for (let end = text.text.length; gaps.length < limit; ) {
      const at = end < separator.length ? -1 : text.text.lastIndexOf(separator, end - separator.length);
      if (at < 0) break;
      gaps.unshift([at, at + separator.length]);
      end = at;
    }
  } else {
    for (let at = text.text.indexOf(separator); at >= 0 && gaps.length < limit; ) {
      gaps.push([at, at + separator.length]);
      at = text.text.indexOf(separator, at + separator.length);
    }
  }
  return between(text, gaps);
}

/** `split` at runs of white space, of which there are none at the ends. */
export function splitWords(text: Text, limit: number, fromRight: boolean): Text[] {
  const inner = strip(text, undefined, fromRight ? 'right' : 'left');
  if (inner.text === '') return [];
  const trimmed = strip(inner, undefined, 'both');
  const gaps = Array.from(
    trimmed.text.matchAll(RUN_OF_SPACE),
    ({ index, 0: { length } }) => [index, index + length] as const,
  );
  if (gaps.length < limit) return between(trimmed, gaps);
  // the last part keeps the white space at its own end
  const lead = inner.text.length - strip(inner, undefined, 'left').text.length;
  const shifted = gaps.map(([from, to]) => [from + lead, to + lead] as const);
  return between(inner, fromRight ? shifted.slice(shifted.length - limit) : shifted.slice(0, limit));
}

export function splitLines(text: Text, keepEnds: boolean): Text[] {
  const lines: Text[] = [];
  let from = 0;
  for (const { index, 0: end } of text.text.matchAll(LINE)) {
    lines.push(text.cut(from, keepEnds ? index + end.length : index));
    from = index + end.length;
  }
  if (from < text.text.length) lines.push(text.cut(from));
  return lines;
}

export function replace(text: Text, old: Text, by: Text, limit: number): Text {
  if (old.text !== '') return Text.join(splitAt(text, old.text, limit, false), by).asMarkup(text.markup);
  const characters = text.characters();
  const places = Math.min(limit, characters.length + 1);
  const parts = characters.flatMap((character, i) => (i < places ? [by, character] : [character]));
  return Text.join(places > characters.length ? [...parts, by] : parts).asMarkup(text.markup);
}

/** Letters whose form at a word's head is neither small nor large. */
const HEADS: Readonly<Record<string, string>> = { Ǆ: 'ǅ', Ǉ: 'ǈ', Ǌ: 'ǋ', Ǳ: 'ǲ' };

/** A letter as it heads a word. */
export function headForm(letter: string): string {
  const large = letter.toUpperCase();
  if (/[\u10d0-\u10ff]/.test(letter)) return letter;
  const [first = '', ...rest] = large;
  return HEADS[large] ?? (letter === 'ŉ' ? large : first + rest.join('').toLowerCase());
}

/** First letter of each word large, where a word is a run of letters. */
export function titleCase(part: string): string {
  return part.replace(/\p{L}+/gu, (word) => {
    const [first = '', ...rest] = word;
    return headForm(first) + rest.join('').toLowerCase();
  });
}
