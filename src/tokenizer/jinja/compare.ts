// Python's comparisons: equal by value, ordered only among their like.

import type { Budget } from './budget';
import { typeError } from './errors';
import type { ComparisonOperator } from './nodes';
import { Text } from './text';
import { Dict, List, Range, Tuple, Undefined, type Value, View, hashOf, iterate, typeName } from './values';

export function isEqual(left: Value, right: Value, budget: Budget): boolean {
  budget.spend();
  if (left instanceof Text || right instanceof Text) {
    if (!(left instanceof Text && right instanceof Text)) return false;
    budget.spend(left.text.length >> 6);
    return left.text === right.text;
  }
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== undefined || b !== undefined) return a !== undefined && b !== undefined && sameNumber(a, b);
  if (left instanceof Undefined) return right instanceof Undefined;
  if ((left instanceof List && right instanceof List) || (left instanceof Tuple && right instanceof Tuple)) {
    const others = right.items;
    if (left.items.length !== others.length) return false;
    return budget.nested(() => left.items.every((item, i) => isEqual(item, others[i] ?? null, budget)));
  }
  if (left instanceof Dict && right instanceof Dict) {
    if (left.size !== right.size) return false;
    return budget.nested(() =>
      left.entries.every(([key, value]) => {
        const other = right.get(key);
        return other !== undefined && isEqual(value, other, budget);
      }),
    );
  }
  if (left instanceof Range && right instanceof Range) {
    if (left.length !== right.length) return false;
    return left.length === 0 || (left.start === right.start && (left.length === 1 || left.step === right.step));
  }
  if (left instanceof View && right instanceof View && left.kind === right.kind && left.kind !== 'dict_values') {
    const keys = new Set(left.items.map((item) => hashOf(item)));
    return left.items.length === right.items.length && right.items.every((item) => keys.has(hashOf(item)));
  }
  return left === right;
}

/** Negative, zero or positive; undefined where a float is no number. */
export function order(left: Value, right: Value, operator: string, budget: Budget): number | undefined {
  budget.spend();
  for (const side of [left, right]) if (side instanceof Undefined) side.raise();
  if (left instanceof Text && right instanceof Text) {
    budget.spend(left.text.length >> 6);
    return orderText(left.text, right.text);
  }
  const [a, b] = [numberOf(left), numberOf(right)];
  // JavaScript orders ints and floats exactly among each other
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : sameNumber(a, b) ? 0 : undefined;
  if ((left instanceof List && right instanceof List) || (left instanceof Tuple && right instanceof Tuple)) {
    return budget.nested(() => {
      for (const [i, item] of left.items.entries()) {
        const other = right.items[i];
        if (other === undefined) return 1;
        if (!isEqual(item, other, budget)) return order(item, other, operator, budget);
      }
      return left.items.length - right.items.length;
    });
  }
  throw typeError(`'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`);
}

export function compare(operator: ComparisonOperator, left: Value, right: Value, budget: Budget): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right, budget);
    case '!=':
      return !isEqual(left, right, budget);
    case 'in':
      return contains(right, left, budget);
    case 'not in':
      return !contains(right, left, budget);
  }
  const found = order(left, right, operator, budget);
  if (found === undefined) return false;
  if (operator === '<') return found < 0;
  if (operator === '<=') return found <= 0;
  return operator === '>' ? found > 0 : found >= 0;
}

function contains(container: Value, value: Value, budget: Budget): boolean {
  if (container instanceof Text) {
    if (!(value instanceof Text)) {
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(value)}`);
    }
    budget.spend(container.text.length >> 6);
    return container.text.includes(value.text);
  }
  if (container instanceof Dict) return container.get(value) !== undefined;
  if (container === null || ['boolean', 'bigint', 'number'].includes(typeof container)) {
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const item of iterate(container, budget)) if (isEqual(item, value, budget)) return true;
  return false;
}

/** By code points, where JavaScript goes by its own units. */
function orderText(left: string, right: string): number {
  let at = 0;
  while (at < left.length && at < right.length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  if (at > 0 && (left.charCodeAt(at) & 0xfc00) === 0xdc00 && (right.charCodeAt(at) & 0xfc00) === 0xdc00) at--;
  return (left.codePointAt(at) ?? -1) - (right.codePointAt(at) ?? -1);
}

function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'boolean') return BigInt(value);
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined;
}

function sameNumber(a: bigint | number, b: bigint | number): boolean {
  // oxlint-disable-next-line eqeqeq -- an int and a float are compared by value
  return a == b;
}
