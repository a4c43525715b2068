// A matcher that finds what JavaScript's finds and never tries the same place in the same state twice, so that its time grows
// with the text and not with the ways to read it (as in RE2's BitState, swtch.com/~rsc/regexp/regexp2.html).

import type { Node } from './parse';

type Test = (text: string, at: number) => number;

type Instruction =
  /** Takes one character; the test gives its length, or 0. */
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'split'; readonly first: number; readonly second: number }
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'ahead'; readonly program: Program; readonly negative: boolean }
  | { readonly kind: 'behind'; readonly test: Test; readonly negative: boolean }
  | { readonly kind: 'start' | 'end' | 'match' };

export type Program = readonly Instruction[];

/** Instructions of one pattern: repeats with numbers are written out. */
const SIZE = 4000;

/** @returns undefined for what it cannot match, or what is too long */
export function compile(node: Node): Program | undefined {
  const program: Instruction[] = [];
  const add = (instruction: Instruction) => {
    if (program.length >= SIZE) throw TOO_MUCH;
    return program.push(instruction) - 1;
  };
  const split = (at: number, first: number, second: number, lazy: boolean) => {
    program[at] = lazy ? { kind: 'split', first: second, second: first } : { kind: 'split', first, second };
  };
  const emit = (each: Node): void => {
    switch (each.kind) {
      case 'one':
        add({ kind: 'one', test: testOf(each.source, each.ignoreCase) });
        return;
      case 'all':
        for (const part of each.parts) emit(part);
        return;
      case 'any': {
        const ends: number[] = [];
        for (const [i, choice] of each.choices.entries()) {
          if (i === each.choices.length - 1) {
            emit(choice);
            break;
          }
          const at = add({ kind: 'match' });
          emit(choice);
          ends.push(add({ kind: 'match' }));
          split(at, at + 1, program.length, false);
        }
        for (const end of ends) program[end] = { kind: 'jump', to: program.length };
        return;
      }
      case 'repeat': {
        // JavaScript refuses a turn that takes nothing, which a state and a place do not tell
        if (each.most > each.least && isNullable(each.body)) throw TOO_MUCH;
        for (let i = 0; i < each.least; i++) emit(each.body);
        if (each.most === Infinity) {
          const at = add({ kind: 'match' });
          emit(each.body);
          add({ kind: 'jump', to: at });
          split(at, at + 1, program.length, each.lazy);
          return;
        }
        const gates: number[] = [];
        for (let i = each.least; i < each.most; i++) {
          gates.push(add({ kind: 'match' }));
          emit(each.body);
        }
        for (const gate of gates) split(gate, gate + 1, program.length, each.lazy);
        return;
      }
      case 'look': {
        if (each.behind) {
          const one = single(each.body);
          if (!one) throw TOO_MUCH;
          add({ kind: 'behind', test: testOf(one.source, one.ignoreCase), negative: each.negative });
          return;
        }
        const inside = compile(each.body);
        if (!inside) throw TOO_MUCH;
        add({ kind: 'ahead', program: inside, negative: each.negative });
        return;
      }
      default:
        add({ kind: each.kind });
    }
  };
  try {
    emit(node);
    add({ kind: 'match' });
    return program;
  } catch (error) {
    if (error === TOO_MUCH) return undefined;
    throw error;
  }
}

const TOO_MUCH = new Error('a pattern that is too long or looks behind at more than a character');

function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'one':
      return false;
    case 'all':
      return node.parts.every(isNullable);
    case 'any':
      return node.choices.some(isNullable);
    case 'repeat':
      return node.least === 0 || isNullable(node.body);
    default:
      return true;
  }
}

function single(node: Node): (Node & { kind: 'one' }) | undefined {
  if (node.kind === 'all' && node.parts.length === 1 && node.parts[0]) return single(node.parts[0]);
  return node.kind === 'one' ? node : undefined;
}

/** JavaScript itself says which characters a class has; each is asked about once. */
function testOf(source: string, ignoreCase: boolean): Test {
  const pattern = new RegExp(`^(?:${source})$`, ignoreCase ? 'iu' : 'u');
  const known = new Map<number, boolean>();
  return (text, at) => {
    const code = text.codePointAt(at);
    if (code === undefined) return 0;
    let matches = known.get(code);
    if (matches === undefined) {
      matches = pattern.test(String.fromCodePoint(code));
      known.set(code, matches);
    }
    return matches ? (code > 0xffff ? 2 : 1) : 0;
  };
}

/** @param spend counts steps, and raises when there were too many */
export class Matcher {
  readonly #text: string;
  readonly #program: Program;
  readonly #spend: (steps: number) => void;
  /** What failed at which place, of this program and of those that it looks ahead with. */
  readonly #failed = new Set<number>();
  readonly #looks = new Map<Program, Matcher>();

  constructor(program: Program, text: string, spend: (steps: number) => void) {
    this.#program = program;
    this.#text = text;
    this.#spend = spend;
  }

  /** Where the match that begins at a place ends; undefined without one. */
  matchAt(start: number): number | undefined {
    const [text, program, failed] = [this.#text, this.#program, this.#failed];
    const width = text.length + 1;
    const places: number[] = [0, start];
    const tried: number[] = [];
    let steps = 0;
    while (places.length) {
      let at = places.pop() ?? 0;
      let pc = places.pop() ?? 0;
      for (;;) {
        steps++;
        const instruction = program[pc];
        if (!instruction) break;
        if (instruction.kind === 'one') {
          const length = instruction.test(text, at);
          if (length === 0) break;
          at += length;
          pc++;
        } else if (instruction.kind === 'split') {
          const key = pc * width + at;
          if (failed.has(key)) break;
          failed.add(key);
          tried.push(key);
          places.push(instruction.second, at);
          pc = instruction.first;
        } else if (instruction.kind === 'jump') pc = instruction.to;
        else if (instruction.kind === 'match') {
          // what led here has not failed
          for (const key of tried) failed.delete(key);
          this.#spend(steps);
          return at;
        } else if (this.#holds(instruction, at)) pc++;
        else break;
      }
      if (steps > 10_000) {
        this.#spend(steps);
        steps = 0;
      }
    }
    this.#spend(steps);
    return undefined;
  }

  #holds(instruction: Instruction, at: number): boolean {
    const text = this.#text;
    switch (instruction.kind) {
      case 'start':
        return at === 0;
      case 'end':
        return at === text.length;
      case 'behind': {
        const before = at - ((text.codePointAt(at - 2) ?? 0) > 0xffff && at > 1 ? 2 : 1);
        return (before >= 0 && instruction.test(text, before) > 0) !== instruction.negative;
      }
      case 'ahead': {
        let look = this.#looks.get(instruction.program);
        if (!look) this.#looks.set(instruction.program, (look = new Matcher(instruction.program, text, this.#spend)));
        return (look.matchAt(at) !== undefined) !== instruction.negative;
      }
      default:
        return false;
    }
  }
}
