// JSON in the one form that answers have: a line, with ", " and ": " as Python's json.dumps writes it. Numbers have at most 15
// digits, so that every program reads the number that was written.
import { literal, oneOf, optional, repeated, type Rules, sequence } from './ebnf';
import { all, any, character, exactly, type Regular, regularPart, times } from './regular';
import type { Range } from './utf8';

/** What stands in a string as it is. */
export const PLAIN: readonly Range[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x7e],
  [0x80, 0x10ffff],
];

const HEX: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x46],
  [0x61, 0x66],
];
/** Hexadecimal digits but D, with which halves of pairs begin. */
const HEX_BUT_D: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x43],
  [0x45, 0x46],
  [0x61, 0x63],
  [0x65, 0x66],
];
const oneIn = (text: string) => character(Array.from(text, (each): Range => [each.charCodeAt(0), each.charCodeAt(0)]));

/** Inside of a string: one code point each. Surrogates are never escaped, so that a length is what it seems. */
const CHARACTER: Regular = any([
  character(PLAIN),
  all([
    exactly('\\'),
    any([
      oneIn('"\\/bfnrt'),
      all([
        exactly('u'),
        any([all([character(HEX_BUT_D), character(HEX)]), all([oneIn('dD'), oneIn('01234567')])]),
        character(HEX),
        character(HEX),
      ]),
    ]),
  ]),
]);

/** A string: its quotes are a part of it, so that what a token of several characters may be is known within one rule. */
export function text(rules: Rules, inside: Regular): string {
  const name = JSON.stringify(inside);
  return rules.once(name, () => regularPart(rules, all([exactly('"'), inside, exactly('"')])));
}

/** Characters up to which a string's count is a part of its automaton. */
const COUNTED = 200;

/** A string of so many characters; `most` is undefined where there is no limit. */
export function textOf(rules: Rules, least: number, most: number | undefined): string {
  if ((most ?? least) <= COUNTED) return text(rules, times(CHARACTER, least, most));
  const one = rules.once('character', () => regularPart(rules, CHARACTER));
  return sequence([literal('"'), repeated(one, least, most), literal('"')]);
}

export const integer = (rules: Rules): string => rules.add('integer', () => '"0" | ("" | "-") [1-9] [0-9]{0,14}');

export const numeral = (rules: Rules): string =>
  rules.add('number', () =>
    sequence([
      optional('"-"'),
      '("0" | [1-9] [0-9]{0,14})',
      optional('"." [0-9]{1,15}'),
      optional('[eE] [+\\-] [1-9] [0-9]{0,1}'),
    ]),
  );

const keyOf = (rules: Rules) => rules.add('key', () => textOf(rules, 0, undefined));

/** Any value. */
export const anything = (rules: Rules): string =>
  rules.add('value', () =>
    oneOf([
      rules.add('string', () => textOf(rules, 0, undefined)),
      numeral(rules),
      '"true"',
      '"false"',
      '"null"',
      arrayOf([], 'value', 0, undefined),
      mapOf(rules, 'value'),
    ]),
  );

/** An array: the first elements by their place, then others that are alike, none where `rest` is undefined. */
export function arrayOf(
  first: readonly string[],
  rest: string | undefined,
  least: number,
  most: number | undefined,
): string {
  const places = first.length;
  const limit = rest === undefined ? Math.min(most ?? Infinity, places) : most;
  const beyond = (from: number) => (limit === undefined ? undefined : limit - from);
  let inside = '""';
  if (rest !== undefined && (limit === undefined || limit > places)) {
    inside =
      places > 0
        ? repeated(sequence([literal(', '), rest]), Math.max(0, least - places), beyond(places))
        : sequence([rest, repeated(sequence([literal(', '), rest]), Math.max(0, least - 1), beyond(1))]);
    if (places === 0 && least === 0) inside = optional(inside);
  }
  for (let i = places - 1; i >= 0; i--) {
    if (limit !== undefined && i >= limit) continue;
    const here = sequence([...(i > 0 ? [literal(', ')] : []), first[i] ?? '""', inside]);
    inside = i >= least ? optional(here) : here;
  }
  return sequence([literal('['), inside, literal(']')]);
}

/** An object with any keys. */
export function mapOf(rules: Rules, value: string): string {
  const member = sequence([keyOf(rules), literal(': '), value]);
  const others = repeated(sequence([literal(', '), member]), 0, undefined);
  return sequence([literal('{'), optional(sequence([member, others])), literal('}')]);
}

/** A value as it is written. */
export function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${written(each)}`);
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value);
}
