// Values as text: Python's `str` and `repr`.

import type { Budget } from './budget';
import { TemplateError, unsupported } from './errors';
import { Text } from './text';
import { Dict, List, Namespace, Range, Stream, Tuple, Undefined, type Value, View } from './values';

export function toText(value: Value, budget: Budget): Text {
  if (value instanceof Text) return value;
  if (value instanceof Undefined) return new Text('');
  return repr(value, budget);
}

export function repr(value: Value, budget: Budget): Text {
  budget.spend();
  if (value === null) return new Text('None');
  if (typeof value === 'boolean') return new Text(value ? 'True' : 'False');
  if (typeof value === 'bigint') return new Text(intText(value));
  if (typeof value === 'number') return new Text(floatText(value));
  if (value instanceof Text)
    return value.markup ? around('Markup(', [quote(value, budget)], ')', budget) : quote(value, budget);
  return budget.nested(() => {
    const inside = (items: readonly Value[]) => items.map((item) => repr(item, budget));
    if (value instanceof List) return around('[', inside(value.items), ']', budget);
    if (value instanceof Tuple) return around('(', inside(value.items), value.items.length === 1 ? ',)' : ')', budget);
    if (value instanceof Dict) {
      const colon = new Text(': ');
      const entries = value.entries.map(([key, each]) => Text.join([repr(key, budget), colon, repr(each, budget)]));
      return around('{', entries, '}', budget);
    }
    if (value instanceof View) return around(`${value.kind}([`, inside(value.items), '])', budget);
    if (value instanceof Range) {
      const { start, step, length } = value;
      const stop = start + step * BigInt(length);
      // another stop may have been written, which cannot be told from this one
      if (step !== 1n) throw unsupported('the printed form of a range with a step');
      return new Text(`range(${start}, ${stop})`);
    }
    if (value instanceof Undefined) return new Text('Undefined');
    if (value instanceof Namespace) throw unsupported('the printed form of a namespace');
    if (value instanceof Stream) throw unsupported('the printed form of a generator');
    throw unsupported(`the printed form of ${value.name}`);
  });
}

function around(before: string, parts: readonly Text[], after: string, budget: Budget): Text {
  budget.make(parts.reduce((sum, { text }) => sum + text.length + 2, 0));
  return Text.join([new Text(before), Text.join(parts, new Text(', ')), new Text(after)]);
}

/** Python's `str(int)`, with its own bound on digits. */
export function intText(value: bigint): string {
  if (value > 10n ** 4300n || value < -(10n ** 4300n)) {
    throw new TemplateError('ValueError', 'Exceeds the limit (4300 digits) for integer string conversion');
  }
  return String(value);
}

/** The shortest digits that say a float, in Python's form. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  if (value === 0) return '0.0';
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
/** What Python does not print as it is: others, separators, and what is unassigned. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Python's `repr` of a string: single quotes unless there are only single ones inside. */
function quote(value: Text, budget: Budget): Text {
  budget.make(value.text.length);
  const mark = value.text.includes("'") && !value.text.includes('"') ? '"' : "'";
  const escaped = value.map((part) =>
    part.replace(mark === "'" ? /[\\']/g : /\\/g, '\\$&').replace(UNPRINTABLE, (character) => {
      const named = NAMED[character];
      if (named !== undefined) return named;
      const code = character.codePointAt(0) ?? 0;
      const hex = code.toString(16);
      if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
      return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
    }),
  );
  return Text.join([new Text(mark), escaped.asMarkup(false), new Text(mark)]);
}
