// Tokens that a vocabulary got after its training: Hugging Face keeps them in files of their own.

import type { TokenizerDefinition } from './checkpoint';
import type { ModelFiles } from './files';
import { type JsonObject, isObject, stringIn } from './json';

/** A token that came after training. */
export interface AddedToken {
  readonly id: number;
  /** Made by id only, never from text. */
  readonly special: boolean;
}

/** By their text. */
export type AddedTokens = ReadonlyMap<string, AddedToken>;

/** `tokenizer.ggml.token_type` */
export const TokenType = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

/** Ids that vocabularies leave out before the tokens that were added; more is nonsense, and would cost memory. */
const MAX_GAP = 1 << 16;

/** A definition with the tokens that were added later, and without those that the model has no rows for. */
export function withAdded(definition: TokenizerDefinition, added: AddedTokens, limit: number): TokenizerDefinition {
  switch (definition.kind) {
    case 'sentencepiece': {
      if (!added.size) return definition;
      return { ...definition, added: Object.fromEntries(Array.from(added, ([text, { id }]) => [text, id])) };
    }
    case 'huggingface':
      return { ...definition, json: jsonWithAdded(definition.json, added, limit) };
    case 'gguf': {
      const tokens = [...definition.tokens];
      const types = Array.from(definition.types ?? []);
      for (const [text, { id, special }] of added) {
        if (id > definition.tokens.length + MAX_GAP) continue;
        for (let next = tokens.length; next <= id; next++) {
          tokens.push(`[UNUSED${next}]`);
          types.push(TokenType.unused);
        }
        tokens[id] = text;
        types[id] = special ? TokenType.control : TokenType.userDefined;
      }
      return { ...definition, tokens, types };
    }
  }
}

/** A tokenizer.json with the tokens of other files; the same text where those say nothing new. */
function jsonWithAdded(text: string, added: AddedTokens, limit: number): string {
  const json = JSON.parse(text) as JsonObject;
  const listed = (Array.isArray(json['added_tokens']) ? json['added_tokens'] : []).filter(isObject);
  const taken = new Set<unknown>(Object.values((json['model'] as JsonObject)['vocab'] as JsonObject));
  for (const { id } of listed) taken.add(id);
  const news = Array.from(added, ([content, token]) => ({ content, ...token })).filter(({ id }) => !taken.has(id));
  const kept = listed.filter(({ id }) => isId(id) && id < limit);
  if (!news.length && kept.length === listed.length) return text;
  return JSON.stringify({ ...json, added_tokens: [...kept, ...news] });
}

/** added_tokens.json (special, all of them) and the configuration's added_tokens_decoder (which says which are). */
export function addedTokens({ addedTokens: file, tokenizerConfig }: ModelFiles): AddedTokens {
  const tokens = new Map<string, AddedToken>();
  for (const [text, id] of Object.entries(file?.json ?? {})) if (isId(id)) tokens.set(text, { id, special: true });
  const decoder = tokenizerConfig?.json['added_tokens_decoder'];
  for (const [id, token] of Object.entries(isObject(decoder) ? decoder : {})) {
    const text = contentOf(token);
    const special = !(isObject(token) && token['special'] === false);
    if (text !== undefined && /^\d+$/.test(id)) tokens.set(text, { id: Number(id), special });
  }
  return tokens;
}

/** The text of a token that is given as a string or as an object. */
export function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) ? stringIn(value, 'content') : undefined;
}

export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
