// Finding contents again in what a template made of them. Marks are made of noncharacters, which Unicode reserves for
// such use inside a program (The Unicode Standard, §23.7), with a number that no content has next to one.

const OPEN = '\uFDD0';
const CLOSE = '\uFDD1';
const END = '\uFDD2';

const THOUGHT = /(<\/?think>)/;
const THOUGHT_ALONE = /^\s*<\/?think>\s*$/;

interface Marked {
  /** The contents as the template gets them. */
  readonly marked: readonly string[];
  /** Matches one marked content; the first group is its index. */
  readonly pattern: RegExp;
  /** What stands in the text for a match. */
  text(match: RegExpMatchArray): string;
  /** Whether a part of the text holds half a mark. */
  isTorn(part: string): boolean;
}

interface CutPiece {
  readonly text: string;
  readonly trusted: boolean;
  /** Index of the content that it is of. */
  readonly content?: number;
}

interface Cut {
  readonly pieces: CutPiece[];
  /** Indices of the contents that the template used. */
  readonly found: ReadonlySet<number>;
}

/**
 * Marks around each content, inside its outer white space: a template may trim a content, or look for something in it.
 * Reasoning models' templates cut contents at `<think>` and `</think>`, so what lies between those is marked apart.
 */
export function markCores(contents: readonly string[]): Marked {
  const key = freeKey(contents);
  const marked = contents.map((content, i) => {
    if (content.trim() === '') return content;
    const wrap = (part: string) => {
      const core = part.trim();
      const start = part.indexOf(core);
      const [before, after] = [part.slice(0, start), part.slice(start + core.length)];
      return `${before}${OPEN}${key}.${i}${END}${core}${CLOSE}${key}.${i}${END}${after}`;
    };
    return content
      .split(THOUGHT)
      .map((part, n) => (n % 2 ? part : wrap(part)))
      .join('');
  });
  const pattern = new RegExp(`${OPEN}${key}\\.(\\d+)${END}([^]*?)${CLOSE}${key}\\.\\1${END}`, 'g');
  return { marked, pattern, text: ([, , core]) => core, isTorn: tornWith(key) };
}

/** A mark instead of each content. */
export function markWhole(contents: readonly string[]): Marked {
  const key = freeKey(contents);
  const marked = contents.map((content, i) => (content.trim() === '' ? content : `${OPEN}${key}.${i}${END}`));
  const pattern = new RegExp(`${OPEN}${key}\\.(\\d+)${END}`, 'g');
  return { marked, pattern, text: ([, i]) => contents[Number(i)].trim(), isTorn: () => false };
}

/** The rendered text, cut at the marks; undefined where the template has torn one apart. */
export function cutMarked(rendered: string, { pattern, text, isTorn }: Marked): Cut | undefined {
  const pieces: CutPiece[] = [];
  const found = new Set<number>();
  const add = (part: string, of?: number) => {
    if (part !== '')
      pieces.push(of === undefined ? { text: part, trusted: true } : { text: part, trusted: false, content: of });
  };
  let from = 0;
  let previous = -1;
  for (const match of rendered.matchAll(pattern)) {
    const trustedPart = rendered.slice(from, match.index);
    const content = text(match);
    if (isTorn(trustedPart) || isTorn(content)) return undefined;
    const index = Number(match[1]);
    add(trustedPart, index === previous && THOUGHT_ALONE.test(trustedPart) ? index : undefined);
    add(content, index);
    found.add(index);
    previous = index;
    from = match.index + match[0].length;
  }
  const rest = rendered.slice(from);
  if (isTorn(rest)) return undefined;
  add(rest);
  return { pieces, found };
}

function freeKey(contents: readonly string[]): number {
  let key = 0;
  while (contents.some(tornWith(key))) key++;
  return key;
}

function tornWith(key: number): (part: string) => boolean {
  return (part) => part.includes(`${OPEN}${key}.`) || part.includes(`${CLOSE}${key}.`);
}
