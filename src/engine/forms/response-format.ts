// What form an answer is to have: OpenAI's `response_format`, and beside it a regular expression or one of several texts.

/** A JSON Schema: an object of keywords, `true` for anything, `false` for nothing. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** The form of an answer; every answer that ends by itself has it. */
export type ResponseFormat =
  | { readonly type: 'text' }
  /** A JSON object, whatever is in it. */
  | { readonly type: 'json_object' }
  /** JSON that the schema accepts. */
  | {
      readonly type: 'json_schema';
      readonly json_schema: { readonly schema: JsonSchema; readonly name?: string; readonly strict?: boolean | null };
    }
  /** Beyond OpenAI's: a text that the whole pattern matches. */
  | { readonly type: 'regex'; readonly pattern: string }
  /** Beyond OpenAI's: one of these texts. */
  | { readonly type: 'choice'; readonly choices: readonly string[] };
