// What can be asked with `is`.

import type { Budget } from './budget';
import { compare, isEqual } from './compare';
import { TemplateError, typeError, unsupported } from './errors';
import { binary, isIntegral } from './operators';
import { toText } from './print';
import { Text } from './text';
import { Callable, Dict, List, Range, Tuple, Undefined, type Value, canIterate } from './values';

type Test = (value: Value, args: readonly Value[], budget: Budget) => boolean;

const one = (args: readonly Value[]): Value => {
  const [first] = args;
  if (first === undefined || args.length > 1) throw typeError('a test needs one argument');
  return first;
};
const comparing =
  (operator: Parameters<typeof compare>[0]): Test =>
  (value, args, budget) =>
    compare(operator, value, one(args), budget);
const dividing =
  (divisor: bigint, rest: bigint): Test =>
  (value, _, budget) =>
    isEqual(binary('%', value, divisor, budget), rest, budget);
const caseOf =
  (kind: 'lower' | 'upper'): Test =>
  (value, _, budget) => {
    const { text } = toText(value, budget);
    return kind === 'lower'
      ? /\p{Lowercase}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text)
      : /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
  };

const TESTS = new Map<string, Test>([
  ['defined', (value) => !(value instanceof Undefined)],
  ['undefined', (value) => value instanceof Undefined],
  ['none', (value) => value === null],
  ['boolean', (value) => typeof value === 'boolean'],
  ['true', (value) => value === true],
  ['false', (value) => value === false],
  ['integer', (value) => typeof value === 'bigint'],
  ['float', (value) => typeof value === 'number'],
  ['number', (value) => isIntegral(value) || typeof value === 'number'],
  ['string', (value) => value instanceof Text],
  ['mapping', (value) => value instanceof Dict],
  ['iterable', canIterate],
  [
    'sequence',
    (value) =>
      value instanceof Text ||
      value instanceof List ||
      value instanceof Tuple ||
      value instanceof Dict ||
      value instanceof Range ||
      // its class has the methods, though they raise
      value instanceof Undefined,
  ],
  ['callable', (value) => value instanceof Callable],
  ['sameas', (value, args) => value === one(args) || (value instanceof Text && same(value, one(args)))],
  ['escaped', (value) => value instanceof Text && value.markup],
  ['lower', caseOf('lower')],
  ['upper', caseOf('upper')],
  ['odd', dividing(2n, 1n)],
  ['even', dividing(2n, 0n)],
  ['divisibleby', (value, args, budget) => isEqual(binary('%', value, one(args), budget), 0n, budget)],
  ['in', comparing('in')],
  ...(['==', 'eq', 'equalto'] as const).map((name) => [name, comparing('==')] as const),
  ...(['!=', 'ne'] as const).map((name) => [name, comparing('!=')] as const),
  ...(['<', 'lt', 'lessthan'] as const).map((name) => [name, comparing('<')] as const),
  ...(['<=', 'le'] as const).map((name) => [name, comparing('<=')] as const),
  ...(['>', 'gt', 'greaterthan'] as const).map((name) => [name, comparing('>')] as const),
  ...(['>=', 'ge'] as const).map((name) => [name, comparing('>=')] as const),
  [
    'filter',
    () => {
      throw unsupported('the test “filter”');
    },
  ],
  [
    'test',
    () => {
      throw unsupported('the test “test”');
    },
  ],
]);

export function runTest(name: string, value: Value, args: readonly Value[], budget: Budget): boolean {
  budget.spend();
  const test = TESTS.get(name);
  if (!test) throw new TemplateError('TemplateRuntimeError', `No test named '${name}' found.`);
  return test(value, args, budget);
}

/** Whether two strings are one object cannot be told here; equal ones mostly are. */
function same(value: Text, other: Value): boolean {
  if (!(other instanceof Text) || other.text !== value.text) return false;
  if (value.text.length <= 1) return true;
  throw unsupported('“is sameas” of two strings');
}
