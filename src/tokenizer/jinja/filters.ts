// Jinja's filters.

import { formatPercent } from './percent';
import { pad, capitalize, replaceBounded, centered } from './string-methods';
import { attribute, subscript } from './attributes';
import type { Budget } from './budget';
import { splitLines, splitAt, strip } from './characters';
import { TemplateError, typeError, unsupported } from './errors';
import type { Taken } from './given';
import { indentOf, toJson } from './json-text';
import { fixed } from './number-format';
import { escape, isIntegral, slice, toNumber } from './operators';
import { toText } from './print';
import { Text } from './text';
import {
  Dict,
  List,
  Stream,
  Tuple,
  Undefined,
  type Value,
  View,
  isTrue,
  iterate,
  lengthOf,
  listOf,
  typeName,
} from './values';

/** @param taken arguments after the value */
type Run = (value: Value, taken: Taken, budget: Budget) => Value;
export type FilterEntry = readonly [name: string, parameters: readonly string[], run: Run];

const textual =
  (change: (text: Text) => Text): Run =>
  (value, _, budget) => {
    const text = toText(value, budget);
    budget.make(text.text.length);
    return change(text);
  };

/** Python's floats and ints in texts. */
const INT = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i;

function parseFloatText(text: Text): number | undefined {
  const source = strip(text, undefined, 'both').text;
  if (!FLOAT.test(source)) return undefined;
  if (/nan$/i.test(source)) return NaN;
  if (/inf/i.test(source)) return source.startsWith('-') ? -Infinity : Infinity;
  return Number(source.replaceAll('_', ''));
}

function toInt(value: Value, taken: Taken): Value {
  const preset = taken.valueOr('default', 0n);
  const base = taken.integer('base', 10);
  if (value instanceof Undefined) return value.raise();
  if (value instanceof Text) {
    const source = strip(value, undefined, 'both').text;
    if (base === 10 && INT.test(source)) return BigInt(source.replaceAll('_', '').replace(/^\+/, ''));
    if (base !== 10) {
      const bare = source.toLowerCase().replace(/^0[box]/, '');
      const parsed = Number.parseInt(bare, base);
      if (Number.isSafeInteger(parsed) && parsed.toString(base) === bare.replace(/^0+(?=.)/, '')) return BigInt(parsed);
    }
    const float = parseFloatText(value);
    return float === undefined || !Number.isFinite(float) ? preset : BigInt(Math.trunc(float));
  }
  if (isIntegral(value)) return BigInt(value);
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : preset;
  return preset;
}

function toFloat(value: Value, taken: Taken): Value {
  const preset = taken.valueOr('default', 0);
  if (value instanceof Text) return parseFloatText(value) ?? preset;
  const number = toNumber(value);
  return number === undefined ? preset : Number(number);
}

function round(value: Value, taken: Taken): Value {
  const precision = taken.integer('precision', 0);
  const method = taken.value('method');
  const name = method === undefined ? 'common' : method instanceof Text ? method.text : '';
  const number = toNumber(value);
  if (number === undefined) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  if (!['common', 'ceil', 'floor'].includes(name)) {
    throw new TemplateError('FilterArgumentError', 'method must be common, ceil or floor');
  }
  if (name !== 'common') {
    const power = 10 ** precision;
    return Math[name as 'ceil' | 'floor'](Number(number) * power) / power;
  }
  if (typeof number === 'bigint') {
    if (precision >= 0) return number;
    throw unsupported('rounding an int to tens');
  }
  if (!Number.isFinite(number)) return number;
  if (precision < 0) throw unsupported('rounding to tens');
  const rounded = Number(fixed(Math.abs(number), Math.min(precision, 40)));
  return number < 0 || Object.is(number, -0) ? -rounded : rounded;
}

function truncate(value: Value, taken: Taken, budget: Budget): Value {
  const text = toText(value, budget);
  const length = taken.integer('length', 255);
  const end = taken.printed('end', budget) ?? new Text('...');
  const leeway = taken.value('leeway');
  const slack = leeway === undefined || leeway === null ? 5 : taken.integer('leeway', 5);
  if (length < end.length) throw new TemplateError('AssertionError', `expected length >= ${end.length}, got ${length}`);
  if (text.length <= length + slack) return text;
  const cut = text.slice(0, Math.min(text.length, length - end.length));
  if (isTrue(taken.value('killwords') ?? false)) return Text.join([cut, end]);
  return Text.join([splitAt(cut, ' ', 1, true)[0] ?? cut, end]);
}

function indent(value: Value, taken: Taken, budget: Budget): Value {
  const text = toText(value, budget);
  const width = taken.value('width') ?? 4n;
  const by = width instanceof Text ? width : new Text(' '.repeat(checkedWidth(taken.integer('width', 4), budget)));
  const indentsFirst = isTrue(taken.value('first') ?? false);
  const blank = isTrue(taken.value('blank') ?? false);
  // a line break is added, so that the last one of the text counts as a line
  const lines = splitLines(Text.join([text, new Text('\n')]), false);
  budget.make(text.text.length + lines.length * (by.text.length + by.runs.length));
  const indented = lines.map((line, i) =>
    (i > 0 ? blank || line.text !== '' : indentsFirst) ? Text.join([by, line]) : line,
  );
  return Text.join(indented, new Text('\n')).asMarkup(text.markup);
}

function checkedWidth(width: number, budget: Budget): number {
  budget.make(Math.max(0, width));
  return Math.max(0, width);
}

function join(value: Value, taken: Taken, budget: Budget): Value {
  const separator = taken.printed('d', budget) ?? new Text('');
  const path = taken.value('attribute');
  const parts: Text[] = [];
  let length = 0;
  for (const item of iterate(value, budget)) {
    const part = toText(path === undefined || path === null ? item : follow(item, path, budget), budget).asMarkup(
      false,
    );
    parts.push(part);
    length += part.text.length + part.runs.length + separator.text.length;
    budget.make(length);
  }
  return Text.join(parts, separator.asMarkup(false));
}

/** `a.b.0` of a value, as filters take attributes. */
export function follow(value: Value, path: Value, budget: Budget, preset?: Value): Value {
  const parts = path instanceof Text ? path.text.split('.') : [path];
  let found = value;
  for (const part of parts) {
    const key = typeof part !== 'string' ? part : /^\d+$/.test(part) ? BigInt(part) : new Text(part);
    found = subscript(found, key, budget);
    if (found instanceof Undefined && preset !== undefined && preset !== null) found = preset;
  }
  return found;
}

/** What can be gone through backwards. */
function reversed(value: Value, budget: Budget): Value[] {
  if (value instanceof Stream || value instanceof Undefined) {
    throw typeError(`'${typeName(value)}' object is not reversible`);
  }
  return listOf(value, budget).toReversed();
}

function first(value: Value, budget: Budget): Value {
  for (const item of iterate(value, budget)) return item;
  return new Undefined('No first item, sequence was empty.');
}

export const SIMPLE_FILTERS: readonly FilterEntry[] = [
  [
    'abs',
    [],
    (value) => {
      const number = toNumber(value);
      if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
      return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number);
    },
  ],
  [
    'attr',
    ['name'],
    (value, taken, budget) => {
      const name = taken.printed('name', budget)?.text ?? '';
      const found = value instanceof Dict || value instanceof Undefined ? undefined : attribute(value, name, budget);
      return found !== undefined ? found : new Undefined(`'${typeName(value)}' object has no attribute '${name}'`);
    },
  ],
  ['capitalize', [], textual(capitalize)],
  [
    'center',
    ['width'],
    (value, taken, budget) => pad(toText(value, budget), taken.integer('width', 80), ' ', centered, budget),
  ],
  [
    'default',
    ['default_value', 'boolean'],
    (value, taken) => {
      const missing = value instanceof Undefined || (isTrue(taken.value('boolean') ?? false) && !isTrue(value));
      return missing ? taken.valueOr('default_value', new Text('')) : value;
    },
  ],
  ['escape', [], textual((text) => escape(text))],
  ['forceescape', [], textual((text) => escape(text.asMarkup(false)))],
  ['first', [], (value, _, budget) => first(value, budget)],
  ['float', ['default'], toFloat],
  ['indent', ['width', 'first', 'blank'], indent],
  ['int', ['default', 'base'], toInt],
  [
    'items',
    [],
    (value) => {
      if (value instanceof Undefined) return new Stream([].values());
      if (!(value instanceof Dict)) throw typeError('Can only get item pairs from a mapping.');
      return new Stream(value.entries.map((entry) => new Tuple(entry)).values());
    },
  ],
  ['join', ['d', 'attribute'], join],
  [
    'last',
    [],
    (value, _, budget) => {
      if (value instanceof Undefined) return new Undefined('No last item, sequence was empty.');
      const [last = new Undefined('No last item, sequence was empty.')] = reversed(value, budget);
      return last;
    },
  ],
  ['length', [], (value) => BigInt(lengthOf(value))],
  ['list', [], (value, _, budget) => new List(listOf(value, budget))],
  ['lower', [], textual((text) => text.map((part) => part.toLowerCase()))],
  [
    'replace',
    ['old', 'new', 'count'],
    (value, taken, budget) => {
      const count = taken.value('count');
      const old = taken.printed('old', budget) ?? missingArgument('old');
      const by = taken.printed('new', budget) ?? missingArgument('new');
      const limit = count === undefined || count === null ? -1 : taken.integer('count', -1);
      return replaceBounded(toText(value, budget).asMarkup(false), old, by.asMarkup(false), limit, budget);
    },
  ],
  [
    'reverse',
    [],
    (value, _, budget) => {
      if (value instanceof Text) return slice(value, [null, null, -1n], budget);
      return new Stream(
        (value instanceof Stream || value instanceof Undefined
          ? listOf(value, budget).toReversed()
          : reversed(value, budget)
        ).values(),
      );
    },
  ],
  ['round', ['precision', 'method'], round],
  ['safe', [], textual((text) => text.asMarkup(true))],
  ['string', [], (value, _, budget) => toText(value, budget)],
  ['title', [], textual((text) => text.map((part) => part.replace(/[^-\s({[<]+/gu, wordCase)))],
  [
    'tojson',
    ['ensure_ascii', 'indent', 'separators', 'sort_keys'],
    (value, taken, budget) => {
      const separators = taken.value('separators');
      const spaces = indentOf(taken.value('indent'));
      const [itemSeparator = new Text(spaces === undefined ? ', ' : ','), keySeparator = new Text(': ')] =
        separators === undefined || separators === null ? [] : listOf(separators, budget);
      if (!(itemSeparator instanceof Text && keySeparator instanceof Text))
        throw typeError('separators must be strings');
      const ascii = isTrue(taken.value('ensure_ascii') ?? false);
      const sorted = isTrue(taken.value('sort_keys') ?? false);
      return toJson(value, { ascii, indent: spaces, itemSeparator, keySeparator, sorted }, budget);
    },
  ],
  [
    'trim',
    ['chars'],
    (value, taken, budget) => {
      const text = toText(value, budget);
      budget.make(text.text.length);
      return strip(text, taken.text('chars')?.text, 'both');
    },
  ],
  ['truncate', ['length', 'killwords', 'end', 'leeway'], truncate],
  ['upper', [], textual((text) => text.map((part) => part.toUpperCase()))],
  [
    'urlencode',
    [],
    (value, _, budget) => {
      if (value instanceof Dict || (!(value instanceof Text) && (value instanceof List || value instanceof View))) {
        throw unsupported('the filter “urlencode” of anything but a string');
      }
      return toText(value, budget).map((part) =>
        encodeURIComponent(part.toWellFormed())
          .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
          .replaceAll('%2F', '/'),
      );
    },
  ],
  ['wordcount', [], (value, _, budget) => BigInt(toText(value, budget).text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)],
];

/** `format`: the text is a pattern for `%`. */
export const formatFilter = (
  value: Value,
  positional: readonly Value[],
  named: ReadonlyMap<string, Value>,
  budget: Budget,
): Value => {
  if (positional.length && named.size) {
    throw new TemplateError('FilterArgumentError', "can't handle positional and keyword arguments at the same time");
  }
  const values = named.size ? Dict.from(Object.fromEntries(named)) : new Tuple(positional);
  return formatPercent(toText(value, budget), values, budget);
};

function missingArgument(name: string): never {
  throw typeError(`the argument “${name}” is missing`);
}

function wordCase(word: string): string {
  const [head = '', ...rest] = word;
  return head.toUpperCase() + rest.join('').toLowerCase();
}
