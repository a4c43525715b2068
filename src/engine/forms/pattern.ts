// A regular expression as a part of a grammar. Its structure is read as JavaScript reads it; a class becomes the code points that
// JavaScript finds in it.
import { PronkError } from '../../core/errors';
import { type Node, parsePattern } from '../../tokenizer/patterns/parse';
import { PLAIN } from './json-rules';
import { all, any, character, exactly, type Regular, times } from './regular';
import type { Range } from './utf8';

/** Where the characters stand: `json` is inside of a string, where some are escaped. */
export type Place = 'text' | 'json';

/** Times that a part may be repeated by number. */
const MOST_REPEATS = 1000;

const isSurrogate = (point: number) => point >= 0xd800 && point <= 0xdfff;

let everything: string | undefined;
const known = new Map<string, readonly Range[]>();

/** Code points of a class, from the lowest on. */
function rangesOf(source: string, ignoreCase: boolean): readonly Range[] {
  const key = `${ignoreCase ? 'i' : ''}/${source}`;
  const found = known.get(key);
  if (found) return found;
  if (everything === undefined) {
    const parts: string[] = [];
    for (let point = 0; point <= 0x10ffff; point++) if (!isSurrogate(point)) parts.push(String.fromCodePoint(point));
    everything = parts.join('');
  }
  const ranges: Range[] = [];
  for (const { 0: run } of everything.matchAll(new RegExp(`(?:${source})+`, ignoreCase ? 'giu' : 'gu'))) {
    const last = run.charCodeAt(run.length - 1);
    const end = isSurrogate(last) ? (run.codePointAt(run.length - 2) ?? 0) : last;
    ranges.push([run.codePointAt(0) ?? 0, end]);
  }
  known.set(key, ranges);
  return ranges;
}

/** How JSON writes the characters that it escapes. */
const ESCAPES: readonly (readonly [point: number, text: string])[] = [
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
];

function characterIn(ranges: readonly Range[], place: Place): Regular | undefined {
  if (ranges.length === 0) return undefined;
  if (place === 'text') return character(ranges);
  const plain = ranges.flatMap(([from, to]) =>
    PLAIN.map(([a, b]): Range => [Math.max(from, a), Math.min(to, b)]).filter(([a, b]) => a <= b),
  );
  const escapes = ESCAPES.filter(([point]) => ranges.some(([from, to]) => from <= point && point <= to));
  const parts = [...(plain.length > 0 ? [character(plain)] : []), ...escapes.map(([, text]) => exactly(text))];
  return parts.length > 0 ? any(parts) : undefined;
}

/**
 * The grammar's part whose texts the pattern matches.
 * @param whole the pattern has to match from beginning to end; else it may match anywhere, as in JSON Schema
 * @throws PronkError `bad-regex`
 */
export function patternPart(pattern: string, place: Place, whole: boolean): Regular {
  const refuse = (what: string): never => {
    throw new PronkError('bad-regex', `The regular expression ${pattern} cannot be held to: ${what}.`);
  };
  try {
    new RegExp(pattern, 'u').test('');
  } catch (error) {
    const [, reason = String(error)] = /^.*: (.*)$/s.exec((error as Error).message) ?? [];
    refuse(reason.charAt(0).toLowerCase() + reason.slice(1).replace(/\.$/, ''));
  }
  const parsed = parsePattern(pattern, false) ?? refuse('it looks back at what it matched, or at the bounds of words');
  const nothing = all([]);
  const free = () => times(characterIn(rangesOf('[^]', false), place) ?? nothing, 0, undefined);

  const partOf = (node: Node, first: boolean, last: boolean): Regular => {
    switch (node.kind) {
      case 'one':
        return characterIn(rangesOf(node.source, node.ignoreCase), place) ?? refuse(`${node.source} matches nothing`);
      case 'any':
        return any(node.choices.map((choice) => partOf(choice, first, last)));
      case 'all': {
        const { parts } = node;
        return all(parts.map((part, i) => partOf(part, first && i === 0, last && i === parts.length - 1)));
      }
      case 'repeat': {
        const { least, most } = node;
        if (least > MOST_REPEATS || (most !== Infinity && most > MOST_REPEATS)) {
          refuse(`it repeats something more than ${MOST_REPEATS} times`);
        }
        return times(partOf(node.body, false, false), least, most === Infinity ? undefined : most);
      }
      case 'start':
        return first ? nothing : refuse('^ stands behind other characters');
      case 'end':
        return last ? nothing : refuse('$ stands in front of other characters');
      case 'look':
        return refuse('it looks ahead or behind');
    }
  };
  /** A choice, with whatever may stand around what it matches. */
  const outermost = (node: Node): Regular => {
    if (node.kind === 'any') return any(node.choices.map(outermost));
    const parts = node.kind === 'all' ? node.parts : [node];
    const before = whole || parts[0]?.kind === 'start' ? nothing : free();
    const after = whole || parts.at(-1)?.kind === 'end' ? nothing : free();
    return all([before, partOf(node, true, true), after]);
  };
  return outermost(parsed);
}
