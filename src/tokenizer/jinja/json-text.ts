// `tojson` as transformers has it: Python's `json.dumps`, which leaves HTML and other scripts as they are.

import type { Budget } from './budget';
import { typeError, valueError } from './errors';
import { compare } from './compare';
import { floatText, intText } from './print';
import { Text } from './text';
import { Dict, List, Tuple, type Value, typeName } from './values';

export interface JsonOptions {
  readonly ascii: boolean;
  /** What one level is indented by; undefined writes one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: Text;
  readonly keySeparator: Text;
  readonly sorted: boolean;
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const ESCAPED = new RegExp(String.raw`["\\\0-\x1f]`, 'g');

export function toJson(value: Value, options: JsonOptions, budget: Budget): Text {
  const parts: Text[] = [];
  let length = 0;
  const add = (part: Text) => {
    length += part.text.length + part.runs.length;
    budget.make(length > 4096 ? length : part.text.length);
    parts.push(part);
  };
  const put = (text: string) => add(new Text(text));
  const line = (depth: number) => {
    if (options.indent !== undefined) put(`\n${options.indent.repeat(depth)}`);
  };
  const all = <T>(items: readonly T[], [open, close]: string, depth: number, write: (item: T) => void) => {
    if (!items.length) return put(`${open}${close}`);
    put(`${open}`);
    for (const [i, each] of items.entries()) {
      if (i) add(options.itemSeparator);
      line(depth + 1);
      write(each);
    }
    line(depth);
    put(`${close}`);
  };
  const write = (each: Value, depth: number): void => {
    const text = plain(each, options);
    if (text) return add(text);
    budget.nested(() => {
      if (each instanceof List || each instanceof Tuple) {
        all(each.items, '[]', depth, (item) => write(item, depth + 1));
      } else if (each instanceof Dict) {
        const entries = options.sorted
          ? each.entries.toSorted(([a], [b]) => (compare('<', a, b, budget) ? -1 : compare('<', b, a, budget) ? 1 : 0))
          : each.entries;
        all(entries, '{}', depth, ([key, item]) => {
          add(keyText(key, options));
          add(options.keySeparator);
          write(item, depth + 1);
        });
      } else {
        throw typeError(`Object of type ${typeName(each)} is not JSON serializable`);
      }
    });
  };
  if (options.indent !== undefined) budget.make(options.indent.length);
  write(value, 0);
  return Text.join(parts);
}

/** A value without parts; undefined for others. */
function plain(value: Value, { ascii }: JsonOptions): Text | undefined {
  if (value === null) return new Text('null');
  if (typeof value === 'boolean') return new Text(String(value));
  if (typeof value === 'bigint') return new Text(intText(value));
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return new Text('NaN');
    return new Text(Number.isFinite(value) ? floatText(value) : value > 0 ? 'Infinity' : '-Infinity');
  }
  return value instanceof Text ? quoted(value, ascii) : undefined;
}

function keyText(key: Value, options: JsonOptions): Text {
  if (key instanceof Text) return quoted(key, options.ascii);
  const text = plain(key, options);
  if (!text) throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
  return Text.join([new Text('"'), text, new Text('"')]);
}

function quoted(text: Text, ascii: boolean): Text {
  const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const inside = text.map((part) => {
    const escaped = part.replace(ESCAPED, (character) => NAMED[character] ?? hex(character));
    return ascii ? escaped.replace(/[\u0080-\uffff]/g, hex) : escaped;
  });
  return Text.join([new Text('"'), inside.asMarkup(false), new Text('"')]);
}

/** `indent` as Python takes it: a number of spaces, or a string. */
export function indentOf(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Text) return value.text;
  const width = typeof value === 'boolean' ? BigInt(value) : value;
  if (typeof width !== 'bigint') throw typeError(`can't multiply sequence by non-int of type '${typeName(value)}'`);
  if (width > 1000n) throw valueError('an indent of more than 1,000 spaces');
  return ' '.repeat(Math.max(0, Number(width)));
}
