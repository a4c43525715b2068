// The methods of Python's strings.

import type { Budget } from './budget';
import { headForm, isOfKind, replace, splitAt, splitLines, splitWords, strip, titleCase } from './characters';
import { typeError, unsupported, valueError } from './errors';
import { Taken } from './given';
import { add, escape } from './operators';
import { Text } from './text';
import { type Given, List, Tuple, Undefined, type Value, iterate, isTrue, typeName } from './values';

type Method = (text: Text, given: Given, budget: Budget) => Value;

/** A method with named parameters. */
const method = (
  name: string,
  parameters: readonly string[],
  run: (text: Text, taken: Taken, budget: Budget) => Value,
): [string, Method] => [name, (text, given, budget) => run(text, new Taken(given, name, parameters), budget)];

const stripping = (name: string, ends: 'both' | 'left' | 'right') =>
  method(name, ['chars/'], (text, taken) => strip(text, taken.text('chars')?.text, ends));

const splitting = (name: string, fromRight: boolean) =>
  method(name, ['sep', 'maxsplit'], (text, taken) => {
    const separator = taken.text('sep');
    const limit = taken.integer('maxsplit', -1);
    const most = limit < 0 ? Infinity : limit;
    if (separator?.text === '') throw valueError('empty separator');
    return new List(separator ? splitAt(text, separator.text, most, fromRight) : splitWords(text, most, fromRight));
  });

/** Offset of a text inside the positions from `start` to `end`, or -1. */
function find(text: Text, taken: Taken, last: boolean): number {
  const wanted = taken.requiredText('sub').text;
  const { start, end } = bounds(text, taken);
  if (start > end) return -1;
  const [from, to] = [text.offset(start), text.offset(end)];
  const inside = text.text.slice(from, to);
  const at = last ? inside.lastIndexOf(wanted) : inside.indexOf(wanted);
  return at < 0 ? -1 : text.position(from + at);
}

function bounds(text: Text, taken: Taken): { start: number; end: number } {
  const { length } = text;
  const from = taken.index('start') ?? 0;
  const to = taken.index('end') ?? length;
  const clamp = (value: number) => Math.max(0, value < 0 ? value + length : value);
  return { start: clamp(from), end: Math.min(length, clamp(to)) };
}

const finding = (name: string, last: boolean, raises: boolean) =>
  method(name, ['sub/', 'start/', 'end/'], (text, taken) => {
    const at = find(text, taken, last);
    if (at < 0 && raises) throw valueError('substring not found');
    return BigInt(at);
  });

const affix = (name: string, matches: (text: string, affix: string) => boolean) =>
  method(name, ['prefix/', 'start/', 'end/'], (text, taken) => {
    const wanted = taken.required('prefix');
    const { start, end } = bounds(text, taken);
    if (start > end) return false;
    const inside = text.slice(start, end).text;
    const each = wanted instanceof Tuple ? wanted.items : [wanted];
    return each.some((one) => {
      if (one instanceof Text) return matches(inside, one.text);
      if (one instanceof Undefined) one.raise();
      throw typeError(`${name} first arg must be str or a tuple of str, not ${typeName(one)}`);
    });
  });

const padding = (name: string, before: (gap: number, width: number) => number) =>
  method(name, ['width/', 'fillchar/'], (text, taken, budget) => {
    const fill = taken.text('fillchar') ?? new Text(' ');
    if (fill.length !== 1) throw typeError('The fill character must be exactly one character long');
    return pad(text, taken.integer('width', 0), fill.text, before, budget);
  });

export function pad(
  text: Text,
  width: number,
  fill: string,
  before: (gap: number, width: number) => number,
  budget: Budget,
): Text {
  const gap = width - text.length;
  if (gap <= 0) return text;
  budget.make(gap);
  const left = before(gap, width);
  return Text.join([new Text(fill.repeat(left)), text, new Text(fill.repeat(gap - left))]).asMarkup(text.markup);
}

/** `str.center`: the odd one goes to the left where the width is odd. */
export const centered = (gap: number, width: number) => (gap >> 1) + (gap & width & 1);

const partitioning = (name: string, last: boolean) =>
  method(name, ['sep/'], (text, taken) => {
    const separator = taken.requiredText('sep');
    if (separator.text === '') throw valueError('empty separator');
    const at = last ? text.text.lastIndexOf(separator.text) : text.text.indexOf(separator.text);
    const nothing = new Text('');
    if (at < 0) return new Tuple(last ? [nothing, nothing, text] : [text, nothing, nothing]);
    const end = at + separator.text.length;
    return new Tuple([text.cut(0, at), text.cut(at, end), text.cut(end)]);
  });

const casing = (name: string, change: (part: string) => string) => method(name, [], (text) => text.map(change));

const METHODS = new Map<string, Method>([
  stripping('strip', 'both'),
  stripping('lstrip', 'left'),
  stripping('rstrip', 'right'),
  splitting('split', false),
  splitting('rsplit', true),
  finding('find', false, false),
  finding('rfind', true, false),
  finding('index', false, true),
  finding('rindex', true, true),
  affix('startswith', (text, prefix) => text.startsWith(prefix)),
  affix('endswith', (text, suffix) => text.endsWith(suffix)),
  padding('ljust', () => 0),
  padding('rjust', (gap) => gap),
  padding('center', centered),
  partitioning('partition', false),
  partitioning('rpartition', true),
  casing('upper', (part) => part.toUpperCase()),
  casing('lower', (part) => part.toLowerCase()),
  casing('swapcase', (part) =>
    Array.from(part, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join(''),
  ),
  method('title', [], (text) => text.map(titleCase)),
  method('capitalize', [], capitalize),
  method(
    'splitlines',
    ['keepends'],
    (text, taken) => new List(splitLines(text, isTrue(taken.value('keepends') ?? false))),
  ),
  method('removeprefix', ['prefix/'], (text, taken) => {
    const prefix = taken.requiredText('prefix').text;
    return text.text.startsWith(prefix) ? text.cut(prefix.length) : text;
  }),
  method('removesuffix', ['suffix/'], (text, taken) => {
    const suffix = taken.requiredText('suffix').text;
    return suffix !== '' && text.text.endsWith(suffix) ? text.cut(0, text.text.length - suffix.length) : text;
  }),
  method('replace', ['old/', 'new/', 'count'], (text, taken, budget) => {
    const count = taken.integer('count', -1);
    const by = taken.requiredText('new');
    return replaceBounded(text, taken.requiredText('old'), text.markup ? escape(by) : by, count, budget);
  }),
  method('count', ['sub/', 'start/', 'end/'], (text, taken) => {
    const { start, end } = bounds(text, taken);
    const wanted = taken.requiredText('sub').text;
    if (start > end) return 0n;
    const inside = text.slice(start, end);
    return BigInt(wanted === '' ? inside.length + 1 : inside.text.split(wanted).length - 1);
  }),
  method('join', ['iterable/'], (text, taken, budget) => joinAll(text, taken.required('iterable'), budget)),
  method('zfill', ['width/'], (text, taken, budget) => {
    const width = taken.integer('width', 0);
    const sign = /^[+-]/.test(text.text) ? 1 : 0;
    const zeros = pad(text.cut(sign), width - sign, '0', (gap) => gap, budget);
    return sign ? add(text.cut(0, 1), zeros, budget) : zeros;
  }),
  method('expandtabs', ['tabsize'], (text, taken, budget) => {
    const size = Math.max(0, taken.integer('tabsize', 8));
    let column = 0;
    const parts = text.characters().map((character) => {
      if (character.text === '\t') {
        const width = size ? size - (column % size) : 0;
        budget.make(width);
        column += width;
        return new Text(' '.repeat(width));
      }
      column = character.text === '\n' || character.text === '\r' ? 0 : column + 1;
      return character;
    });
    return Text.join(parts);
  }),
]);

/** Methods that Python has beyond these. */
const LACKING = new Set(['casefold', 'encode', 'format_map', 'isprintable', 'istitle', 'maketrans', 'translate']);

/** A string's method by name; undefined where Python has none. */
export function stringMethod(name: string): Method | undefined {
  if (LACKING.has(name)) throw unsupported(`the method “${name}” of strings`);
  const found = METHODS.get(name);
  if (found) {
    return (text, given, budget) => {
      budget.make(text.text.length);
      return found(text, given, budget);
    };
  }
  if (isOfKind('', name) === undefined) return undefined;
  return (text, given) => {
    Taken.check(given, name, []);
    return isOfKind(text.text, name) ?? false;
  };
}

export function capitalize(text: Text): Text {
  const lower = text.length > 0 ? text.slice(1).map((part) => part.toLowerCase()) : text;
  const first = text.slice(0, Math.min(1, text.length)).map(headForm);
  return Text.join([first, lower]).asMarkup(text.markup);
}

export function replaceBounded(text: Text, old: Text, by: Text, count: number, budget: Budget): Text {
  const pieces = old.text === '' ? text.length + 1 : text.text.split(old.text).length - 1;
  const limit = count < 0 ? Infinity : count;
  budget.make(text.text.length + Math.min(pieces, limit) * (by.text.length + by.runs.length));
  return replace(text, old, by, limit);
}

function joinAll(separator: Text, list: Value, budget: Budget): Text {
  const parts: Text[] = [];
  let length = 0;
  for (const item of iterate(list, budget)) {
    if (item instanceof Undefined) item.raise();
    if (!(item instanceof Text)) {
      throw typeError(`sequence item ${parts.length}: expected str instance, ${typeName(item)} found`);
    }
    parts.push(separator.markup ? escape(item) : item);
    length += item.text.length + item.runs.length + separator.text.length;
    budget.make(length);
  }
  return Text.join(parts, separator).asMarkup(separator.markup);
}
