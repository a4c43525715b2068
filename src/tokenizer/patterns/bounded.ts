// Patterns that a tokenizer.json brings. JavaScript's matcher cannot be stopped, so it gets those alone that it can do in time;
// the others are matched by our own, which finds the same and counts its steps.

import { PronkError } from '../../core/errors';
import { power } from './growth';
import { Matcher, type Program, compile } from './matcher';
import { parsePattern } from './parse';

/** Longest text for JavaScript's matcher, by the power that its time may grow with. */
const NATIVE_LENGTH = [Infinity, 20_000, 1000];
/** Steps for a text, and for each of its characters. */
const STEPS = 3_000_000;
const STEPS_EACH = 100;

interface Compiled {
  readonly nativeLength: number;
  readonly program: Program | undefined;
}

const known = new Map<string, Compiled>();

function compiled(source: string, ignoreCase: boolean): Compiled {
  const key = `${ignoreCase ? 'i' : ''}/${source}`;
  const before = known.get(key);
  if (before) return before;
  const node = parsePattern(source, ignoreCase);
  const grows = node && power(node);
  const made = {
    nativeLength: grows === undefined ? 0 : (NATIVE_LENGTH[grows] ?? 0),
    program: node && compile(node),
  };
  if (known.size > 100) known.clear();
  known.set(key, made);
  return made;
}

/**
 * A pattern that ends in time on any text, or raises.
 * @throws PronkError `bad-pattern` for one that neither matcher can do
 */
export function bounded(pattern: RegExp): RegExp {
  const { nativeLength, program } = compiled(pattern.source, pattern.ignoreCase);
  if (nativeLength === Infinity) return pattern;
  if (!program && nativeLength === 0) throw badPattern(pattern.source, 'could take forever');
  return new BoundedPattern(pattern.source, pattern.flags);
}

class BoundedPattern extends RegExp {
  #matcher: { readonly text: string; readonly matcher: Matcher } | undefined;

  override exec(text: string): RegExpExecArray | null {
    const { nativeLength, program } = compiled(this.source, this.ignoreCase);
    if (text.length <= nativeLength) return super.exec(text);
    if (!program) throw badPattern(this.source, `takes too long on a text of ${text.length} characters`);
    if (this.#matcher?.text !== text)
      this.#matcher = { text, matcher: new Matcher(program, text, this.#counter(text)) };
    const { matcher } = this.#matcher;
    const moves = this.global || this.sticky;
    for (let at = moves ? this.lastIndex : 0; at <= text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) {
      const end = matcher.matchAt(at);
      if (end !== undefined) {
        if (moves) this.lastIndex = end;
        return Object.assign([text.slice(at, end)] as [string], { index: at, input: text });
      }
      if (this.sticky) break;
    }
    if (moves) this.lastIndex = 0;
    return null;
  }

  #counter(text: string): (steps: number) => void {
    let left = STEPS + STEPS_EACH * text.length;
    return (steps) => {
      left -= steps;
      if (left < 0) throw badPattern(this.source, `takes too long on a text of ${text.length} characters`);
    };
  }
}

function badPattern(source: string, problem: string): PronkError {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source;
  const message = `The model’s tokenizer cuts texts by the pattern “${shown}”, which ${problem}. It was stopped, nothing is lost. Use another model, or its GGUF file.`;
  return new PronkError('bad-pattern', message);
}
