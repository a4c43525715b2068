// Jinja's filters on lists: choosing, ordering, grouping.

import type { Budget } from './budget';
import { isEqual, order } from './compare';
import { TemplateError, typeError, valueError } from './errors';
import { type FilterEntry, follow } from './filters';
import type { Taken } from './given';
import { binary } from './operators';
import { Text } from './text';
import { Dict, List, Stream, Tuple, Undefined, type Value, hashOf, isTrue, iterate, listOf } from './values';

/** Strings that differ in case only are one unless the case counts. */
function keyOf(item: Value, path: Value | undefined, caseCounts: boolean, budget: Budget): Value {
  const key = path === undefined || path === null ? item : follow(item, path, budget);
  return key instanceof Text && !caseCounts ? key.map((part) => part.toLowerCase()) : key;
}

function sorted<T>(items: readonly T[], keys: readonly Value[], descending: boolean, budget: Budget): T[] {
  const places = items
    .map((_, i) => i)
    .toSorted((a, b) => {
      const found = order(keys[a] ?? null, keys[b] ?? null, '<', budget) ?? 0;
      return descending ? -found : found;
    });
  return places.map((i) => items[i]).filter((item) => item !== undefined);
}

function sort(value: Value, taken: Taken, budget: Budget): Value {
  const caseCounts = isTrue(taken.value('case_sensitive') ?? false);
  const items = listOf(value, budget);
  const path = taken.value('attribute');
  const several = path instanceof Text && path.text.includes(',') ? path.text.split(',') : undefined;
  const keys = items.map((item) =>
    several
      ? new List(several.map((one) => keyOf(item, new Text(one), caseCounts, budget)))
      : keyOf(item, path, caseCounts, budget),
  );
  return new List(sorted(items, keys, isTrue(taken.value('reverse') ?? false), budget));
}

function dictsort(value: Value, taken: Taken, budget: Budget): Value {
  if (!(value instanceof Dict)) throw typeError('dictsort needs a dict');
  const by = taken.printed('by', budget)?.text ?? 'key';
  if (by !== 'key' && by !== 'value') {
    throw new TemplateError('FilterArgumentError', 'You can only sort by either "key" or "value"');
  }
  const caseCounts = isTrue(taken.value('case_sensitive') ?? false);
  const { entries } = value;
  const keys = entries.map(([key, item]) => keyOf(by === 'key' ? key : item, undefined, caseCounts, budget));
  const found = sorted(entries, keys, isTrue(taken.value('reverse') ?? false), budget);
  return new List(found.map((entry) => new Tuple(entry)));
}

function* unique(value: Value, taken: Taken, budget: Budget): Generator<Value, undefined> {
  const caseCounts = isTrue(taken.value('case_sensitive') ?? false);
  const seen = new Set<string>();
  for (const item of iterate(value, budget)) {
    const key = hashOf(keyOf(item, taken.value('attribute'), caseCounts, budget));
    if (seen.has(key)) continue;
    seen.add(key);
    yield item;
  }
}

function* batch(value: Value, taken: Taken, budget: Budget): Generator<Value, undefined> {
  const size = taken.integer('linecount', 0);
  const fill = taken.value('fill_with');
  let row: Value[] = [];
  for (const item of iterate(value, budget)) {
    if (row.length === size) {
      yield new List(row);
      row = [];
    }
    row.push(item);
  }
  if (!row.length) return;
  if (fill !== undefined && fill !== null) {
    budget.make(Math.max(0, size));
    while (row.length < size) row.push(fill);
  }
  yield new List(row);
}

function* slices(value: Value, taken: Taken, budget: Budget): Generator<Value, undefined> {
  const items = listOf(value, budget);
  const count = taken.integer('slices', 0);
  if (count <= 0) throw valueError('slice needs a positive number of slices');
  const fill = taken.value('fill_with');
  const [each, extra] = [Math.floor(items.length / count), items.length % count];
  let from = 0;
  for (let i = 0; i < count; i++) {
    budget.spend();
    const to = from + each + (i < extra ? 1 : 0);
    const row = items.slice(from, to);
    if (fill !== undefined && fill !== null && i >= extra) row.push(fill);
    yield new List(row);
    from = to;
  }
}

function groupby(value: Value, taken: Taken, budget: Budget): Value {
  const path = taken.required('attribute');
  const preset = taken.value('default');
  const caseCounts = isTrue(taken.value('case_sensitive') ?? false);
  const items = listOf(value, budget);
  const own = items.map((item) => follow(item, path, budget, preset));
  const keys = own.map((key) => (caseCounts ? key : keyOf(key, undefined, false, budget)));
  const groups: { key: Value; shown: Value; items: Value[] }[] = [];
  for (const i of sorted(
    items.map((_, at) => ({ at })),
    keys,
    false,
    budget,
  ).map(({ at }) => at)) {
    const [item, key, shown] = [items[i], keys[i], own[i]];
    const last = groups.at(-1);
    if (item === undefined || key === undefined || shown === undefined) continue;
    if (last && isEqual(last.key, key, budget)) last.items.push(item);
    else groups.push({ key, shown, items: [item] });
  }
  return new List(groups.map(({ shown, items: members }) => new Tuple([shown, new List(members)])));
}

function sum(value: Value, taken: Taken, budget: Budget): Value {
  const path = taken.value('attribute');
  let total: Value = taken.valueOr('start', 0n);
  if (total instanceof Text) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  for (const item of iterate(value, budget)) {
    total = binary('+', total, path === undefined || path === null ? item : follow(item, path, budget), budget);
  }
  return total;
}

function extreme(wanted: -1 | 1) {
  return (value: Value, taken: Taken, budget: Budget): Value => {
    const caseCounts = isTrue(taken.value('case_sensitive') ?? false);
    const path = taken.value('attribute');
    let best: { item: Value; key: Value } | undefined;
    for (const item of iterate(value, budget)) {
      const key = keyOf(item, path, caseCounts, budget);
      if (!best || Math.sign(order(key, best.key, wanted < 0 ? '<' : '>', budget) ?? 0) === wanted)
        best = { item, key };
    }
    return best ? best.item : new Undefined('No aggregated item, sequence was empty.');
  };
}

export const LIST_FILTERS: readonly FilterEntry[] = [
  ['batch', ['linecount', 'fill_with'], (value, taken, budget) => new Stream(batch(value, taken, budget))],
  ['dictsort', ['case_sensitive', 'by', 'reverse'], dictsort],
  ['groupby', ['attribute', 'default', 'case_sensitive'], groupby],
  ['max', ['case_sensitive', 'attribute'], extreme(1)],
  ['min', ['case_sensitive', 'attribute'], extreme(-1)],
  ['slice', ['slices', 'fill_with'], (value, taken, budget) => new Stream(slices(value, taken, budget))],
  ['sort', ['reverse', 'case_sensitive', 'attribute'], sort],
  ['sum', ['attribute', 'start'], sum],
  ['unique', ['case_sensitive', 'attribute'], (value, taken, budget) => new Stream(unique(value, taken, budget))],
];
