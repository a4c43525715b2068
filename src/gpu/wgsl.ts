// Composes a kernel's source from WGSL files: aliases and constants in front, snippets, then the kernel itself.
// The only construct beyond WGSL is an unrolled loop over a compile-time count, written in comments:
//     //: for r in ROWS
//     var acc_$r = 0.0;
//     //: end r
// Register tiles must be named scalars, or arrays indexed by literals: compilers spill arrays that a loop variable indexes. Many
// registers take some compilers minutes, however (LLVM 15 under lavapipe, 512 of them in one block), so that
//     //: for i in QUADS or params.quads
// is unrolled up to 16 times, and beyond that stays a loop, over a bound that the compiler does not know.

/** Names that `compose` replaces: numbers become `const`s, strings become `alias`es. */
export type Definitions = Readonly<Record<string, number | string>>;

const LOOP = /^[ \t]*\/\/: for (\w+) in (\w+)(?: or (\S+))?[ \t]*\n([\s\S]*?)^[ \t]*\/\/: end \1[ \t]*\n/m;
const UNROLLED = 16;

/** Unrolls `//: for i in COUNT … //: end i`, `$i` becoming the index. Loops nest. With `or BOUND`, many turns stay a loop. */
export function unroll(source: string, definitions: Definitions): string {
  let text = source;
  for (let match = LOOP.exec(text); match; match = LOOP.exec(text)) {
    const [whole, variable, count, bound, body] = match as unknown as [
      string,
      string,
      string,
      string | undefined,
      string,
    ];
    const times = /^\d+$/.test(count) ? Number(count) : definitions[count];
    if (typeof times !== 'number') throw new Error(`unroll: ${count} is not a defined number`);
    const turn = (index: string) => body.replaceAll(`$${variable}`, index);
    const turns =
      bound !== undefined && times > UNROLLED
        ? `for (var ${variable} = 0u; ${variable} < ${bound}; ${variable}++) {\n${turn(variable)}}\n`
        : Array.from({ length: times }, (_, i) => turn(String(i))).join('');
    text = text.replace(whole, () => turns);
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
