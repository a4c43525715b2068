// What form answers are to have: JSON, JSON by a schema, a regular expression, or one of several texts.
import { type Accessor, createMemo } from 'solid-js';
import type { ResponseFormat } from '../../worker/contract';
import { createStored, isRecord } from '../shared/local-storage';

export type FormKind = ResponseFormat['type'];

/** The kinds by the names that people choose them by. */
export const FORM_KINDS: readonly { readonly kind: FormKind; readonly name: string }[] = [
  { kind: 'text', name: 'Any text' },
  { kind: 'json_object', name: 'JSON' },
  { kind: 'json_schema', name: 'JSON by a schema' },
  { kind: 'regex', name: 'Regular expression' },
  { kind: 'choice', name: 'One of several answers' },
];

/** What stands in the editor of each kind. */
interface Written {
  readonly kind: FormKind;
  readonly schema: string;
  readonly pattern: string;
  /** One a line. */
  readonly choices: string;
}

/** The kinds that have an editor, with the field that it writes. */
export const EDITED = { json_schema: 'schema', regex: 'pattern', choice: 'choices' } as const;

const initial: Written = {
  kind: 'text',
  schema: `{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "age": { "type": "integer" }
  },
  "required": ["name", "age"]
}`,
  pattern: '(yes|no)',
  choices: 'yes\nno',
};

function parseWritten(stored: unknown): Written | undefined {
  if (!isRecord(stored)) return undefined;
  const text = (key: 'schema' | 'pattern' | 'choices') => {
    const value = stored[key];
    return typeof value === 'string' ? value : initial[key];
  };
  const kind = FORM_KINDS.find((each) => each.kind === stored['kind'])?.kind ?? initial.kind;
  return { kind, schema: text('schema'), pattern: text('pattern'), choices: text('choices') };
}

export interface AnswerForm {
  readonly kind: Accessor<FormKind>;
  choose(kind: FormKind): void;
  /** What stands in the kind's editor; empty for a kind without one. */
  readonly text: Accessor<string>;
  write(text: string): void;
  /** What generations are asked with; undefined for any text, and where the editor's text is none. */
  readonly format: Accessor<ResponseFormat | undefined>;
  /** Why the editor's text is no form, as far as it can be told without the engine. */
  readonly problem: Accessor<string | undefined>;
}

/** A form, or why there is none. */
export function formOf({ kind, schema, pattern, choices }: Written): ResponseFormat | string | undefined {
  switch (kind) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: kind };
    case 'regex':
      return pattern === '' ? 'Write a regular expression that the whole answer is to match.' : { type: kind, pattern };
    case 'choice': {
      const list = [...new Set(choices.split('\n').map((line) => line.trim()))].filter((line) => line !== '');
      return list.length === 0 ? 'Write the answers to choose among, one a line.' : { type: kind, choices: list };
    }
    case 'json_schema':
      return schemaForm(schema);
  }
}

function schemaForm(text: string): ResponseFormat | string {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    return `The schema is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof schema === 'boolean' || isRecord(schema)) return { type: 'json_schema', json_schema: { schema } };
  return 'A schema is a JSON object, such as {"type": "object"}.';
}

/** @param key where it is kept */
export function createAnswerForm(key: string): AnswerForm {
  const [written, store] = createStored(key, initial, parseWritten);
  const made = createMemo(() => formOf(written()));
  const field = () =>
    Object.hasOwn(EDITED, written().kind) ? EDITED[written().kind as keyof typeof EDITED] : undefined;
  return {
    kind: () => written().kind,
    choose: (kind) => store({ ...written(), kind }),
    text() {
      const name = field();
      return name ? written()[name] : '';
    },
    write(text) {
      const name = field();
      if (name) store({ ...written(), [name]: text });
    },
    format() {
      const form = made();
      return typeof form === 'string' ? undefined : form;
    },
    problem() {
      const form = made();
      return typeof form === 'string' ? form : undefined;
    },
  };
}
