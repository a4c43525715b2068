// A list of tokens that is read from its beginning to its end.

import { TemplateError, syntaxError } from './errors';
import type { Token } from './lexer';

/** Brackets and blocks inside each other that a template may have. */
const DEPTH = 100;

export class Tokens {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#end = tokens.at(-1) ?? { type: 'end', value: '', line: 1 };
  }

  get current(): Token {
    return this.#tokens[this.#at] ?? this.#end;
  }

  get following(): Token {
    return this.#tokens[this.#at + 1] ?? this.#end;
  }

  next(): Token {
    const { current } = this;
    this.#at++;
    return current;
  }

  is(type: Token['type'], ...values: string[]): boolean {
    const { current } = this;
    return current.type === type && (values.length === 0 || values.includes(current.value));
  }

  /** Takes a token if it is there. */
  skip(type: Token['type'], value: string): boolean {
    const found = this.is(type, value);
    if (found) this.#at++;
    return found;
  }

  expect(type: Token['type'], ...values: string[]): Token {
    if (this.is(type, ...values)) return this.next();
    throw this.unexpected(values.length ? `“${values.join('” or “')}”` : type);
  }

  unexpected(wanted: string): TemplateError {
    const { type, value } = this.current;
    return this.error(`expected ${wanted}, found ${value.trim() === '' ? type : `“${value.slice(0, 40)}”`}`);
  }

  error(message: string): TemplateError {
    return syntaxError(message, this.current.line);
  }

  nested<T>(action: () => T): T {
    if (this.#depth >= DEPTH) throw this.error(`more than ${DEPTH} expressions or blocks inside each other`);
    this.#depth++;
    const result = action();
    this.#depth--;
    return result;
  }
}
