// What WGSL declares: names at module scope, and for the CPU structs and the bindings of group 0. This is the one place that
// reads WGSL by regular expressions, and it takes nothing on trust: what it finds must be what an op's literal says
// (src/gpu/op.ts), and what snippets say that they need (src/gpu/wgsl.ts).
import type { Fields } from './struct';

/** How a shader uses a buffer. */
export type Access = 'uniform' | 'read' | 'read_write';

export interface Binding {
  readonly name: string;
  /** Number in group 0. */
  readonly binding: number;
  readonly access: Access;
}

const COMMENT = /\/\/.*$/gm;
const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var<(?:(uniform)|storage,\s*(read_write|read))>\s*(\w+)\s*:/g;
const ANY_BINDING = /@binding\b/g;
const FIELD = /(\w+)\s*:\s*([\w<>]+)\s*(?:,|$)/g;

/** Declarations at module scope begin their line; those within functions are indented. */
const DECLARATION = /^(?:@\w+(?:\([^)]*\))? *)*(?:fn|struct|alias|const|override|var(?:<[^>]*>)?) +(\w+)/gm;

/** Names that WGSL declares at module scope: functions, types, constants, overrides and variables. */
export function readNames(wgsl: string): readonly string[] {
  return Array.from(wgsl.matchAll(DECLARATION), ([, name]) => name);
}

/** The bindings of a module, by name. @throws when one is declared in a way that cannot be read here */
export function readBindings(wgsl: string): Binding[] {
  const code = wgsl.replaceAll(COMMENT, '');
  const found = Array.from(code.matchAll(BINDING), ([, binding, uniform, access, name]) => ({
    name,
    binding: Number(binding),
    access: (uniform ?? access) as Access,
  }));
  const all = code.match(ANY_BINDING)?.length ?? 0;
  if (all !== found.length)
    throw new Error(`${all - found.length} bindings are not written as @group(0) @binding(…) var<…>`);
  return found;
}

/** The fields of a struct in their order, as `name: type`; undefined where there is no such struct. */
function readStruct(wgsl: string, name: string): string[] | undefined {
  const body = new RegExp(`\\bstruct ${name} \\{([^}]*)\\}`).exec(wgsl.replaceAll(COMMENT, ''))?.[1];
  return body === undefined
    ? undefined
    : Array.from(body.trim().matchAll(FIELD), ([, field, type]) => `${field}: ${type}`);
}

/** Holds a struct of a module against the fields that the CPU fills. @throws when they differ in name, type or order */
export function checkStruct(wgsl: string, name: string, fields: Fields): void {
  const wanted = Object.entries(fields).map(([field, type]) => `${field}: ${type}`);
  const found = readStruct(wgsl, name) ?? [];
  if (found.join(', ') === wanted.join(', ')) return;
  throw new Error(`struct ${name} is { ${found.join(', ')} } in WGSL, and { ${wanted.join(', ')} } in TypeScript`);
}

/**
 * Holds the bindings of a module against those of an op.
 * @param wanted access by name; with a question mark, a variant may do without
 * @throws when one is unknown, missing, or used in another way
 */
export function checkBindings(
  found: readonly Binding[],
  wanted: Readonly<Record<string, Access | `${Access}?`>>,
): void {
  const declared = new Map(found.map(({ name, access }) => [name, access]));
  for (const [name, access] of declared) {
    if (!Object.hasOwn(wanted, name)) throw new Error(`the shader binds ${name}, and the op does not`);
    const use = wanted[name].replace('?', '');
    if (use !== access) throw new Error(`${name} is ${access} in the shader, and ${use} in the op`);
  }
  for (const [name, access] of Object.entries(wanted)) {
    if (!declared.has(name) && !access.endsWith('?')) throw new Error(`the op binds ${name}, and the shader does not`);
  }
}
