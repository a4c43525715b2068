// Holds each snippet's `//: needs` against what its WGSL uses of others, in composed sources.
import { readNames } from '../declarations';
import { needsOf, snippetOf } from '../wgsl';

/** A part of a composed source: a snippet with its name, or the definitions in front. */
interface Section {
  readonly name: string;
  readonly text: string;
}

function sections(wgsl: string): readonly Section[] {
  const [definitions = '', ...snippets] = wgsl.split(/^\/\/: snippet /m);
  return [
    { name: 'definitions', text: definitions },
    ...snippets.map((text) => ({ name: text.slice(0, text.indexOf('\n')), text: text.slice(text.indexOf('\n') + 1) })),
  ];
}

/** Names of variables, constants, parameters and members. */
const LOCAL = /\b(?:let|var|const) +(\w+)|\b(\w+) *:/g;
/** Identifiers that do not name a member. */
const IDENTIFIER = /(?<![\w.])[A-Za-z_]\w*/g;

function usedIn(text: string): ReadonlySet<string> {
  const code = text.replaceAll(/\/\/.*/g, '');
  const own = new Set([...readNames(code), ...[...code.matchAll(LOCAL)].flatMap(([, a, b]) => a ?? b ?? [])]);
  return new Set([...code.matchAll(IDENTIFIER)].map(([name]) => name).filter((name) => !own.has(name)));
}

/**
 * What is wrong with the needs of the snippets in these sources, as sentences, each once: a name of another snippet or
 * definition that is used and not written down, and one that is written down and that no source uses. A name that a
 * snippet also gives to a variable of its own is not looked for.
 */
export function needProblems(sources: readonly string[]): readonly string[] {
  const missing = new Set<string>();
  /** Whether any source uses what a snippet says it needs, by what is said otherwise. */
  const wanted = new Map<string, boolean>();
  for (const wgsl of sources) {
    const all = sections(wgsl);
    const owners = new Map(all.flatMap(({ name, text }) => readNames(text).map((each) => [each, name] as const)));
    for (const { name, text } of all.slice(1)) {
      const used = [...usedIn(text)].flatMap((each) => {
        const owner = owners.get(each);
        return owner === undefined ? [] : [{ each, owner }];
      });
      const needs = needsOf(text);
      for (const { each, owner } of used) {
        if (needs.some((need) => need === each || snippetOf(need) === owner)) continue;
        missing.add(`${name} uses ${each} (${owner}) and does not say that it needs it`);
      }
      for (const need of needs) {
        const key = `${name} says that it needs ${need} and never uses it`;
        const uses = used.some(({ each, owner }) => need === each || snippetOf(need) === owner);
        wanted.set(key, (wanted.get(key) ?? false) || uses);
      }
    }
  }
  return [...missing, ...[...wanted].flatMap(([problem, uses]) => (uses ? [] : [problem]))];
}
