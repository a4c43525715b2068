// A JSON Schema (2020-12) as a grammar whose texts it accepts, one and all. What cannot be held to is refused, and where it stands
// is said. Of what a schema leaves open, the grammar has less: an object with `properties` has no others, and they come in the
// schema's order.
import { isObject, type JsonObject } from '../../core/json';
import { literal, oneOf, Rules, sequence } from './ebnf';
import { anything, arrayOf, integer, mapOf, numeral, text, textOf, written } from './json-rules';
import { patternPart } from './pattern';
import { integerBetween, numberBetween } from './ranges';
import { regularPart } from './regular';
import type { JsonSchema } from './response-format';
import { badSchema, checkKeywords, countIn, listIn, numbersIn, pointerInto, typesOf } from './schema-checks';
import { checkExclusive } from './schema-choices';

/** Formats of strings that are held to; all others say nothing, as in JSON Schema. */
const FORMATS: Readonly<Record<string, string>> = {
  date: '\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))',
  time: '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+\\-](?:[01]\\d|2[0-3]):[0-5]\\d)',
  uuid: '[\\da-f]{8}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{12}',
  ipv4: '(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)',
  email:
    '[A-Za-z0-9_+\\-]{1,32}(?:\\.[A-Za-z0-9_+\\-]{1,32}){0,3}@[A-Za-z0-9]{1,32}(?:[.\\-][A-Za-z0-9]{1,32}){0,3}\\.[A-Za-z]{2,8}',
};
const DATE_TIME = `${FORMATS['date']}T${FORMATS['time']}`;

/**
 * The grammar of a schema, in EBNF.
 * @throws PronkError `bad-schema`, whose message begins with the place in the schema
 */
export function schemaGrammar(root: JsonSchema): string {
  const { rules, part } = schemaRules(root);
  return rules.text(part);
}

/** The rules of a schema, and the part that calls them. @throws PronkError `bad-schema` */
export function schemaRules(root: JsonSchema): { readonly rules: Rules; readonly part: string } {
  return new Translation(root).translated();
}

class Translation {
  readonly #root: JsonSchema;
  readonly #rules = new Rules();
  /** References on the way that no value lies between. */
  readonly #following = new Set<string>();

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  translated() {
    return { part: this.#part(this.#root, '#'), rules: this.#rules };
  }

  /** A schema in a value of its own: references begin anew below it. */
  #inside(schema: unknown, at: string): string {
    const before = [...this.#following];
    this.#following.clear();
    const part = this.#part(schema, at);
    for (const each of before) this.#following.add(each);
    return part;
  }

  #part(schema: unknown, at: string): string {
    if (schema === true) return anything(this.#rules);
    if (schema === false) throw badSchema(at, 'false accepts nothing');
    if (!isObject(schema)) throw badSchema(at, 'a schema is an object, true or false');
    checkKeywords(schema, at);
    if ('$ref' in schema) return this.#reference(schema, at);
    if ('const' in schema) return literal(written(schema['const']));
    if ('enum' in schema) return this.#enumeration(schema, at);
    for (const word of ['anyOf', 'oneOf', 'allOf'] as const) if (word in schema) return this.#choice(schema, word, at);
    const types = typesOf(schema, at);
    if (types === undefined) return anything(this.#rules);
    return oneOf(types.map((type) => this.#typed(type, schema, at)));
  }

  #reference({ $ref }: JsonObject, at: string): string {
    if (typeof $ref !== 'string') throw badSchema(at, '$ref is a text');
    if (this.#following.has($ref)) throw badSchema(at, `$ref ${$ref} leads to itself`);
    const target = pointerInto(this.#root, $ref, at);
    this.#following.add($ref);
    const name = `ref${Array.from($ref, (each) => (/[A-Za-z0-9]/.test(each) ? each : `_${each.codePointAt(0)}`)).join('')}`;
    const part = this.#rules.add(name, () => this.#part(target, $ref));
    this.#following.delete($ref);
    return part;
  }

  #enumeration(schema: JsonObject, at: string): string {
    const types = typesOf(schema, at);
    const isTyped = (value: unknown) => {
      if (types === undefined) return true;
      const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
      return types.includes(type as never) || (types.includes('integer') && Number.isInteger(value));
    };
    const values = listIn(schema, 'enum', at).filter(isTyped);
    if (values.length === 0) throw badSchema(`${at}/enum`, 'no value is of the type');
    return oneOf(values.map((value) => literal(written(value))));
  }

  #choice(schema: JsonObject, word: 'anyOf' | 'oneOf' | 'allOf', at: string): string {
    const members = listIn(schema, word, at);
    if (word === 'oneOf') checkExclusive(members, this.#root, `${at}/oneOf`);
    if (word === 'allOf' && members.length > 1) {
      throw badSchema(`${at}/allOf`, 'several schemas at once cannot be held to. Write them as one');
    }
    return oneOf(members.map((each, i) => this.#part(each, `${at}/${word}/${i}`)));
  }

  #typed(type: string, schema: JsonObject, at: string): string {
    switch (type) {
      case 'null':
        return '"null"';
      case 'boolean':
        return '("true" | "false")';
      case 'integer':
      case 'number':
        return this.#number(type, schema, at);
      case 'string':
        return this.#string(schema, at);
      case 'array':
        return this.#array(schema, at);
      default:
        return this.#object(schema, at);
    }
  }

  #number(type: 'integer' | 'number', schema: JsonObject, at: string): string {
    const bounds = numbersIn(schema, ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], at);
    if (Object.keys(bounds).length === 0) return type === 'integer' ? integer(this.#rules) : numeral(this.#rules);
    const part = type === 'integer' ? integerBetween(bounds) : numberBetween(bounds);
    if (part === undefined) throw badSchema(at, `no ${type} of at most 15 digits lies between its bounds`);
    return regularPart(this.#rules, part);
  }

  #string(schema: JsonObject, at: string): string {
    const { pattern, format } = schema;
    const least = countIn(schema, 'minLength', at) ?? 0;
    const most = countIn(schema, 'maxLength', at);
    if (most !== undefined && least > most) throw badSchema(at, 'minLength is more than maxLength');
    const counted = 'minLength' in schema || 'maxLength' in schema;
    const known = format === 'date-time' ? DATE_TIME : typeof format === 'string' ? FORMATS[format] : undefined;
    if (pattern !== undefined || known !== undefined) {
      if (counted)
        throw badSchema(at, 'a length beside a pattern or a format cannot be held to. Put it into the pattern');
      if (pattern !== undefined && known !== undefined) {
        throw badSchema(at, 'a pattern beside a format cannot be held to. Leave one of them out');
      }
    }
    if (known !== undefined) return text(this.#rules, patternPart(known, 'json', true));
    if (pattern === undefined) return textOf(this.#rules, least, most);
    if (typeof pattern !== 'string') throw badSchema(`${at}/pattern`, 'a pattern is a text');
    try {
      return text(this.#rules, patternPart(pattern, 'json', false));
    } catch (error) {
      throw badSchema(`${at}/pattern`, (error as Error).message.replace(/\.$/, ''));
    }
  }

  #array(schema: JsonObject, at: string): string {
    const { items = true } = schema;
    const first = 'prefixItems' in schema ? listIn(schema, 'prefixItems', at) : [];
    const least = countIn(schema, 'minItems', at) ?? 0;
    const most = countIn(schema, 'maxItems', at);
    if (most !== undefined && least > most) throw badSchema(at, 'minItems is more than maxItems');
    if (items === false && least > first.length) {
      throw badSchema(at, 'minItems asks for more than prefixItems has, and items is false');
    }
    const places = first.map((each, i) => this.#inside(each, `${at}/prefixItems/${i}`));
    const rest = items === false ? undefined : this.#inside(items, `${at}/items`);
    return this.#rule(arrayOf(places, rest, least, most));
  }

  #object(schema: JsonObject, at: string): string {
    const { properties = {}, additionalProperties = true } = schema;
    if (!isObject(properties)) throw badSchema(`${at}/properties`, 'properties are an object of schemas');
    const required = 'required' in schema ? listIn(schema, 'required', at, true) : [];
    const names = Object.keys(properties);
    const missing = required.find((name) => !names.includes(name as string));
    if (missing !== undefined) {
      throw badSchema(`${at}/required`, `${JSON.stringify(missing)} is none of the properties. Describe it there`);
    }
    if (names.length === 0) {
      if (additionalProperties === false) return '"{}"';
      return this.#rule(mapOf(this.#rules, this.#inside(additionalProperties, `${at}/additionalProperties`)));
    }
    const members = names.map((name) => ({
      needed: required.includes(name),
      part: sequence([
        literal(`${JSON.stringify(name)}: `),
        this.#inside(properties[name], `${at}/properties/${name}`),
      ]),
    }));
    // what may follow once the first members are decided: with a comma in front where one of them is there
    let [begun, open] = ['""', '""'];
    for (const { needed, part } of members.toReversed()) {
      const later = sequence([literal(', '), part, begun]);
      const here = sequence([part, begun]);
      [begun, open] = needed
        ? [this.#rule(later), this.#rule(here)]
        : [this.#rule(oneOf([later, begun])), this.#rule(oneOf([here, open]))];
    }
    return sequence(['"{"', open, '"}"']);
  }

  /** A part by name, so that what calls it stays short. */
  #rule(part: string): string {
    if (part.length < 40) return part;
    return this.#rules.add(this.#rules.fresh(), () => part);
  }
}
