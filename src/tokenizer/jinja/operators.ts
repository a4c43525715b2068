// Python's arithmetic and subscripts.

import type { Budget } from './budget';
import { TemplateError, typeError, valueError } from './errors';
import type { BinaryOperator } from './nodes';
import { Text } from './text';
import { Dict, List, Range, Tuple, Undefined, type Value, typeName } from './values';

/** Bits of an int that a template may compute. */
const BITS = 1 << 16;

export function escape(value: Text): Text {
  if (value.markup) return value;
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    "'": '&#39;',
    '"': '&#34;',
  };
  return value.map((part) => part.replace(/[&<>'"]/g, (character) => names[character] ?? character)).asMarkup(true);
}

export function add(left: Text, right: Text, budget: Budget): Text {
  budget.make(left.text.length + right.text.length + left.runs.length + right.runs.length);
  const markup = left.markup || right.markup;
  return markup ? Text.join([escape(left), escape(right)]).asMarkup(true) : Text.join([left, right]);
}

export function binary(operator: BinaryOperator, left: Value, right: Value, budget: Budget): Value {
  budget.spend();
  for (const side of [left, right]) if (side instanceof Undefined) side.raise();
  if (operator === '+') {
    if (left instanceof Text && right instanceof Text) return add(left, right, budget);
    if (left instanceof List && right instanceof List) {
      budget.make(left.items.length + right.items.length);
      return new List([...left.items, ...right.items]);
    }
    if (left instanceof Tuple && right instanceof Tuple) {
      budget.make(left.items.length + right.items.length);
      return new Tuple([...left.items, ...right.items]);
    }
  }
  if (operator === '*') {
    const repeated = isIntegral(right)
      ? repeat(left, right, budget)
      : isIntegral(left)
        ? repeat(right, left, budget)
        : undefined;
    if (repeated) return repeated;
  }
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a === undefined || b === undefined) {
    if (operator === '+' && left instanceof Text) {
      throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
    }
    const name = operator === '**' ? '** or pow()' : operator;
    throw typeError(`unsupported operand type(s) for ${name}: '${typeName(left)}' and '${typeName(right)}'`);
  }
  return typeof a === 'bigint' && typeof b === 'bigint' && operator !== '/'
    ? ints(operator, a, b, budget)
    : floats(operator, Number(a), Number(b));
}

function repeat(value: Value, count: bigint | boolean, budget: Budget): Value | undefined {
  const times = Number(count) > 0 ? Number(count) : 0;
  if (value instanceof Text) {
    budget.make((value.text.length + value.runs.length) * times);
    if (value.text === '') return value;
    if (!value.runs.length) return new Text(value.text.repeat(times), [], value.markup);
    return Text.join(Array.from({ length: times }, () => value)).asMarkup(value.markup);
  }
  if (!(value instanceof List || value instanceof Tuple)) return undefined;
  budget.make(value.items.length * times);
  const items = value.items.length ? Array.from({ length: times }, () => value.items).flat() : [];
  return value instanceof List ? new List(items) : new Tuple(items);
}

function ints(operator: BinaryOperator, a: bigint, b: bigint, budget: Budget): Value {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return bounded(a, b, budget) * b;
    case '//': {
      if (b === 0n) throw new TemplateError('ZeroDivisionError', 'integer division or modulo by zero');
      return (a - modulo(a, b)) / b;
    }
    case '%':
      if (b === 0n) throw new TemplateError('ZeroDivisionError', 'integer modulo by zero');
      return modulo(a, b);
    default: {
      if (b < 0n) return floats('**', Number(a), Number(b));
      if ((a > 1n || a < -1n) && b * BigInt(bits(a)) > BITS) throw valueError('a power is too large');
      budget.spend(bits(a));
      return a ** b;
    }
  }
}

function bounded(a: bigint, b: bigint, budget: Budget): bigint {
  if (bits(a) + bits(b) > BITS) throw valueError('a product is too large');
  budget.spend(1 + ((bits(a) + bits(b)) >> 6));
  return a;
}

function bits(value: bigint): number {
  return value < 1n << 52n && value > -(1n << 52n) ? 53 : 4 * value.toString(16).length;
}

/** With the divisor's sign. */
function modulo(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function floats(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '**': {
      if (a === 0 && b < 0) throw new TemplateError('ZeroDivisionError', '0.0 cannot be raised to a negative power');
      const power = a ** b;
      if (Number.isNaN(power) && a < 0) throw valueError('a negative number cannot be raised to a fraction here');
      if (!Number.isFinite(power) && Number.isFinite(a) && Number.isFinite(b)) {
        throw new TemplateError('OverflowError', "(34, 'Numerical result out of range')");
      }
      return power;
    }
  }
  if (b === 0) {
    const words =
      operator === '/' ? 'division by zero' : operator === '%' ? 'float modulo' : 'float floor division by zero';
    throw new TemplateError('ZeroDivisionError', words);
  }
  if (operator === '/') return a / b;
  const rest = a % b;
  const remainder = rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
  return operator === '%' ? remainder : Math.round((a - remainder) / b);
}

export function negate(value: Value): Value {
  const number = toNumber(value);
  if (number === undefined) throw typeError(`bad operand type for unary -: '${typeName(value)}'`);
  return -number;
}

export function positive(value: Value): Value {
  const number = toNumber(value);
  if (number === undefined) throw typeError(`bad operand type for unary +: '${typeName(value)}'`);
  return number;
}

export function toNumber(value: Value): bigint | number | undefined {
  if (value instanceof Undefined) value.raise();
  if (typeof value === 'boolean') return BigInt(value);
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined;
}

export function isIntegral(value: Value): value is bigint | boolean {
  return typeof value === 'bigint' || typeof value === 'boolean';
}

/** Python's subscript by a key; undefined where it would raise a LookupError or a TypeError. */
export function item(object: Value, key: Value): Value | undefined {
  if (object instanceof Dict) {
    try {
      return object.get(key);
    } catch (error) {
      // a key that cannot be hashed is nowhere
      if (error instanceof TemplateError) return undefined;
      throw error;
    }
  }
  if (object instanceof Undefined) return object.raise();
  if (!isIntegral(key)) return undefined;
  const sequence = sequenceOf(object);
  if (!sequence) return undefined;
  const at = Number(key) < 0 ? Number(key) + sequence.length : Number(key);
  if (at < 0 || at >= sequence.length) return undefined;
  if (sequence instanceof Text) return sequence.slice(at, at + 1);
  return sequence instanceof Range ? sequence.at(at) : sequence[at];
}

/** Python's slices: clamped, and backwards for a negative step. Undefined where Python would raise a TypeError. */
export function slice(object: Value, bounds: readonly Value[], budget: Budget): Value {
  if (object instanceof Undefined) object.raise();
  const sequence = sequenceOf(object);
  const isBound = (bound: Value) => bound === null || isIntegral(bound);
  if (!sequence || !bounds.every(isBound)) return new Undefined(`'${typeName(object)}' object has no such slice`);
  const { length } = sequence;
  const [from, to, stride] = bounds.map((bound) => (isIntegral(bound) ? Number(bound) : undefined));
  const step = stride ?? 1;
  if (step === 0) throw valueError('slice step cannot be zero');
  const clamp = (value: number) => {
    const [least, most] = step > 0 ? [0, length] : [-1, length - 1];
    return Math.min(most, Math.max(least, value < 0 ? value + length : value));
  };
  const start = from === undefined ? (step > 0 ? 0 : length - 1) : clamp(from);
  const stop = to === undefined ? (step > 0 ? length : -1) : clamp(to);
  budget.make(length);
  if (step === 1 && sequence instanceof Text) return sequence.slice(start, Math.max(start, stop));
  const positions: number[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) positions.push(i);
  budget.spend(positions.length);
  if (sequence instanceof Text) {
    return Text.join(positions.map((i) => sequence.slice(i, i + 1))).asMarkup(sequence.markup);
  }
  if (sequence instanceof Range) return new List(positions.map((i) => sequence.at(i)));
  const picked = positions.map((i) => sequence[i] ?? null);
  return object instanceof Tuple ? new Tuple(picked) : new List(picked);
}

type Sequence = Text | Range | readonly Value[];

function sequenceOf(value: Value): Sequence | undefined {
  if (value instanceof List || value instanceof Tuple) return value.items;
  return value instanceof Text || value instanceof Range ? value : undefined;
}
