// Regular parts of a grammar, made deterministic: xgrammar 0.1 accepts texts of other lengths where several alternatives of classes
// begin alike (`[3-9] [0-9] | [1-9] [0-9] [0-9] [0-9] | …`), and of an automaton whose rules have one way on for each byte it
// does not.
import { defined } from '../../core/defined';
import { PronkError } from '../../core/errors';
import { bytesClass, oneOf, type Rules } from './ebnf';
import { type Range, utf8Sequences } from './utf8';

export type Regular =
  | { readonly kind: 'byte'; readonly range: Range }
  | { readonly kind: 'all'; readonly parts: readonly Regular[] }
  | { readonly kind: 'any'; readonly parts: readonly Regular[] }
  | { readonly kind: 'times'; readonly part: Regular; readonly least: number; readonly most: number | undefined };

/** States of an automaton at most. */
const MOST_STATES = 4000;

const utf8 = new TextEncoder();

export const all = (parts: readonly Regular[]): Regular => ({ kind: 'all', parts });
export const any = (parts: readonly Regular[]): Regular => ({ kind: 'any', parts });
/** A part so many times; `most` is undefined where there is no limit. */
export const times = (part: Regular, least: number, most: number | undefined): Regular => ({
  kind: 'times',
  part,
  least,
  most,
});
export const exactly = (text: string): Regular =>
  all(Array.from(utf8.encode(text), (byte) => ({ kind: 'byte', range: [byte, byte] })));
/** One character out of these. */
export const character = (ranges: readonly Range[]): Regular =>
  any(utf8Sequences(ranges).map((bytes) => all(bytes.map((range) => ({ kind: 'byte', range })))));

/** Thompson's automaton: states with ways on by a byte, and without one. */
class Nondeterministic {
  readonly bytes: { readonly range: Range; readonly to: number }[][] = [];
  readonly free: number[][] = [];

  state(): number {
    if (this.bytes.length > 50 * MOST_STATES) throw tooLarge();
    this.bytes.push([]);
    return this.free.push([]) - 1;
  }

  /** Adds a part behind a state; where it ends. */
  add(part: Regular, from: number): number {
    switch (part.kind) {
      case 'byte': {
        const to = this.state();
        this.bytes[from].push({ range: part.range, to });
        return to;
      }
      case 'all':
        return part.parts.reduce((at, each) => this.add(each, at), from);
      case 'any': {
        const end = this.state();
        for (const each of part.parts) this.free[this.add(each, from)].push(end);
        return end;
      }
      case 'times': {
        let at = from;
        for (let i = 0; i < part.least; i++) at = this.add(part.part, at);
        if (part.most === undefined) {
          const loop = this.state();
          this.free[at].push(loop);
          this.free[this.add(part.part, loop)].push(loop);
          return loop;
        }
        const end = this.state();
        for (let i = part.least; i < part.most; i++) {
          this.free[at].push(end);
          const next = this.state();
          this.free[at].push(next);
          at = this.add(part.part, next);
        }
        this.free[at].push(end);
        return end;
      }
    }
  }

  /** States that can be reached from these without a byte. */
  closure(states: Iterable<number>): number[] {
    const found = new Set(states);
    for (const state of found) for (const next of this.free[state]) found.add(next);
    return [...found].toSorted((a, b) => a - b);
  }
}

interface State {
  readonly accepts: boolean;
  readonly ways: readonly { readonly range: Range; readonly to: number }[];
}

/** The automaton whose states have one way on for each byte. */
function determine(part: Regular): State[] {
  const loose = new Nondeterministic();
  const start = loose.state();
  const end = loose.add(part, start);
  const sets: number[][] = [loose.closure([start])];
  const known = new Map([[sets[0].join(), 0]]);
  const states: State[] = [];
  for (let i = 0; i < sets.length; i++) {
    if (i > MOST_STATES) throw tooLarge();
    const edges = sets[i].flatMap((state) => loose.bytes[state]);
    const cuts = [...new Set(edges.flatMap(({ range: [from, to] }) => [from, to + 1]))].toSorted((a, b) => a - b);
    const ways: { range: Range; to: number }[] = [];
    for (const [n, from] of cuts.entries()) {
      const inside = edges.filter(({ range }) => range[0] <= from && from <= range[1]);
      if (inside.length === 0) continue;
      const set = loose.closure(inside.map(({ to }) => to));
      const key = set.join();
      const to = known.get(key) ?? sets.push(set) - 1;
      known.set(key, to);
      ways.push({ range: [from, (cuts[n + 1] ?? 256) - 1], to });
    }
    states.push({ accepts: sets[i].includes(end), ways });
  }
  return states;
}

/** An automaton with as few states as can be (Moore 1956): the group of each state. */
function minimal(states: readonly State[]): number[] {
  let groups = states.map(({ accepts }) => Number(accepts));
  for (let count = new Set(groups).size; ; ) {
    const names = new Map<string, number>();
    groups = states.map(({ ways }, i) => {
      const name = `${groups[i]}:${merged(ways.map(({ range, to }) => ({ range, to: groups[to] })))
        .map(({ range, to }) => `${range.join('-')}>${to}`)
        .join()}`;
      const group = names.get(name) ?? names.size;
      names.set(name, group);
      return group;
    });
    if (names.size === count) return groups;
    count = names.size;
  }
}

/** Ways of neighbouring bytes to one state are one. */
function merged(ways: State['ways']): State['ways'] {
  const found: { range: Range; to: number }[] = [];
  for (const { range, to } of ways) {
    const last = found.at(-1);
    if (last?.to === to && last.range[1] + 1 === range[0])
      found[found.length - 1] = { range: [last.range[0], range[1]], to };
    else found.push({ range, to });
  }
  return found;
}

/** A regular part as rules; the name of the first. @throws PronkError `bad-form` where it is too large */
export function regularPart(rules: Rules, part: Regular): string {
  const states = determine(part);
  const groups = minimal(states);
  const prefix = rules.fresh();
  const name = (group: number) => `${prefix}_${group}`;
  const done = new Set<number>();
  states.forEach(({ accepts, ways }, i) => {
    const group = defined(groups[i], 'a state’s group');
    if (done.has(group)) return;
    done.add(group);
    rules.add(name(group), () => {
      const byTarget = new Map<number, Range[]>();
      for (const { range, to } of merged(ways.map((way) => ({ ...way, to: defined(groups[way.to], 'a group') })))) {
        byTarget.set(to, [...(byTarget.get(to) ?? []), range]);
      }
      const on = Array.from(byTarget, ([to, ranges]) => `${bytesClass(ranges)} ${name(to)}`);
      return oneOf([...(accepts ? ['""'] : []), ...on]);
    });
  });
  return name(defined(groups[0], 'the first group'));
}

function tooLarge(): PronkError {
  return new PronkError('bad-form', 'A pattern of the form has too many cases. Make its counts smaller.');
}
