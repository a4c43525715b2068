// Composes one WGSL module from definitions and snippets, which are files of shaders/. What goes beyond WGSL is written
// in comments, so that editors take the files for WGSL:
//
//     //: needs projection.wgsl, block_scale, TILE_M
// says what a snippet takes from others: whole files, or names of functions, types, constants, overrides and bindings that
// another snippet or a definition declares. `compose` checks that they are there.
//
//     //: if HAS_OFFSET … //: else … //: end
// is one of two texts, by a definition that is true or false.
//
//     //: for r in TILE_M … //: end
//     var sum_$r_$t = 0.0; //: for r in TILE_M, t in TILE_N
// is the text, or the one line, once for each index: `$r` becomes 0, 1, … and `$ru` becomes 0u, 1u, …; the last index runs
// fastest. Register tiles must be named scalars, or arrays indexed by literals, since compilers spill arrays that a loop
// variable indexes. Many registers take some compilers minutes, however (LLVM 15 under lavapipe, 512 of them in one block):
//
//     //: for i in HEAD_QUADS or params.quads
// is unrolled up to 16 times, and above that stays a loop, whose bound the compiler does not know and cannot unroll.
//
// This file knows nothing of the ops: which snippets belong together is said beside each op in src/ops.

import { readNames } from './declarations';

/** What a source is composed with: numbers become u32 constants, booleans bool constants, strings type aliases. */
export type Definitions = Readonly<Record<string, number | boolean | string>>;

/**
 * Texts of files of shaders/ in the order in which they are composed. A key is the file's stem in camel case, as in
 * `{ state, matvecBlocks }`; errors and the composed source name snippets by it.
 */
export type Snippets = Readonly<Record<string, string>>;

const DIRECTIVE = /^[ \t]*\/\/: *(.*?)[ \t]*$/;
/** A line of WGSL that is repeated: code, loops. */
const REPEATED_LINE = /^(.*\S)[ \t]*\/\/: *(for .*?)[ \t]*$/;
const LOOP = /^([a-z]) in (\w+)(?: or (\S+))?$/;
/** Most turns of a loop with a bound that are still unrolled. */
const MOST_UNROLLED = 16;

interface Loop {
  readonly variable: string;
  readonly count: string;
  readonly bound: string | undefined;
}

/** Part of a snippet: a line, or what a directive decides. */
type Part =
  | { readonly is: 'line'; readonly text: string }
  | { readonly is: 'for'; readonly loops: readonly Loop[]; readonly body: Part[]; readonly line: number }
  | {
      readonly is: 'if';
      readonly condition: string;
      readonly held: Part[];
      readonly otherwise: Part[];
      readonly line: number;
    };

type Fail = (line: number, problem: string) => Error;

/** The loops of `for r in TILE_M, t in TILE_N`. */
function parseLoops(text: string, line: number, fail: Fail): readonly Loop[] {
  return text
    .slice('for '.length)
    .split(',')
    .map((each) => {
      const [, variable, count, bound] = LOOP.exec(each.trim()) ?? [];
      if (variable === undefined || count === undefined) throw fail(line, `"${text}" is no loop over a letter`);
      return { variable, count, bound };
    });
}

/** A block that is not ended yet. */
interface Open {
  readonly what: string;
  readonly line: number;
  /** Where its lines go. */
  parts: Part[];
  /** Where they go after `else`, if that may still come. */
  otherwise: Part[] | undefined;
}

function parse(source: string, fail: Fail): Part[] {
  const root: Part[] = [];
  const open: Open[] = [];
  const add = (part: Part) => (open.at(-1)?.parts ?? root).push(part);
  source.split('\n').forEach((text, i) => {
    const line = i + 1;
    const directive = DIRECTIVE.exec(text)?.[1];
    if (directive === undefined) {
      const [, code, loops] = REPEATED_LINE.exec(text) ?? [];
      if (code === undefined || loops === undefined) add({ is: 'line', text });
      else add({ is: 'for', loops: parseLoops(loops, line, fail), body: [{ is: 'line', text: code }], line });
      return;
    }
    const [word, ...rest] = directive.split(/\s+/);
    if (word === 'for') {
      const body: Part[] = [];
      add({ is: 'for', loops: parseLoops(directive, line, fail), body, line });
      open.push({ what: directive, line, parts: body, otherwise: undefined });
    } else if (word === 'if' && rest.length === 1) {
      const held: Part[] = [];
      const otherwise: Part[] = [];
      add({ is: 'if', condition: rest.join(), held, otherwise, line });
      open.push({ what: directive, line, parts: held, otherwise });
    } else if (directive === 'else') {
      const block = open.at(-1);
      if (!block?.otherwise) throw fail(line, 'else without if');
      block.parts = block.otherwise;
      block.otherwise = undefined;
    } else if (directive === 'end') {
      if (!open.pop()) throw fail(line, 'end without if or for');
    } else if (word === 'needs') {
      add({ is: 'line', text: text.trim() });
    } else {
      throw fail(line, `"${directive}" is no directive: they are needs, if, else, for and end`);
    }
  });
  const unclosed = open.at(-1);
  if (unclosed) throw fail(unclosed.line, `"${unclosed.what}" has no end`);
  return root;
}

/** Lines of a loop's turns, whose lines are `body`. */
function repeat(
  loops: readonly Loop[],
  body: readonly string[],
  numberOf: (count: string) => number,
): readonly string[] {
  const [loop, ...inner] = loops;
  if (!loop) return body;
  const { variable, count, bound } = loop;
  const turn = (index: string, suffix: string) => {
    const lines = body.map((text) =>
      text.replaceAll(`$${variable}u`, index + suffix).replaceAll(`$${variable}`, index),
    );
    return repeat(inner, lines, numberOf);
  };
  const times = numberOf(count);
  if (bound !== undefined && times > MOST_UNROLLED) {
    return [`for (var ${variable} = 0u; ${variable} < ${bound}; ${variable}++) {`, ...turn(variable, ''), '}'];
  }
  return Array.from({ length: times }, (_, i) => turn(String(i), 'u')).flat();
}

/**
 * A snippet with its conditions decided and its loops unrolled. `needs` stays, for whoever reads the composed source.
 * @throws Error that names the snippet and the line: an unknown directive, one that is not closed, a name that is not defined
 */
export function expand(name: string, source: string, definitions: Definitions): string {
  const fail: Fail = (line, problem) => new Error(`${name}, line ${line}: ${problem}`);
  const expandParts = (parts: readonly Part[]): readonly string[] =>
    parts.flatMap((part) => {
      if (part.is === 'line') return [part.text];
      if (part.is === 'if') {
        const value = definitions[part.condition];
        if (typeof value !== 'boolean') throw fail(part.line, `${part.condition} is not defined as true or false`);
        return expandParts(value ? part.held : part.otherwise);
      }
      return repeat(part.loops, expandParts(part.body), (count) => {
        const value = /^\d+$/.test(count) ? Number(count) : definitions[count];
        if (typeof value !== 'number') throw fail(part.line, `${count} is not a defined number`);
        return value;
      });
    });
  const lines = expandParts(parse(source, fail));
  const index = lines.find((text) => text.includes('$'));
  if (index !== undefined) throw new Error(`${name}: "${index.trim()}" has an index outside its loop`);
  return lines.join('\n');
}

const NEEDS = /^\/\/: needs (.*)$/gm;

/** The key of the snippet that a need names by its file: `loraBindings` for lora-bindings.wgsl; undefined for others. */
export function snippetOf(need: string): string | undefined {
  if (!need.endsWith('.wgsl')) return undefined;
  return need.slice(0, -'.wgsl'.length).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** What an expanded snippet says it takes from others. */
export function needsOf(text: string): readonly string[] {
  return [...text.matchAll(NEEDS)].flatMap(([, names = '']) => names.split(',').map((each) => each.trim()));
}

function define(name: string, value: number | boolean | string): string {
  if (typeof value === 'string') return `alias ${name} = ${value};`;
  return `const ${name} = ${typeof value === 'number' ? `${value}u` : value};`;
}

/**
 * One WGSL module from definitions and snippets; `enable` lines come first, as the grammar demands, and before each
 * snippet stands the line `//: snippet NAME`.
 * @throws Error that names the snippet: what `expand` refuses, and a need that nothing declares
 */
export function compose(definitions: Definitions, snippets: Snippets): string {
  const header = Object.entries(definitions).map(([name, value]) => define(name, value));
  const expanded = Object.entries(snippets).map(([name, source]) => ({
    name,
    text: expand(name, source, definitions),
  }));
  const declared = new Set([...Object.keys(definitions), ...expanded.flatMap(({ text }) => readNames(text))]);
  const isThere = (need: string) => {
    const snippet = snippetOf(need);
    return snippet === undefined ? declared.has(need) : snippet in snippets;
  };
  for (const { name, text } of expanded) {
    const missing = needsOf(text).filter((need) => !isThere(need));
    if (missing.length > 0) throw new Error(`${name} needs ${missing.join(', ')}, which nothing here declares`);
  }
  const body = expanded.map(({ name, text }) => `//: snippet ${name}\n${text}`).join('\n');
  const enables: string[] = [];
  if (Object.values(definitions).includes('f16')) enables.push('enable f16;');
  if (/\bsubgroup[A-Z]\w*\(/.test(body)) enables.push('enable subgroups;');
  return [...enables, ...header, body].join('\n');
}
