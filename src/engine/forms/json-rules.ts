// JSON in the one form that answers have: a line, with ", " and ": " as Python's json.dumps writes it. Numbers have at most 15
// digits, so that every program reads the number that was written.
import { characterClass, literal, oneOf, optional, repeated, type Rules, sequence } from './ebnf';
import type { Range } from './utf8';

/** What stands in a string as it is. */
export const PLAIN: readonly Range[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x7e],
  [0x80, 0x10ffff],
];

const HEX = '[0-9a-fA-F]';

/** Inside of a string: one code point each. Surrogates are never escaped, so that a length is what it seems. */
export const CHARACTER = (rules: Rules): string =>
  rules.add('character', () =>
    oneOf([
      characterClass(PLAIN),
      `${literal('\\')} (["\\\\/bfnrt] | "u" ([0-9a-cA-CeEfF] ${HEX} ${HEX} ${HEX} | [dD] [0-7] ${HEX} ${HEX}))`,
    ]),
  );

export const text = (rules: Rules, inside?: string): string =>
  sequence([literal('"'), inside ?? repeated(CHARACTER(rules), 0, undefined), literal('"')]);

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

const keyOf = (rules: Rules) => rules.add('key', () => text(rules));

/** Any value. */
export const anything = (rules: Rules): string =>
  rules.add('value', () =>
    oneOf([
      rules.add('string', () => text(rules)),
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
