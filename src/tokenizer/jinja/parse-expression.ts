// Expressions, by Jinja's own precedence: condition, or, and, not, comparison, + -, ~, * / // %, **, sign, then what follows
// a value (subscripts, calls, filters, tests).

import type { Arguments, BinaryOperator, Comparison, ComparisonOperator, Expression, Filter } from './nodes';
import type { Tokens } from './tokens';

const CONSTANTS: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const NO_ARGUMENTS: Arguments = { positional: [], named: [] };

/** `a, b` is a tuple. @param ends names that end it */
export function parseTuple(
  tokens: Tokens,
  options: { conditions?: boolean; ends?: readonly string[] } = {},
): Expression {
  const { conditions = true, ends = [] } = options;
  const isEnd = () =>
    tokens.is('print-end') ||
    tokens.is('block-end') ||
    tokens.is('operator', ')') ||
    (ends.length > 0 && tokens.is('name', ...ends));
  const items: Expression[] = [];
  let isTuple = false;
  while (!isEnd()) {
    items.push(conditions ? parseExpression(tokens) : parseOr(tokens));
    if (!tokens.skip('operator', ',')) break;
    isTuple = true;
  }
  const [first] = items;
  if (isTuple) return { kind: 'tuple', items };
  if (!first) throw tokens.unexpected('an expression');
  return first;
}

export function parseExpression(tokens: Tokens): Expression {
  return tokens.nested(() => {
    let expression = parseOr(tokens);
    while (tokens.skip('name', 'if')) {
      const test = parseOr(tokens);
      const whenTrue = expression;
      if (tokens.skip('name', 'else'))
        expression = { kind: 'condition', test, whenTrue, otherwise: parseExpression(tokens) };
      else expression = { kind: 'condition', test, whenTrue };
    }
    return expression;
  });
}

function parseOr(tokens: Tokens): Expression {
  let left = parseAnd(tokens);
  while (tokens.skip('name', 'or')) left = { kind: 'logical', operator: 'or', left, right: parseAnd(tokens) };
  return left;
}

function parseAnd(tokens: Tokens): Expression {
  let left = parseNot(tokens);
  while (tokens.skip('name', 'and')) left = { kind: 'logical', operator: 'and', left, right: parseNot(tokens) };
  return left;
}

function parseNot(tokens: Tokens): Expression {
  if (!tokens.skip('name', 'not')) return parseCompare(tokens);
  return { kind: 'unary', operator: 'not', operand: tokens.nested(() => parseNot(tokens)) };
}

function parseCompare(tokens: Tokens): Expression {
  const first = parseSum(tokens);
  const rest: Comparison[] = [];
  for (;;) {
    let operator: ComparisonOperator;
    if (tokens.is('operator', ...COMPARISONS)) operator = tokens.next().value as ComparisonOperator;
    else if (tokens.skip('name', 'in')) operator = 'in';
    else if (tokens.is('name', 'not') && tokens.following.type === 'name' && tokens.following.value === 'in') {
      tokens.next();
      tokens.next();
      operator = 'not in';
    } else break;
    rest.push({ operator, operand: parseSum(tokens) });
  }
  return rest.length ? { kind: 'compare', first, rest } : first;
}

function binary(operators: readonly BinaryOperator[], parseOperand: (tokens: Tokens) => Expression) {
  return (tokens: Tokens): Expression => {
    let left = parseOperand(tokens);
    while (tokens.is('operator', ...operators)) {
      const operator = tokens.next().value as BinaryOperator;
      left = { kind: 'binary', operator, left, right: parseOperand(tokens) };
    }
    return left;
  };
}

const parsePower = binary(['**'], (tokens) => parseUnary(tokens, true));
const parseProduct = binary(['*', '/', '//', '%'], parsePower);
const parseSum = binary(['+', '-'], parseConcat);

function parseConcat(tokens: Tokens): Expression {
  const parts = [parseProduct(tokens)];
  while (tokens.skip('operator', '~')) parts.push(parseProduct(tokens));
  const [only] = parts;
  return only && parts.length === 1 ? only : { kind: 'concat', parts };
}

function parseUnary(tokens: Tokens, withFilter: boolean): Expression {
  let expression: Expression;
  if (tokens.is('operator', '-', '+')) {
    const operator = tokens.next().value as '-' | '+';
    expression = { kind: 'unary', operator, operand: tokens.nested(() => parseUnary(tokens, false)) };
  } else expression = parsePrimary(tokens);
  expression = parsePostfix(tokens, expression);
  return withFilter ? parseFilters(tokens, expression) : expression;
}

function parsePrimary(tokens: Tokens): Expression {
  const { type, value } = tokens.current;
  switch (type) {
    case 'name': {
      tokens.next();
      const constant = Object.hasOwn(CONSTANTS, value) ? CONSTANTS[value] : undefined;
      return constant === undefined ? { kind: 'name', name: value } : { kind: 'constant', value: constant };
    }
    case 'string': {
      let text = '';
      while (tokens.is('string')) text += tokens.next().value;
      return { kind: 'constant', value: text };
    }
    case 'int':
      tokens.next();
      return { kind: 'constant', value: BigInt(value.replaceAll('_', '')) };
    case 'float':
      tokens.next();
      return { kind: 'constant', value: Number(value.replaceAll('_', '')) };
    case 'operator':
      if (value === '(') {
        tokens.next();
        if (tokens.skip('operator', ')')) return { kind: 'tuple', items: [] };
        const inside = parseTuple(tokens);
        tokens.expect('operator', ')');
        return inside;
      }
      if (value === '[') {
        tokens.next();
        return { kind: 'list', items: parseItems(tokens, ']', parseExpression) };
      }
      if (value === '{') {
        tokens.next();
        const items = parseItems(tokens, '}', () => {
          const key = parseExpression(tokens);
          tokens.expect('operator', ':');
          return [key, parseExpression(tokens)] as const;
        });
        return { kind: 'dict', items };
      }
      throw tokens.unexpected('an expression');
    default:
      throw tokens.unexpected('an expression');
  }
}

function parseItems<T>(tokens: Tokens, end: string, parse: (tokens: Tokens) => T): T[] {
  const items: T[] = [];
  while (!tokens.skip('operator', end)) {
    if (items.length) {
      tokens.expect('operator', ',');
      if (tokens.skip('operator', end)) break;
    }
    items.push(parse(tokens));
  }
  return items;
}

function parsePostfix(tokens: Tokens, first: Expression): Expression {
  let expression = first;
  for (;;) {
    if (tokens.is('operator', '.', '[')) expression = parseSubscript(tokens, expression);
    else if (tokens.is('operator', '('))
      expression = { kind: 'call', callee: expression, args: parseArguments(tokens) };
    else return expression;
  }
}

function parseFilters(tokens: Tokens, first: Expression): Expression {
  let expression = first;
  for (;;) {
    if (tokens.skip('operator', '|')) expression = { kind: 'filter', operand: expression, ...parseFilterName(tokens) };
    else if (tokens.is('name', 'is')) expression = parseTest(tokens, expression);
    else if (tokens.is('operator', '('))
      expression = { kind: 'call', callee: expression, args: parseArguments(tokens) };
    else return expression;
  }
}

/** A filter's name and arguments; also of a `filter` block. */
export function parseFilterName(tokens: Tokens): Filter {
  const name = parseDotted(tokens);
  return { name, args: tokens.is('operator', '(') ? parseArguments(tokens) : NO_ARGUMENTS };
}

function parseDotted(tokens: Tokens): string {
  let name = tokens.expect('name').value;
  while (tokens.skip('operator', '.')) name += `.${tokens.expect('name').value}`;
  return name;
}

function parseTest(tokens: Tokens, operand: Expression): Expression {
  tokens.expect('name', 'is');
  const negated = tokens.skip('name', 'not');
  const name = parseDotted(tokens);
  let args = NO_ARGUMENTS;
  const { type, value } = tokens.current;
  if (tokens.is('operator', '(')) args = parseArguments(tokens);
  else if (tokens.is('name', 'is')) throw tokens.error('tests cannot follow each other with “is”');
  else if (
    ['string', 'int', 'float'].includes(type) ||
    tokens.is('operator', '[', '{') ||
    (type === 'name' && !['else', 'or', 'and', 'if', 'in', 'not'].includes(value))
  ) {
    args = { positional: [parsePostfix(tokens, parsePrimary(tokens))], named: [] };
  }
  const test: Expression = { kind: 'test', operand, name, args };
  return negated ? { kind: 'unary', operator: 'not', operand: test } : test;
}

function parseSubscript(tokens: Tokens, object: Expression): Expression {
  if (tokens.skip('operator', '.')) {
    if (tokens.is('name')) return { kind: 'attribute', object, name: tokens.next().value };
    const index = tokens.expect('int').value;
    return { kind: 'item', object, key: { kind: 'constant', value: BigInt(index.replaceAll('_', '')) } };
  }
  tokens.expect('operator', '[');
  const parts = parseItems(tokens, ']', () => parseSubscripted(tokens));
  const [only] = parts;
  if (!only) throw tokens.unexpected('an expression');
  if (parts.length === 1 && only.bounds) return { kind: 'slice', object, bounds: only.bounds };
  const keys = parts.map(({ key }) => key);
  if (!keys.every((key) => key !== undefined)) throw tokens.error('a slice among several keys');
  const [key] = keys;
  return { kind: 'item', object, key: keys.length === 1 && key ? key : { kind: 'tuple', items: keys } };
}

function parseSubscripted(tokens: Tokens): { key?: Expression; bounds?: (Expression | undefined)[] } {
  const bounds: (Expression | undefined)[] = [undefined, undefined, undefined];
  for (let i = 0; i < 3; i++) {
    if (!tokens.is('operator', ':', ']', ',')) bounds[i] = parseExpression(tokens);
    if (tokens.skip('operator', ':')) continue;
    const [key] = bounds;
    return i === 0 && key ? { key } : { bounds };
  }
  return { bounds };
}

function parseArguments(tokens: Tokens): Arguments {
  tokens.expect('operator', '(');
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let spread: Expression | undefined;
  let namedSpread: Expression | undefined;
  parseItems(tokens, ')', () => {
    if (tokens.skip('operator', '*')) spread = parseExpression(tokens);
    else if (tokens.skip('operator', '**')) namedSpread = parseExpression(tokens);
    else if (tokens.is('name') && tokens.following.type === 'operator' && tokens.following.value === '=') {
      const name = tokens.next().value;
      tokens.next();
      named.push([name, parseExpression(tokens)]);
    } else if (named.length || spread || namedSpread)
      throw tokens.error('an argument without a name after one with a name');
    else positional.push(parseExpression(tokens));
  });
  return { positional, named, ...(spread && { spread }), ...(namedSpread && { namedSpread }) };
}
