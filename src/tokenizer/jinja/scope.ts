// Names and their values, and what a body has printed.

import type { Budget } from './budget';
import { Text } from './text';
import type { Value } from './values';

export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #parent: Scope | ReadonlyMap<string, Value>;

  constructor(parent: Scope | ReadonlyMap<string, Value>) {
    this.#parent = parent;
  }

  get(name: string): Value | undefined {
    const own = this.#values.get(name);
    return own === undefined ? this.#parent.get(name) : own;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}

export class Output {
  readonly #budget: Budget;
  readonly #parts: Text[] = [];
  #length = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  add(text: Text): void {
    this.#length += text.text.length;
    this.#budget.make(text.text.length);
    if (this.#length > 4096) this.#budget.check(this.#length);
    if (text.text !== '') this.#parts.push(text);
  }

  get text(): Text {
    return Text.join(this.#parts);
  }
}
