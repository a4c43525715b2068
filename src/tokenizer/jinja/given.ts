// A call's arguments, taken by place or by name as Python does.

import type { Budget } from './budget';
import { typeError } from './errors';
import { isIntegral } from './operators';
import { toText } from './print';
import { Text } from './text';
import { type Given, Undefined, type Value, typeName } from './values';

/** Arguments of one call; what is never asked for is an error at the end. */
export class Taken {
  readonly #given: Given;
  readonly #function: string;
  readonly #names: readonly string[];

  /** @param names of the parameters in order; one that ends in `/` has no name for the caller */
  constructor(given: Given, name: string, names: readonly string[]) {
    this.#given = given;
    this.#function = name;
    this.#names = names.map((each) => each.replace('/', ''));
    Taken.check(given, name, names);
  }

  /** Refuses arguments that the parameters do not have room or names for. */
  static check(given: Given, name: string, names: readonly string[]): void {
    if (given.positional.length > names.length) {
      throw typeError(`${name}() takes at most ${names.length} arguments (${given.positional.length} given)`);
    }
    for (const key of given.named.keys()) {
      const at = names.indexOf(key);
      if (at < 0) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
      if (at < given.positional.length) throw typeError(`${name}() got multiple values for argument '${key}'`);
    }
  }

  value(name: string): Value | undefined {
    const named = this.#given.named.get(name);
    return named === undefined ? this.#given.positional[this.#names.indexOf(name)] : named;
  }

  valueOr(name: string, preset: Value): Value {
    const value = this.value(name);
    return value === undefined ? preset : value;
  }

  required(name: string): Value {
    const value = this.value(name);
    if (value === undefined) throw typeError(`${this.#function}() missing the argument '${name}'`);
    return value;
  }

  /** A string; None stands for the default. */
  text(name: string): Text | undefined {
    const value = this.value(name);
    if (value === undefined || value === null || value instanceof Text) return value ?? undefined;
    if (value instanceof Undefined) value.raise();
    throw typeError(`${this.#function}() argument '${name}' must be str, not ${typeName(value)}`);
  }

  requiredText(name: string): Text {
    const text = this.text(name);
    if (!text)
      throw typeError(`${this.#function}() argument '${name}' must be str, not ${typeName(this.required(name))}`);
    return text;
  }

  /** Whatever it is, as text. */
  printed(name: string, budget: Budget): Text | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : toText(value, budget);
  }

  integer(name: string, preset: number): number {
    const value = this.value(name);
    if (value === undefined) return preset;
    if (isIntegral(value)) return Number(value);
    if (value instanceof Undefined) value.raise();
    throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  }

  /** A position; None stands for the default. */
  index(name: string): number | undefined {
    return this.value(name) === null ? undefined : this.value(name) === undefined ? undefined : this.integer(name, 0);
  }
}
