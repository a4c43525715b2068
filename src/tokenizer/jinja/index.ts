// Jinja with Python's semantics, set up as transformers sets it up for chat templates. Texts remember which of their
// characters came from somebody's words, so that what a person wrote stays text wherever a template puts it.

import { Allowance, Budget, tooLong } from './budget';
import { execute } from './execute';
import { globals } from './globals';
import type { Statement } from './nodes';
import { parse } from './parse';
import { Output, Scope } from './scope';
import type { Text } from './text';
import type { Value } from './values';

export class Template {
  readonly #body: readonly Statement[];

  /** @throws TemplateError where the source is wrong, or has what Pronk lacks */
  constructor(source: string) {
    this.#body = guarded(() => parse(source));
  }

  /** Whether a word stands in it as a variable, an attribute or a whole string. */
  mentions(word: string): boolean {
    const isIn = (node: unknown): boolean => {
      if (typeof node !== 'object' || node === null) return node === word;
      return Object.values(node).some(isIn);
    };
    return isIn(this.#body);
  }

  /**
   * Its text for some variables.
   * @param given characters of what is rendered, which bounds what the template may make of them
   * @param allowance its time, which other renderings may share
   * @throws TemplateError as Python would raise; PronkError `template-too-long` where it takes more than it may
   */
  render(variables: ReadonlyMap<string, Value>, given: number, allowance = new Allowance()): Text {
    return allowance.within((deadline) => {
      const budget = new Budget(given, deadline);
      const output = new Output(budget);
      const names = new Map([...globals(budget), ...variables]);
      guarded(() => execute(this.#body, new Scope(names), output, budget));
      return output.text;
    });
  }
}

/** JavaScript's own bounds (its stack, the length of a string) in a sentence. */
function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof RangeError) throw tooLong('more than this browser’s memory has room for');
    throw error;
  }
}
