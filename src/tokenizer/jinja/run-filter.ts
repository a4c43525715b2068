// Filters by name, and those that call other filters and tests.

import type { Budget } from './budget';
import { TemplateError, unsupported } from './errors';
import { SIMPLE_FILTERS, follow, formatFilter } from './filters';
import { Taken } from './given';
import { LIST_FILTERS } from './list-filters';
import { toText } from './print';
import { runTest } from './tests';
import { type Given, Stream, type Value, isTrue, iterate } from './values';

const FILTERS = new Map([...SIMPLE_FILTERS, ...LIST_FILTERS].map((entry) => [entry[0], entry]));
const OTHER_NAMES: Readonly<Record<string, string>> = { count: 'length', d: 'default', e: 'escape' };
/** Filters that Jinja has beyond these. */
const LACKING = new Set(['filesizeformat', 'pprint', 'random', 'striptags', 'urlize', 'wordwrap', 'xmlattr']);

export function runFilter(called: string, value: Value, given: Given, budget: Budget): Value {
  budget.spend();
  const name = (Object.hasOwn(OTHER_NAMES, called) && OTHER_NAMES[called]) || called;
  switch (name) {
    case 'format':
      return formatFilter(value, given.positional, given.named, budget);
    case 'map':
      return new Stream(map(value, given, budget));
    case 'select':
    case 'reject':
      return new Stream(choose(value, given, name === 'select', false, budget));
    case 'selectattr':
    case 'rejectattr':
      return new Stream(choose(value, given, name === 'selectattr', true, budget));
  }
  const entry = FILTERS.get(name);
  if (entry) return entry[2](value, new Taken(given, name, entry[1]), budget);
  if (LACKING.has(name)) throw unsupported(`the filter “${name}”`);
  throw new TemplateError('TemplateRuntimeError', `No filter named '${name}' found.`);
}

function* map(value: Value, { positional, named }: Given, budget: Budget): Generator<Value, undefined> {
  const path = named.get('attribute');
  const [filter, ...args] = positional;
  if (!filter && path !== undefined) {
    for (const key of named.keys()) {
      if (key !== 'attribute' && key !== 'default') {
        throw new TemplateError('FilterArgumentError', `Unexpected keyword argument '${key}'`);
      }
    }
    for (const item of iterate(value, budget)) yield follow(item, path, budget, named.get('default'));
    return;
  }
  if (filter === undefined) throw new TemplateError('FilterArgumentError', 'map requires a filter argument');
  const name = toText(filter, budget).text;
  for (const item of iterate(value, budget)) yield runFilter(name, item, { positional: args, named }, budget);
}

function* choose(
  value: Value,
  { positional }: Given,
  wanted: boolean,
  byAttribute: boolean,
  budget: Budget,
): Generator<Value, undefined> {
  const [path, rest] = byAttribute ? [positional[0], positional.slice(1)] : [undefined, positional];
  if (byAttribute && path === undefined) {
    throw new TemplateError('FilterArgumentError', 'Missing parameter for attribute name');
  }
  const [test, ...args] = rest;
  const name = test === undefined ? undefined : toText(test, budget).text;
  for (const item of iterate(value, budget)) {
    const subject = path === undefined ? item : follow(item, path, budget);
    if ((name === undefined ? isTrue(subject) : runTest(name, subject, args, budget)) === wanted) yield item;
  }
}
