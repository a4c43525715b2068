// The grammar of an answer's form.
import { PronkError } from '../../core/errors';
import { literal, oneOf, Rules } from './ebnf';
import { anything, mapOf } from './json-rules';
import { schemaGrammar } from './json-schema';
import { patternPart } from './pattern';
import { regularPart } from './regular';
import type { ResponseFormat } from './response-format';

const wrong = (what: string) => new PronkError('bad-form', `The form of the answer is not clear: ${what}.`);

/**
 * A form's grammar in EBNF; undefined where any text will do. What comes from outside may be of any shape.
 * @throws PronkError `bad-schema`, `bad-regex`, `bad-form`
 */
export function formGrammar(format: ResponseFormat): string | undefined {
  switch (format.type) {
    case 'text':
      return undefined;
    case 'json_object': {
      const rules = new Rules();
      return rules.text(mapOf(rules, anything(rules)));
    }
    case 'json_schema': {
      const { schema } = (format.json_schema as Partial<typeof format.json_schema> | undefined) ?? {};
      if (schema === undefined) throw wrong('response_format.json_schema.schema is missing');
      return schemaGrammar(schema);
    }
    case 'regex': {
      if (typeof (format.pattern as unknown) !== 'string') throw wrong('the pattern is a text');
      const rules = new Rules();
      return rules.text(regularPart(rules, patternPart(format.pattern, 'text', true)));
    }
    case 'choice': {
      const { choices } = format;
      const fits = Array.isArray(choices) && choices.length > 0 && choices.every((each) => typeof each === 'string');
      if (!fits) throw wrong('choices are a list of texts, one at least');
      if (choices.includes('')) throw wrong('a choice is empty');
      return new Rules().text(oneOf([...new Set(choices)].map(literal)));
    }
    default: {
      const { type } = format as { readonly type?: unknown };
      throw wrong(`${JSON.stringify(type)} is no type. Types are text, json_object, json_schema, regex and choice`);
    }
  }
}
