// Python's `'%s' % value`.

import type { Budget } from './budget';
import { TemplateError, typeError, unsupported, valueError } from './errors';
import { type Spec, aligned, digits } from './number-format';
import { escape, toNumber } from './operators';
import { repr, toText } from './print';
import { Text } from './text';
import { Dict, Tuple, type Value, typeName } from './values';

const DIRECTIVE = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d{1,9})?(?:\.(\*|\d{0,9}))?[hlL]?([^])?/g;

export function formatPercent(template: Text, value: Value, budget: Budget): Text {
  const queue = value instanceof Tuple ? [...value.items] : [value];
  let usesKeys = false;
  const parts: Text[] = [];
  let from = 0;
  let made = template.text.length;
  for (const { index, 0: whole, 1: key, 2: flags = '', 3: width, 4: precision, 5: type } of template.text.matchAll(
    DIRECTIVE,
  )) {
    parts.push(template.cut(from, index));
    from = index + whole.length;
    if (type === undefined) throw valueError('incomplete format');
    if (type === '%') {
      parts.push(new Text('%'));
      continue;
    }
    if (width === '*' || precision === '*') throw unsupported('“*” in a format');
    let argument: Value | undefined;
    if (key === undefined) argument = queue.shift();
    else {
      if (!(value instanceof Dict)) throw typeError('format requires a mapping');
      usesKeys = true;
      argument = value.get(new Text(key));
      if (argument === undefined) throw new TemplateError('KeyError', `'${key}'`);
    }
    if (argument === undefined) throw typeError('not enough arguments for format string');
    const spec: Spec = {
      fill: flags.includes('0') && !flags.includes('-') && !'rsac'.includes(type) ? '0' : ' ',
      align: flags.includes('-') ? '<' : flags.includes('0') && !'rsac'.includes(type) ? '=' : '>',
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
      alternate: flags.includes('#'),
      width: Number(width ?? 0),
      grouping: '',
      precision: precision === undefined ? undefined : Number(precision),
      type,
    };
    const formatted = directive(argument, spec, budget);
    made += formatted.text.length + formatted.runs.length;
    budget.make(made);
    parts.push(template.markup ? escape(formatted) : formatted);
  }
  parts.push(template.cut(from));
  if (queue.length && !usesKeys && !(value instanceof Dict)) {
    throw typeError('not all arguments converted during string formatting');
  }
  return Text.join(parts).asMarkup(template.markup);
}

function directive(value: Value, spec: Spec, budget: Budget): Text {
  const { type, precision } = spec;
  if (type === 's' || type === 'r') {
    const text = type === 'r' ? repr(value, budget) : toText(value, budget);
    return aligned(
      '',
      precision === undefined ? text : text.slice(0, Math.min(precision, text.length)),
      spec,
      '>',
      budget,
    );
  }
  if (type === 'a' || type === 'c') throw unsupported(`the format “%${type}”`);
  if (!'diuoxXeEfFgG'.includes(type)) throw valueError(`unsupported format character '${type}'`);
  const number = toNumber(value);
  if (number === undefined) throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
  if ('diu'.includes(type)) {
    if (typeof number === 'number' && !Number.isFinite(number)) throw valueError('cannot convert float to integer');
    const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
    const { sign, body } = digits(whole, spec, 'd', budget);
    return aligned(sign, new Text(body.padStart(Math.min(precision ?? 0, 1000), '0')), spec, '>', budget);
  }
  if ('oxX'.includes(type)) {
    if (typeof number !== 'bigint') throw typeError(`%${type} format: an integer is required, not float`);
    const { sign, body } = digits(number, spec, type, budget);
    return aligned(sign, new Text(body), spec, '>', budget);
  }
  const { sign, body } = digits(Number(number), spec, type, budget);
  return aligned(sign, new Text(body), spec, '>', budget);
}
