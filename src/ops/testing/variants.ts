// Names the kernels of the catalogue, and finds them by words: what `npm run wgsl` lists and prints.
import type { Kernel } from '../../gpu/kernel';

/** A kernel with the words that it is found by. */
export interface NamedVariant {
  readonly kernel: Kernel;
  /** Its label, and what tells it from others of this label: definitions and overrides as `NAME=value`, and snippets. */
  readonly words: readonly string[];
}

const DEFINITION = /^(?:const|alias) (\w+) = (.*);$/;

/** Definitions in front of the first snippet, overrides, and snippets, which have no value. */
function settingsOf({ wgsl, overrides }: Kernel): ReadonlyMap<string, string> {
  const [front = '', ...snippets] = wgsl.split('//: snippet ');
  const settings = new Map(snippets.map((snippet) => [snippet.split('\n', 1).join(''), '']));
  for (const line of front.split('\n')) {
    const [, name, value] = DEFINITION.exec(line) ?? [];
    if (name !== undefined && value !== undefined)
      settings.set(name, /^\d+u$/.test(value) ? value.slice(0, -1) : value);
  }
  for (const [name, value] of Object.entries(overrides)) settings.set(name, String(value));
  return settings;
}

/** Names all kernels; those of one label differ in some word, unless their sources differ in nothing that has a name. */
export function nameVariants(kernels: readonly Kernel[]): readonly NamedVariant[] {
  const values = new Map<string, Set<string | undefined>>();
  const all = kernels.map((kernel) => ({ kernel, settings: settingsOf(kernel) }));
  const key = (kernel: Kernel, name: string) => `${kernel.label}\n${name}`;
  const namesOf = new Map<string, Set<string>>();
  for (const { kernel, settings } of all) {
    const names = namesOf.get(kernel.label) ?? new Set();
    namesOf.set(kernel.label, names);
    for (const name of settings.keys()) names.add(name);
  }
  for (const { kernel, settings } of all) {
    for (const name of namesOf.get(kernel.label) ?? []) {
      const known = values.get(key(kernel, name)) ?? new Set();
      values.set(key(kernel, name), known.add(settings.get(name)));
    }
  }
  return all.map(({ kernel, settings }) => {
    const telling = [...settings].filter(([name]) => (values.get(key(kernel, name))?.size ?? 0) > 1);
    return {
      kernel,
      words: [
        ...kernel.label.split(' '),
        ...telling.map(([name, value]) => (value === '' ? name : `${name}=${value}`)),
      ],
    };
  });
}

/** The variants that have all of these words: only the one that has no others, or those whose label is these words. */
export function findVariants(variants: readonly NamedVariant[], words: readonly string[]): readonly NamedVariant[] {
  const found = variants.filter((each) => words.every((word) => each.words.includes(word)));
  const whole = found.filter((each) => each.words.length === words.length);
  if (whole.length > 0) return whole;
  const label = words.filter((word) => !word.includes('=')).join(' ');
  const exact = found.filter(({ kernel }) => kernel.label === label);
  return exact.length > 0 ? exact : found;
}
