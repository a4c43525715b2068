// Composes a kernel's source from WGSL files: aliases and constants in front, snippets, then the kernel itself.
// The only construct beyond WGSL is an unrolled loop over a compile-time count, written in comments:
//     //: for r in ROWS
//     var acc_$r = 0.0;
//     //: end
// Register tiles must be named scalars: compilers spill arrays that a loop variable indexes.

/** Names that `compose` replaces: numbers become `const`s, strings become `alias`es. */
export type Definitions = Readonly<Record<string, number | string>>;

const LOOP = /^[ \t]*\/\/: for (\w+) in (\w+)[ \t]*\n([\s\S]*?)^[ \t]*\/\/: end \1[ \t]*\n/m;

/** Unrolls `//: for i in COUNT … //: end i`, `$i` becoming the index. Loops nest. */
export function unroll(source: string, definitions: Definitions): string {
  let text = source;
  for (let match = LOOP.exec(text); match; match = LOOP.exec(text)) {
    const [whole, variable, count, body] = match as unknown as [string, string, string, string];
    const times = /^\d+$/.test(count) ? Number(count) : definitions[count];
    if (typeof times !== 'number') throw new Error(`unroll: ${count} is not a defined number`);
    const copies = Array.from({ length: times }, (_, i) => body.replaceAll(`$${variable}`, String(i)));
    text = text.replace(whole, () => copies.join(''));
  }
  return text;
}

/** One WGSL module from definitions and sources; `enable` lines come first, as the grammar demands. */
export function compose(definitions: Definitions, ...sources: string[]): string {
  const header = Object.entries(definitions).map(([name, value]) =>
    typeof value === 'number' ? `const ${name} = ${value}u;` : `alias ${name} = ${value};`,
  );
  const body = sources.map((source) => unroll(source, definitions)).join('\n');
  const enables: string[] = [];
  if (Object.values(definitions).includes('f16')) enables.push('enable f16;');
  if (/\bsubgroup[A-Z]\w*\(/.test(body)) enables.push('enable subgroups;');
  return [...enables, ...header, body].join('\n');
}
