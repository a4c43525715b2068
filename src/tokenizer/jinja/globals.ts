// The functions that a template is given: Jinja's own, and the two of transformers.

import type { Budget } from './budget';
import { TemplateError, typeError, unsupported, valueError } from './errors';
import { Taken } from './given';
import { isIntegral } from './operators';
import { toText } from './print';
import { strftime } from './strftime';
import { Text } from './text';
import { Callable, Dict, type Given, Namespace, Range, type Value, isTrue, listOf } from './values';

/** Jinja's sandbox has no longer ranges. */
const MAX_RANGE = 100_000;

export function globals(budget: Budget): Map<string, Value> {
  const functions: [string, (given: Given) => Value][] = [
    ['range', range],
    ['dict', (given) => new Dict(entriesOf(given, budget))],
    ['namespace', (given) => namespace(given, budget)],
    ['cycler', cycler],
    ['joiner', (given) => joiner(given, budget)],
    ['lipsum', () => raise(unsupported('the function “lipsum”'))],
    [
      'raise_exception',
      (given) => {
        const message = new Taken(given, 'raise_exception', ['message']).required('message');
        throw new TemplateError('TemplateError', toText(message, budget).text);
      },
    ],
    [
      'strftime_now',
      (given) => {
        const format = new Taken(given, 'strftime_now', ['format']).requiredText('format').text;
        return new Text(strftime(new Date(), format));
      },
    ],
  ];
  return new Map(functions.map(([name, call]) => [name, new Callable(name, call)]));
}

function raise(error: Error): never {
  throw error;
}

function range({ positional, named }: Given): Range {
  if (named.size) throw typeError('range() takes no keyword arguments');
  const numbers = positional.map((value) => {
    if (!isIntegral(value)) throw typeError('range() takes integers');
    return BigInt(value);
  });
  const [first, second, step = 1n] = numbers;
  if (first === undefined || numbers.length > 3) throw typeError('range() takes from 1 to 3 arguments');
  if (step === 0n) throw valueError('range() arg 3 must not be zero');
  const made = second === undefined ? new Range(0n, first, 1n) : new Range(first, second, step);
  if (made.length > MAX_RANGE) {
    const message = `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`;
    throw new TemplateError('OverflowError', message);
  }
  return made;
}

/** What `dict` and `namespace` are called with. */
function entriesOf({ positional, named }: Given, budget: Budget): [Value, Value][] {
  const [from] = positional;
  const entries: [Value, Value][] = [];
  if (from instanceof Dict) for (const [key, value] of from.entries) entries.push([key, value]);
  else if (from !== undefined) {
    for (const pair of listOf(from, budget)) {
      const [key, value, ...more] = listOf(pair, budget);
      if (key === undefined || value === undefined || more.length) {
        throw valueError('a dict is made of pairs');
      }
      entries.push([key, value]);
    }
  }
  for (const [name, value] of named) entries.push([new Text(name), value]);
  return entries;
}

function namespace(given: Given, budget: Budget): Namespace {
  const made = new Namespace();
  for (const [key, value] of entriesOf(given, budget)) made.fields.set(toText(key, budget).text, value);
  return made;
}

function cycler({ positional }: Given): Value {
  const { length } = positional;
  if (length === 0) throw new TemplateError('RuntimeError', 'at least one item has to be provided');
  let at = 0;
  const current = () => positional[at] as Value;
  const next = new Callable('next', () => {
    const value = current();
    at = (at + 1) % length;
    return value;
  });
  const reset = new Callable('reset', () => {
    at = 0;
    return null;
  });
  return new Callable(
    'cycler',
    () => raise(typeError("'Cycler' object is not callable")),
    (name) => (name === 'current' ? current() : name === 'next' ? next : name === 'reset' ? reset : undefined),
  );
}

function joiner(given: Given, budget: Budget): Value {
  const separator = new Taken(given, 'joiner', ['sep']).value('sep') ?? new Text(', ');
  let used = false;
  return new Callable('joiner', () => {
    if (used) return isTrue(separator) ? separator : toText(separator, budget);
    used = true;
    return new Text('');
  });
}
