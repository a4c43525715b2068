// Python's `str.format`: `{}`, `{0}`, `{name.attribute[key]r:>10}`.

import type { Budget } from './budget';
import { TemplateError, typeError, unsupported, valueError } from './errors';
import { type Spec, aligned, digits } from './number-format';
import { escape, item } from './operators';
import { repr, toText } from './print';
import { Text } from './text';
import { Dict, type Given, type Value, typeName } from './values';

/** @param attribute what `{0.name}` means */
export function formatBraces(
  template: Text,
  given: Given,
  budget: Budget,
  attribute: (value: Value, name: string, budget: Budget) => Value,
): Text {
  let next = 0;
  const format = (source: Text, depth: number): Text => {
    const parts: Text[] = [];
    const { text } = source;
    for (let at = 0; at < text.length; ) {
      budget.spend();
      const brace = text.slice(at).search(/[{}]/);
      if (brace < 0) {
        parts.push(source.cut(at));
        break;
      }
      const from = at + brace;
      if (brace > 0) parts.push(source.cut(at, from));
      if (text[from + 1] === text[from] && depth === 0) {
        parts.push(source.cut(from, from + 1));
        at = from + 2;
        continue;
      }
      if (text[from] === '}') throw valueError("Single '}' encountered in format string");
      const end = closing(text, from);
      parts.push(field(source.cut(from + 1, end), depth));
      at = end + 1;
    }
    budget.make(parts.reduce((sum, part) => sum + part.text.length, 0));
    return Text.join(parts);
  };
  const field = (inside: Text, depth: number): Text => {
    if (depth > 1) throw valueError('Max string recursion exceeded');
    const [, path = '', conversion, colon] =
      /^([^!:[]*(?:\[[^\]]*\][^!:[]*)*)(?:!([^:]*))?(:)?/.exec(inside.text) ?? [];
    const specFrom = path.length + (conversion === undefined ? 0 : conversion.length + 1) + (colon ? 1 : 0);
    const value = follow(path);
    const spec = format(inside.cut(Math.min(specFrom, inside.text.length)), depth + 1).text;
    const converted = conversion === undefined ? value : convert(value, conversion);
    const result = formatValue(converted, spec, budget);
    return template.markup ? escape(result) : result;
  };
  const convert = (value: Value, conversion: string): Value => {
    if (conversion === 'r') return repr(value, budget);
    if (conversion === 's') return toText(value, budget);
    if (conversion === 'a') throw unsupported('the conversion “!a”');
    throw valueError(`Unknown conversion specifier '${conversion}'`);
  };
  const follow = (path: string): Value => {
    const [, first = '', rest = ''] = /^([^.[]*)([^]*)$/.exec(path) ?? [];
    const index = first === '' ? next++ : /^\d+$/.test(first) ? Number(first) : undefined;
    const found = index === undefined ? given.named.get(first) : given.positional[index];
    if (found === undefined) {
      if (index === undefined) throw new TemplateError('KeyError', `'${first}'`);
      throw new TemplateError('IndexError', `Replacement index ${index} out of range for positional args tuple`);
    }
    let value = found;
    for (const [, name, key] of rest.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
      if (name !== undefined) value = attribute(value, name, budget);
      else if (key !== undefined) {
        const subscript =
          /^\d+$/.test(key) && !(value instanceof Dict && value.get(new Text(key))) ? BigInt(key) : new Text(key);
        const under = item(value, subscript);
        if (under === undefined) throw new TemplateError('KeyError', `'${key}'`);
        value = under;
      }
    }
    return value;
  };
  return format(template, 0).asMarkup(template.markup);
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw valueError(
    from === text.length - 1 ? "Single '{' encountered in format string" : "expected '}' before end of string",
  );
}

/** Python's `format(value, spec)`. */
function formatValue(value: Value, source: string, budget: Budget): Text {
  if (source === '') return toText(value, budget).asMarkup(false);
  const spec = parseSpec(source);
  if (value instanceof Text) {
    if (spec.type !== '' && spec.type !== 's') {
      throw valueError(`Unknown format code '${spec.type}' for object of type 'str'`);
    }
    if (spec.align === '=') throw valueError("'=' alignment not allowed in string format specifier");
    const cut = spec.precision === undefined ? value : value.slice(0, Math.min(spec.precision, value.length));
    return aligned('', cut.asMarkup(false), spec, '<', budget);
  }
  const number = typeof value === 'boolean' ? BigInt(value) : value;
  if (typeof number !== 'bigint' && typeof number !== 'number') {
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const type = spec.type === '' && typeof number === 'bigint' ? 'd' : spec.type;
  if (type === 'c') throw unsupported('the format code “c”');
  if (type === 'n' || (typeof number === 'number' && 'bcdoxX'.includes(type) && type !== '')) {
    throw valueError(`Unknown format code '${type}' for object of type '${typeName(value)}'`);
  }
  const { sign, body } = digits(number, spec, type, budget);
  return aligned(sign, new Text(body), spec, '>', budget);
}

function parseSpec(source: string): Spec {
  const match = /^(?:([^])?([<>=^]))?([-+ ])?(#)?(0)?(\d{1,9})?([,_])?(?:\.(\d{1,9}))?([a-zA-Z%])?$/u.exec(source);
  if (!match) throw valueError(`Invalid format specifier '${source}'`);
  const [, fill, align, sign, alternate, zero, width, grouping, precision, type] = match;
  return {
    fill: fill ?? (zero && !align ? '0' : ' '),
    align: (align ?? (zero ? '=' : undefined)) as Spec['align'],
    sign: (sign ?? '-') as Spec['sign'],
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: (grouping ?? '') as Spec['grouping'],
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? '',
  };
}
