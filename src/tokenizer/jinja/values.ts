// Python's values as a template meets them. An int is a bigint, a float is a number, None is null.

import type { Budget } from './budget';
import { TemplateError, typeError, undefinedError } from './errors';
import { Text } from './text';

export type Value =
  | Undefined
  | null
  | boolean
  | bigint
  | number
  | Text
  | List
  | Tuple
  | Dict
  | Range
  | View
  | Stream
  | Namespace
  | Callable;

/** What a name has that nobody gave a value; any use but printing and testing raises. */
export class Undefined {
  readonly reason: string;
  /** An attribute that the sandbox forbids. */
  readonly forbidden: boolean;

  constructor(reason: string, forbidden = false) {
    this.reason = reason;
    this.forbidden = forbidden;
  }

  raise(): never {
    if (this.forbidden) throw new TemplateError('SecurityError', this.reason);
    throw undefinedError(this.reason);
  }
}

/** The first that is there, even if it is None. */
export function firstOf<T extends Value>(...values: readonly (T | undefined)[]): T | undefined {
  return values.find((value) => value !== undefined);
}

export class List {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** A dict in the order of its keys' first setting. */
export class Dict {
  readonly #entries = new Map<string, readonly [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.#set(key, value);
  }

  static from(entries: Readonly<Record<string, Value>>): Dict {
    return new Dict(Object.entries(entries).map(([key, value]) => [new Text(key), value]));
  }

  #set(key: Value, value: Value): void {
    const hash = hashOf(key);
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashOf(key))?.[1];
  }

  get size(): number {
    return this.#entries.size;
  }

  get entries(): (readonly [key: Value, value: Value])[] {
    return [...this.#entries.values()];
  }

  get keys(): Value[] {
    return this.entries.map(([key]) => key);
  }
}

export class Range {
  readonly start: bigint;
  readonly step: bigint;
  readonly length: number;

  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.step = step;
    const distance = step > 0n ? stop - start : start - stop;
    const stride = step > 0n ? step : -step;
    this.length = distance > 0n ? Number((distance + stride - 1n) / stride) : 0;
  }

  at(index: number): bigint {
    return this.start + this.step * BigInt(index);
  }
}

/** A dict's `keys()`, `values()` or `items()`. */
export class View {
  readonly kind: 'dict_keys' | 'dict_values' | 'dict_items';
  readonly items: readonly Value[];
  constructor(kind: View['kind'], items: readonly Value[]) {
    this.kind = kind;
    this.items = items;
  }
}

/** What filters such as `map` make: it is gone through once and has no length. */
export class Stream {
  readonly values: Iterator<Value>;
  constructor(values: Iterator<Value>) {
    this.values = values;
  }
}

/** The one thing whose fields a template may set. */
export class Namespace {
  readonly fields = new Map<string, Value>();
}

export interface Given {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A function, a method, a macro, or the `loop` of a loop. */
export class Callable {
  readonly name: string;
  readonly call: (given: Given) => Value;
  readonly field: (name: string) => Value | undefined;

  constructor(
    name: string,
    call: (given: Given) => Value,
    field: (name: string) => Value | undefined = () => undefined,
  ) {
    this.name = name;
    this.call = call;
    this.field = field;
  }
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (value instanceof Text) return 'str';
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof Range) return 'range';
  if (value instanceof View) return value.kind;
  if (value instanceof Stream) return 'generator';
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Namespace) return 'Namespace';
  return 'function';
}

export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  const size = sizeOf(value);
  return size === undefined || size > 0;
}

/** How many there are; undefined for what has no length. */
export function sizeOf(value: Value): number | undefined {
  if (value instanceof Text || value instanceof Range) return value.length;
  if (value instanceof List || value instanceof Tuple || value instanceof View) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  return undefined;
}

export function lengthOf(value: Value): number {
  const size = sizeOf(value);
  if (size === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return size;
}

/** Goes through what can be gone through; each one is a step. */
export function* iterate(value: Value, budget: Budget): Generator<Value, undefined> {
  if (value instanceof Text) {
    for (let i = 0, { length } = value; i < length; i++) {
      budget.spend();
      yield value.slice(i, i + 1);
    }
  } else if (value instanceof Range) {
    for (let i = 0; i < value.length; i++) {
      budget.spend();
      yield value.at(i);
    }
  } else if (value instanceof Stream) {
    for (;;) {
      budget.spend();
      const next = value.values.next();
      if (next.done) return;
      yield next.value;
    }
  } else {
    for (const item of itemsOf(value)) {
      budget.spend();
      yield item;
    }
  }
}

function itemsOf(value: Value): readonly Value[] {
  if (value instanceof List || value instanceof Tuple || value instanceof View) return value.items;
  if (value instanceof Dict) return value.keys;
  if (value instanceof Undefined) return [];
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

export function canIterate(value: Value): boolean {
  return (
    value instanceof Text ||
    value instanceof Range ||
    value instanceof Stream ||
    value instanceof List ||
    value instanceof Tuple ||
    value instanceof View ||
    value instanceof Dict ||
    value instanceof Undefined
  );
}

export function listOf(value: Value, budget: Budget): Value[] {
  const items: Value[] = [];
  for (const item of iterate(value, budget)) items.push(item);
  return items;
}

/** Equal values have equal strings here; 1, 1.0 and True are equal. */
export function hashOf(value: Value, depth = 0): string {
  if (value instanceof Text) return `s${value.text}`;
  if (value === null) return 'n';
  if (typeof value === 'boolean') return `i${Number(value)}`;
  if (typeof value === 'bigint') return `i${value}`;
  if (typeof value === 'number') return Number.isInteger(value) ? `i${BigInt(value)}` : `f${value}`;
  if (value instanceof Tuple && depth < 50) {
    const parts = value.items.map((item) => hashOf(item, depth + 1));
    return `t${parts.map((part) => `${part.length}:${part}`).join('')}`;
  }
  if (value instanceof Undefined) return 'u';
  throw typeError(`unhashable type: '${typeName(value)}'`);
}
