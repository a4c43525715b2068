// What a schema may say: its keywords' own forms, and those that a grammar cannot be held to.
import { PronkError } from '../../core/errors';
import { isObject, type JsonObject } from '../../core/json';

/** Keywords that say what a value is, in the groups that a grammar can hold to at once. */
const WHOLE = ['$ref', 'const', 'enum', 'anyOf', 'oneOf', 'allOf'] as const;
const PARTS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'pattern',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'properties',
  'required',
  'additionalProperties',
];
const REFUSED = [
  'not',
  'if',
  'then',
  'else',
  'contains',
  'minContains',
  'maxContains',
  'multipleOf',
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'unevaluatedItems',
  'unevaluatedProperties',
  '$dynamicRef',
];
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;

/** A schema that cannot be held to. `what` is a clause without its full stop. */
export function badSchema(at: string, what: string): PronkError {
  return new PronkError('bad-schema', `The JSON schema at ${at}: ${what}.`);
}

/** @throws PronkError `bad-schema` for keywords that a grammar cannot be held to, alone or beside each other */
export function checkKeywords(schema: JsonObject, at: string): void {
  const refused = REFUSED.find((word) => word in schema);
  if (refused !== undefined)
    throw badSchema(at, `“${refused}” cannot be held to while an answer is written. Leave it out`);
  if (schema['uniqueItems'] === true)
    throw badSchema(at, '“uniqueItems” cannot be held to while an answer is written. Leave it out');
  const [whole, other] = WHOLE.filter((word) => word in schema);
  if (whole === undefined) return;
  const typed = whole !== 'enum' && whole !== 'const' && 'type' in schema ? ['type'] : [];
  const beside = [...(other === undefined ? [] : [other]), ...PARTS.filter((word) => word in schema), ...typed][0];
  if (beside !== undefined)
    throw badSchema(at, `“${beside}” beside “${whole}” cannot be held to. Put it into its schemas`);
}

/** The types that a schema names, undefined where it names none but says what one is like. */
export function typesOf(schema: JsonObject, at: string): readonly (typeof TYPES)[number][] | undefined {
  const { type } = schema;
  if (type === undefined) {
    // a schema without a type that says something of objects means one
    if ('properties' in schema || 'additionalProperties' in schema) return ['object'];
    if ('items' in schema || 'prefixItems' in schema) return ['array'];
    const said = PARTS.find((word) => word in schema);
    if (said !== undefined) throw badSchema(at, `“${said}” needs a “type” beside it`);
    return undefined;
  }
  const all = Array.isArray(type) ? type : [type];
  const wrong = all.find((each) => !TYPES.includes(each as (typeof TYPES)[number]));
  if (wrong !== undefined || all.length === 0) {
    throw badSchema(`${at}/type`, `${JSON.stringify(wrong ?? type)} is no type. Types are ${TYPES.join(', ')}`);
  }
  return all as (typeof TYPES)[number][];
}

/** A keyword's list, of texts where that is asked for. @throws PronkError `bad-schema` */
export function listIn(schema: JsonObject, word: string, at: string, texts = false): readonly unknown[] {
  const value = schema[word];
  const fits = Array.isArray(value) && (!texts || value.every((each) => typeof each === 'string'));
  if (!fits) throw badSchema(`${at}/${word}`, `${word} is a list${texts ? ' of names' : ''}`);
  if (value.length === 0 && !texts && word !== 'prefixItems') throw badSchema(`${at}/${word}`, 'the list is empty');
  return value;
}

/** A keyword's count. @throws PronkError `bad-schema` */
export function countIn(schema: JsonObject, word: string, at: string): number | undefined {
  const value = schema[word];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw badSchema(`${at}/${word}`, `${word} is a whole number of at least 0`);
}

/** Keywords that are numbers. @throws PronkError `bad-schema` */
export function numbersIn(schema: JsonObject, words: readonly string[], at: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const word of words) {
    const value = schema[word];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw badSchema(`${at}/${word}`, `${word} is a number`);
    found[word] = value;
  }
  return found;
}

/** What a reference inside of a schema leads to. @throws PronkError `bad-schema` */
export function pointerInto(root: unknown, reference: string, at: string): unknown {
  if (!/^#(?:\/|$)/.test(reference)) {
    throw badSchema(at, `$ref ${reference} leads out of the schema. Put what it names under $defs`);
  }
  let value = root;
  for (const word of decodeURIComponent(reference).split('/').slice(1)) {
    const key = word.replaceAll('~1', '/').replaceAll('~0', '~');
    const inside = isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>) : {};
    if (!Object.hasOwn(inside, key)) throw badSchema(at, `$ref ${reference} leads nowhere`);
    value = inside[key];
  }
  return value;
}
