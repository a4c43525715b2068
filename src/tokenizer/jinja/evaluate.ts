// Expressions to values.

import { attribute, callable, subscript } from './attributes';
import type { Budget } from './budget';
import { compare } from './compare';
import { typeError, unsupported } from './errors';
import type { Arguments, BinaryOperator, Expression, Filter } from './nodes';
import { binary, negate, positive, slice } from './operators';
import { formatPercent } from './percent';
import { toText } from './print';
import { runFilter } from './run-filter';
import type { Scope } from './scope';
import { runTest } from './tests';
import { Text } from './text';
import { Dict, type Given, List, Tuple, Undefined, type Value, isTrue, listOf } from './values';

export function evaluate(node: Expression, scope: Scope, budget: Budget): Value {
  budget.spend();
  const of = (part: Expression) => evaluate(part, scope, budget);
  switch (node.kind) {
    case 'constant':
      return typeof node.value === 'string' ? new Text(node.value) : node.value;
    case 'name': {
      const found = scope.get(node.name);
      if (found === undefined && node.name === 'self') throw unsupported('“self”');
      return found === undefined ? new Undefined(`'${node.name}' is undefined`) : found;
    }
    case 'list':
      return new List(node.items.map(of));
    case 'tuple':
      return new Tuple(node.items.map(of));
    case 'dict':
      return new Dict(node.items.map(([key, value]) => [of(key), of(value)] as const));
    case 'unary': {
      const value = of(node.operand);
      if (node.operator === 'not') return !isTrue(value);
      return node.operator === '-' ? negate(value) : positive(value);
    }
    case 'binary':
      return operate(node.operator, of(node.left), of(node.right), budget);
    case 'logical': {
      const left = of(node.left);
      return isTrue(left) === (node.operator === 'and') ? of(node.right) : left;
    }
    case 'concat': {
      const parts = node.parts.map((part) => toText(of(part), budget).asMarkup(false));
      budget.make(parts.reduce((sum, { text, runs }) => sum + text.length + runs.length, 0));
      return Text.join(parts);
    }
    case 'compare': {
      let left = of(node.first);
      for (const { operator, operand } of node.rest) {
        const right = of(operand);
        if (!compare(operator, left, right, budget)) return false;
        left = right;
      }
      return true;
    }
    case 'condition':
      if (isTrue(of(node.test))) return of(node.whenTrue);
      if (node.otherwise) return of(node.otherwise);
      return new Undefined('the inline if-expression evaluated to false and no else section was defined.');
    case 'attribute':
      return attribute(of(node.object), node.name, budget);
    case 'item':
      return subscript(of(node.object), of(node.key), budget);
    case 'slice':
      return slice(
        of(node.object),
        node.bounds.map((bound) => (bound ? of(bound) : null)),
        budget,
      );
    case 'call': {
      const callee = callable(of(node.callee));
      const given = evaluateArguments(node.args, scope, budget);
      return budget.nested(() => callee.call(given));
    }
    case 'filter':
      return applyFilter(node, of(node.operand), scope, budget);
    case 'test':
      return runTest(node.name, of(node.operand), evaluateArguments(node.args, scope, budget).positional, budget);
  }
}

function operate(operator: BinaryOperator, left: Value, right: Value, budget: Budget): Value {
  if (operator === '%' && left instanceof Text) return formatPercent(left, right, budget);
  return binary(operator, left, right, budget);
}

export function applyFilter({ name, args }: Filter, value: Value, scope: Scope, budget: Budget): Value {
  return runFilter(name, value, evaluateArguments(args, scope, budget), budget);
}

export function evaluateArguments(args: Arguments, scope: Scope, budget: Budget): Given {
  const positional = args.positional.map((each) => evaluate(each, scope, budget));
  const named = new Map(args.named.map(([name, value]) => [name, evaluate(value, scope, budget)]));
  if (args.spread) for (const each of listOf(evaluate(args.spread, scope, budget), budget)) positional.push(each);
  if (args.namedSpread) {
    const more = evaluate(args.namedSpread, scope, budget);
    if (!(more instanceof Dict)) throw typeError('argument after ** must be a mapping');
    for (const [key, value] of more.entries) {
      if (!(key instanceof Text)) throw typeError('keywords must be strings');
      if (named.has(key.text)) throw typeError(`got multiple values for keyword argument '${key.text}'`);
      named.set(key.text, value);
    }
  }
  return { positional, named };
}
