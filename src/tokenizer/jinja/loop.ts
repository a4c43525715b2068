// The `loop` of a loop, which looks one item ahead only when it is asked to.

import type { Budget } from './budget';
import { isEqual } from './compare';
import { typeError } from './errors';
import { Callable, Tuple, Undefined, type Value } from './values';

export class Loop {
  readonly #budget: Budget;
  readonly #items: Iterator<Value>;
  readonly #size: number | undefined;
  readonly #depth: number;
  readonly #recurse: ((list: Value) => Value) | undefined;
  #ahead: Value[] = [];
  #index = -1;
  #previous: Value = new Undefined('there is no previous item');
  #current: Value | undefined;
  #changed: Tuple | undefined;

  /** @param size if it is known before */
  constructor(
    items: Iterator<Value>,
    size: number | undefined,
    depth: number,
    budget: Budget,
    recurse?: (list: Value) => Value,
  ) {
    this.#items = items;
    this.#size = size;
    this.#depth = depth;
    this.#budget = budget;
    this.#recurse = recurse;
  }

  next(): Value | undefined {
    if (this.#current !== undefined) this.#previous = this.#current;
    const ahead = this.#ahead.shift();
    if (ahead === undefined) {
      const next = this.#items.next();
      this.#current = next.done ? undefined : next.value;
    } else this.#current = ahead;
    this.#index++;
    return this.#current;
  }

  #peek(): Value | undefined {
    if (!this.#ahead.length) {
      const next = this.#items.next();
      if (!next.done) this.#ahead.push(next.value);
    }
    return this.#ahead[0];
  }

  #after(): Value {
    const ahead = this.#peek();
    return ahead === undefined ? new Undefined('there is no next item') : ahead;
  }

  #length(): number {
    if (this.#size !== undefined) return this.#size;
    for (let next = this.#items.next(); !next.done; next = this.#items.next()) this.#ahead.push(next.value);
    return this.#index + 1 + this.#ahead.length;
  }

  get value(): Callable {
    return new Callable('loop', this.#call, (name) => this.#field(name));
  }

  readonly #call = ({ positional: [list] }: { positional: readonly Value[] }): Value => {
    if (!this.#recurse) throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    if (list === undefined) throw typeError('loop() needs a list');
    return this.#recurse(list);
  };

  #field(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index + 1);
      case 'index0':
        return BigInt(this.#index);
      case 'revindex':
        return BigInt(this.#length() - this.#index);
      case 'revindex0':
        return BigInt(this.#length() - this.#index - 1);
      case 'first':
        return this.#index === 0;
      case 'last':
        return this.#peek() === undefined;
      case 'length':
        return BigInt(this.#length());
      case 'depth':
        return BigInt(this.#depth + 1);
      case 'depth0':
        return BigInt(this.#depth);
      case 'previtem':
        return this.#previous;
      case 'nextitem':
        return this.#after();
      case 'cycle':
        return new Callable(name, ({ positional }) => {
          if (!positional.length) throw typeError('no items for cycling given');
          return positional[this.#index % positional.length] ?? null;
        });
      case 'changed':
        return new Callable(name, ({ positional }) => {
          const now = new Tuple(positional);
          const differs = !this.#changed || !isEqual(this.#changed, now, this.#budget);
          this.#changed = now;
          return differs;
        });
      default:
        return undefined;
    }
  }
}
