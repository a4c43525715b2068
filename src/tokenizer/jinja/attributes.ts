// `object.name`: a method or a field, as the sandbox that transformers renders in lets a template see them.

import { formatBraces } from './braces';
import type { Budget } from './budget';
import { TemplateError, unsupported, valueError } from './errors';
import { isEqual } from './compare';
import { Taken } from './given';
import { item } from './operators';
import { stringMethod } from './string-methods';
import { Text } from './text';
import { Callable, Dict, List, Namespace, Tuple, Undefined, type Value, View, firstOf, typeName } from './values';

/** Methods that would change a value: the sandbox forbids them. */
const CHANGING: Readonly<Record<string, ReadonlySet<string>>> = {
  list: new Set(['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort']),
  dict: new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']),
};
/** Attributes of numbers and of others that Python has beyond these. */
const LACKING: Readonly<Record<string, ReadonlySet<string>>> = {
  dict: new Set(['fromkeys']),
  int: new Set([
    'bit_length',
    'to_bytes',
    'from_bytes',
    'numerator',
    'denominator',
    'real',
    'imag',
    'conjugate',
    'is_integer',
  ]),
  bool: new Set(['bit_length', 'to_bytes', 'from_bytes', 'numerator', 'denominator', 'real', 'imag', 'conjugate']),
  float: new Set(['as_integer_ratio', 'hex', 'fromhex', 'real', 'imag', 'conjugate']),
  range: new Set(['start', 'stop', 'step', 'count', 'index']),
  dict_keys: new Set(['mapping', 'isdisjoint']),
  dict_items: new Set(['mapping', 'isdisjoint']),
  dict_values: new Set(['mapping']),
  generator: new Set(['send', 'throw', 'close']),
};

/** Jinja's `object.name`: an attribute first, then a key. */
export function attribute(object: Value, name: string, budget: Budget): Value {
  if (object instanceof Undefined) object.raise();
  const own = field(object, name, budget);
  const found = own === undefined ? item(object, new Text(name)) : own;
  return found === undefined ? missing(object, name) : found;
}

/** Jinja's `object[key]`: a key first, then an attribute. */
export function subscript(object: Value, key: Value, budget: Budget): Value {
  const found = item(object, key);
  if (found !== undefined) return found;
  if (!(key instanceof Text)) return missing(object, typeName(key));
  const own = field(object, key.text, budget);
  return own === undefined ? missing(object, key.text) : own;
}

function missing(object: Value, name: string): Undefined {
  return new Undefined(`'${typeName(object)}' object has no attribute '${name}'`);
}

/** A Python attribute; undefined where there is none. */
function field(object: Value, name: string, budget: Budget): Value | undefined {
  const type = typeName(object);
  if (name.startsWith('_')) return forbidden(name, type);
  if (CHANGING[type]?.has(name)) return forbidden(name, type);
  if (LACKING[type]?.has(name)) throw unsupported(`“${name}” of a value of the type ${type}`);
  if (object instanceof Text) {
    if (name === 'format') {
      return new Callable(name, (given) => formatBraces(object, given, budget, attribute));
    }
    const method = stringMethod(name);
    return method && new Callable(name, (given) => method(object, given, budget));
  }
  if (object instanceof Dict) return dictMethod(object, name);
  if (object instanceof List || object instanceof Tuple) return listMethod(object, name, budget);
  if (object instanceof Namespace) return object.fields.get(name);
  if (object instanceof Callable) return object.field(name);
  if (typeof object === 'number' && name === 'is_integer') {
    return new Callable(name, () => Number.isInteger(object));
  }
  return undefined;
}

function forbidden(name: string, type: string): Undefined {
  return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`, true);
}

function dictMethod(dict: Dict, name: string): Callable | undefined {
  const plain = (make: () => Value) =>
    new Callable(name, (given) => {
      Taken.check(given, name, []);
      return make();
    });
  switch (name) {
    case 'get':
      return new Callable(name, (given) => {
        const taken = new Taken(given, name, ['key/', 'default/']);
        return firstOf(dict.get(taken.required('key')), taken.value('default'), null) as Value;
      });
    case 'items':
      return plain(
        () =>
          new View(
            'dict_items',
            dict.entries.map((entry) => new Tuple(entry)),
          ),
      );
    case 'keys':
      return plain(() => new View('dict_keys', dict.keys));
    case 'values':
      return plain(
        () =>
          new View(
            'dict_values',
            dict.entries.map(([, value]) => value),
          ),
      );
    case 'copy':
      return plain(() => new Dict(dict.entries));
    default:
      return undefined;
  }
}

function listMethod(list: List | Tuple, name: string, budget: Budget): Callable | undefined {
  switch (name) {
    case 'count':
      return new Callable(name, (given) => {
        const wanted = new Taken(given, name, ['value/']).required('value');
        return BigInt(list.items.filter((each) => isEqual(each, wanted, budget)).length);
      });
    case 'index':
      return new Callable(name, (given) => {
        const taken = new Taken(given, name, ['value/', 'start/', 'stop/']);
        if (given.positional.length > 1) throw unsupported('“index” with a start');
        const wanted = taken.required('value');
        const at = list.items.findIndex((each) => isEqual(each, wanted, budget));
        if (at < 0) throw valueError('the value is not in the list');
        return BigInt(at);
      });
    case 'copy':
      return list instanceof List ? new Callable(name, () => list) : undefined;
    default:
      return undefined;
  }
}

/** Calls what can be called. */
export function callable(value: Value): Callable {
  if (value instanceof Callable) return value;
  if (value instanceof Undefined) return value.raise();
  throw new TemplateError('TypeError', `'${typeName(value)}' object is not callable`);
}
