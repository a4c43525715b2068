// `oneOf` is held to where no value fits two of its schemas, which can be seen: by their types, or by a property that each of them
// gives other values.
import { isObject } from '../../core/json';
import { badSchema, pointerInto } from './schema-checks';

/** @throws PronkError `bad-schema` where two of them may accept one value */
export function checkExclusive(members: readonly unknown[], root: unknown, at: string): void {
  members.forEach((one, i) => {
    for (const other of members.slice(i + 1)) {
      if (areApart(resolved(one, root, at), resolved(other, root, at))) continue;
      throw badSchema(
        at,
        'one value may fit two of its schemas. Use anyOf, or give each of them a property with a const of its own',
      );
    }
  });
}

function resolved(schema: unknown, root: unknown, at: string): Readonly<Record<string, unknown>> {
  let found = schema;
  for (let steps = 0; isObject(found) && typeof found['$ref'] === 'string' && steps < 20; steps++) {
    found = pointerInto(root, found['$ref'], at);
  }
  return isObject(found) ? found : {};
}

type Schema = Readonly<Record<string, unknown>>;

/** Whether it can be seen that no value fits both. */
function areApart(one: Schema, other: Schema): boolean {
  const [values, others] = [valuesOf(one), valuesOf(other)];
  if (values && others) return values.every((value) => !others.includes(value));
  const [types, otherTypes] = [kindsOf(one), kindsOf(other)];
  if (types && otherTypes && types.every((type) => !otherTypes.includes(type))) return true;
  const [properties, otherProperties] = [one['properties'], other['properties']];
  if (!isObject(properties) || !isObject(otherProperties)) return false;
  const needed = (schema: Schema, name: string) =>
    Array.isArray(schema['required']) && schema['required'].includes(name);
  return Object.keys(properties).some((name) => {
    const [mine, theirs] = [properties[name], otherProperties[name]];
    if (!needed(one, name) || !needed(other, name) || !isObject(mine) || !isObject(theirs)) return false;
    const [a, b] = [valuesOf(mine), valuesOf(theirs)];
    return a !== undefined && b !== undefined && a.every((value) => !b.includes(value));
  });
}

/** Values of an enum or a const, as JSON. */
function valuesOf(schema: Schema): readonly string[] | undefined {
  if ('const' in schema) return [JSON.stringify(schema['const'])];
  return Array.isArray(schema['enum']) ? schema['enum'].map((value) => JSON.stringify(value)) : undefined;
}

/** Types; whole numbers are numbers. */
function kindsOf(schema: Schema): readonly string[] | undefined {
  const values = valuesOf(schema)?.map((value): unknown => JSON.parse(value));
  if (values) return values.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value));
  const { type } = schema;
  if (type === undefined) return undefined;
  return (Array.isArray(type) ? type : [type]).map((each) => (each === 'integer' ? 'number' : String(each)));
}
