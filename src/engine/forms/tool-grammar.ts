// Calls that an answer must have: what stands in front of them, and the grammar of the rest.
import { PronkError } from '../../core/errors';
import { isObject } from '../../core/json';
import type { CallForm, Tool } from '../../tokenizer/tools';
import { literal, sequence } from './ebnf';
import { schemaRules } from './json-schema';
import type { JsonSchema } from './response-format';

/** Which calls are asked for, as OpenAI has it: none, any or none, at least one, or one of this function. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly function: { readonly name: string } };

/** The tools that a choice leaves. @throws PronkError `bad-request` */
export function chosenTools(tools: readonly Tool[], choice: ToolChoice): readonly Tool[] {
  if (typeof choice === 'string') return choice === 'none' ? [] : tools;
  const { name } = choice.function;
  const chosen = tools.filter(({ function: { name: each } }) => each === name);
  if (chosen.length > 0) return chosen;
  throw new PronkError('bad-request', `tool_choice names the function ${name}, which is none of the tools.`);
}

/** Whether an answer must call. */
export const mustCall = (choice: ToolChoice): boolean => choice === 'required' || typeof choice !== 'string';

/**
 * The grammar of a call, behind the form's opening.
 * @throws PronkError `bad-schema` with the place in the tool's parameters
 */
export function callGrammar(tools: readonly Tool[], { argumentsName, close, isList }: CallForm): string {
  const calls = tools.map(({ function: { name, parameters } }, i) => ({
    type: 'object',
    properties: {
      name: { const: name },
      [argumentsName]: moved(
        parameters ?? { type: 'object', additionalProperties: false },
        `#/anyOf/${i}/properties/${argumentsName}`,
      ),
    },
    required: ['name', argumentsName],
  }));
  const { rules, part } = schemaRules({ anyOf: calls });
  return rules.text(isList ? sequence([literal('['), part, literal(`]${close}`)]) : sequence([part, literal(close)]));
}

/** A schema whose references are those of another place. */
function moved(schema: unknown, to: string): JsonSchema {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        const isReference = key === '$ref' && typeof each === 'string' && each.startsWith('#');
        return [key, isReference ? `${to}${each.slice(1)}` : walk(each)];
      }),
    );
  };
  return walk(schema) as JsonSchema;
}
