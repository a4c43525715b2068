// Statements: what they print, and the names that they set.

import type { Budget } from './budget';
import { TemplateError, typeError, valueError } from './errors';
import { applyFilter, evaluate, evaluateArguments } from './evaluate';
import { Loop } from './loop';
import type { Filter, For, Signature, Statement, Target } from './nodes';
import { toText } from './print';
import { Output, Scope } from './scope';
import { Text } from './text';
import { callable } from './attributes';
import {
  Callable,
  Dict,
  type Given,
  Namespace,
  Tuple,
  Undefined,
  type Value,
  firstOf,
  isTrue,
  iterate,
  listOf,
  sizeOf,
} from './values';

/** How a body ended: `break` and `continue` go up to their loop. */
type End = 'break' | 'continue' | undefined;

export function execute(body: readonly Statement[], scope: Scope, output: Output, budget: Budget): End {
  for (const statement of body) {
    budget.spend();
    const end = executeOne(statement, scope, output, budget);
    if (end) return end;
  }
  return undefined;
}

function executeOne(node: Statement, scope: Scope, output: Output, budget: Budget): End {
  switch (node.kind) {
    case 'text':
      output.add(new Text(node.text));
      return undefined;
    case 'print':
      output.add(toText(evaluate(node.value, scope, budget), budget));
      return undefined;
    case 'if': {
      const branch = node.branches.find(({ test }) => isTrue(evaluate(test, scope, budget)));
      return execute(branch?.body ?? node.otherwise, scope, output, budget);
    }
    case 'for':
      return executeFor(node, scope, output, budget);
    case 'set':
      assign(node.target, evaluate(node.value, scope, budget), scope, budget);
      return undefined;
    case 'set-block': {
      const inner = new Output(budget);
      const end = execute(node.body, new Scope(scope), inner, budget);
      if (!end) assign(node.target, filtered(node.filters, inner.text, scope, budget), scope, budget);
      return end;
    }
    case 'filter-block': {
      const inner = new Output(budget);
      const end = execute(node.body, new Scope(scope), inner, budget);
      if (!end) output.add(toText(filtered(node.filters, inner.text, scope, budget), budget));
      return end;
    }
    case 'macro':
      scope.set(node.name, macro(node.name, node.signature, node.body, scope, budget));
      return undefined;
    case 'call-block': {
      const callee = callable(evaluate(node.call.callee, scope, budget));
      const { positional, named } = evaluateArguments(node.call.args, scope, budget);
      const caller = macro('caller', node.signature, node.body, scope, budget);
      const result = budget.nested(() => callee.call({ positional, named: new Map([...named, ['caller', caller]]) }));
      output.add(toText(result, budget));
      return undefined;
    }
    case 'with': {
      const inner = new Scope(scope);
      for (const [target, value] of node.values) assign(target, evaluate(value, scope, budget), inner, budget);
      return execute(node.body, inner, output, budget);
    }
    case 'scope':
      return execute(node.body, new Scope(scope), output, budget);
    case 'break':
    case 'continue':
      return node.kind;
  }
}

function filtered(filters: readonly Filter[], text: Text, scope: Scope, budget: Budget): Value {
  return filters.reduce<Value>((value, filter) => applyFilter(filter, value, scope, budget), text);
}

function executeFor(node: For, scope: Scope, output: Output, budget: Budget, list?: Value, depth = 0): End {
  const values = list !== undefined ? list : evaluate(node.list, scope, budget);
  const { test } = node;
  const recurse = node.recursive
    ? (inner: Value): Value => {
        const printed = new Output(budget);
        executeFor(node, scope, printed, budget, inner, depth + 1);
        return printed.text;
      }
    : undefined;
  const items = test ? chosen(values) : iterate(values, budget);
  const loop = new Loop(items, test ? undefined : sizeOf(values), depth, budget, recurse);
  let ran = false;
  for (let item = loop.next(); item !== undefined; item = loop.next()) {
    ran = true;
    budget.spend();
    const inner = new Scope(scope);
    inner.set('loop', loop.value);
    assign(node.target, item, inner, budget);
    if (execute(node.body, inner, output, budget) === 'break') break;
  }
  return ran ? undefined : execute(node.otherwise, new Scope(scope), output, budget);

  function* chosen(from: Value): Generator<Value, undefined> {
    for (const item of iterate(from, budget)) {
      const inner = new Scope(scope);
      assign(node.target, item, inner, budget);
      if (test && isTrue(evaluate(test, inner, budget))) yield item;
    }
  }
}

function assign(target: Target, value: Value, scope: Scope, budget: Budget): void {
  switch (target.kind) {
    case 'name':
      scope.set(target.name, value);
      return;
    case 'field': {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Namespace)) {
        throw new TemplateError('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
      }
      namespace.fields.set(target.field, value);
      return;
    }
    case 'names': {
      const parts = listOf(value, budget);
      const wanted = target.targets.length;
      if (parts.length > wanted) throw valueError(`too many values to unpack (expected ${wanted})`);
      for (const [i, each] of target.targets.entries()) {
        const part = parts[i];
        if (part === undefined)
          throw valueError(`not enough values to unpack (expected ${wanted}, got ${parts.length})`);
        assign(each, part, scope, budget);
      }
    }
  }
}

function macro(
  name: string,
  { parameters }: Signature,
  body: readonly Statement[],
  scope: Scope,
  budget: Budget,
): Callable {
  const call = ({ positional, named }: Given): Value => {
    const inner = new Scope(scope);
    const rest = new Map(named);
    for (const [i, { name: parameter, preset }] of parameters.entries()) {
      if (rest.has(parameter) && positional[i] !== undefined) {
        throw typeError(`macro '${name}' got multiple values for argument '${parameter}'`);
      }
      const own = firstOf(positional[i], rest.get(parameter));
      rest.delete(parameter);
      const missing = () => new Undefined(`parameter '${parameter}' was not provided`);
      const value = own !== undefined ? own : preset ? evaluate(preset, inner, budget) : missing();
      inner.set(parameter, value);
    }
    const { varargs, kwargs, caller } = mentionsOf(body);
    if (caller || name === 'caller') {
      inner.set('caller', rest.get('caller') ?? new Undefined('No caller defined'));
      rest.delete('caller');
    }
    if (varargs) inner.set('varargs', new Tuple(positional.slice(parameters.length)));
    else if (positional.length > parameters.length) {
      throw typeError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    }
    if (kwargs) inner.set('kwargs', Dict.from(Object.fromEntries(rest)));
    else for (const key of rest.keys()) throw typeError(`macro '${name}' takes no keyword argument '${key}'`);
    const output = new Output(budget);
    execute(body, inner, output, budget);
    return output.text;
  };
  return new Callable(name, call);
}

interface Mentions {
  readonly varargs: boolean;
  readonly kwargs: boolean;
  readonly caller: boolean;
}

const known = new WeakMap<readonly Statement[], Mentions>();

/** Which of the names that a macro may have beside its parameters stand in its body. */
function mentionsOf(body: readonly Statement[]): Mentions {
  const before = known.get(body);
  if (before) return before;
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('kind' in node && node.kind === 'name' && 'name' in node) names.add(String(node.name));
    for (const part of Object.values(node)) visit(part);
  };
  visit(body);
  const found = { varargs: names.has('varargs'), kwargs: names.has('kwargs'), caller: names.has('caller') };
  known.set(body, found);
  return found;
}
