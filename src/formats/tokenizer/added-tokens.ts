// Tokens that a vocabulary got after its training: Hugging Face keeps them in files of their own.

import type { AddedToken, TokenizerDefinition } from '../../core/checkpoint';
import type { ModelFiles } from '../checkpoint/files';
import { type JsonObject, isObject, parseObject, stringIn } from '../../core/json';

/** By their text. */
export type AddedTokens = ReadonlyMap<string, AddedToken>;

/** `tokenizer.ggml.token_type` */
export const TokenType = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

/** Ids that vocabularies leave out before the tokens that were added; more is nonsense, and would cost memory. */
const MAX_GAP = 1 << 16;

/** A definition with the tokens that were added later, and without those that the model has no rows for. */
export function withAdded(definition: TokenizerDefinition, added: AddedTokens, limit: number): TokenizerDefinition {
  switch (definition.kind) {
    case 'sentencepiece':
      return added.size ? { ...definition, added: Array.from(added.values()) } : definition;
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
      return { ...definition, tokens, types, ...(added.size && { added: Array.from(added.values()) }) };
    }
  }
}

/** A tokenizer.json with the tokens of other files; the same text where those say nothing new. */
function jsonWithAdded(text: string, added: AddedTokens, limit: number): string {
  const json = parseObject(text, 'tokenizer.json');
  const listed = (Array.isArray(json['added_tokens']) ? json['added_tokens'] : []).filter(isObject);
  const taken = new Set<unknown>(Object.values((json['model'] as JsonObject)['vocab'] as JsonObject));
  for (const { id } of listed) taken.add(id);
  const news = Array.from(added.values()).filter(({ id }) => !taken.has(id));
  const kept = listed.filter(({ id }) => isId(id) && id < limit);
  // a configuration that names a token again says what it does now
  const merged = kept.map((token) => {
    const again = typeof token['content'] === 'string' ? added.get(token['content']) : undefined;
    return again && again.id === token['id'] ? { ...token, ...jsonToken(again) } : token;
  });
  if (!news.length && JSON.stringify(merged) === JSON.stringify(listed)) return text;
  return JSON.stringify({ ...json, added_tokens: [...merged, ...news.map(jsonToken)] });
}

/** A token as tokenizer.json lists it; what is not known is left out. */
function jsonToken({ id, content, special, lstrip, rstrip, singleWord, normalized }: AddedToken): JsonObject {
  const known = Object.entries({ single_word: singleWord, lstrip, rstrip, normalized });
  return { id, content, ...Object.fromEntries(known.filter(([, value]) => value !== undefined)), special };
}

/**
 * Tokens of added_tokens.json and of the configuration's added_tokens_decoder. The former lists no more than ids: those
 * are special that another file gives a role, or that look like it.
 */
export function addedTokens(files: ModelFiles): AddedTokens {
  const { addedTokens: file, tokenizerConfig, specialTokensMap } = files;
  const tokens = new Map<string, AddedToken>();
  const roles = new Set([specialTokensMap, tokenizerConfig].flatMap((each) => rolesIn(each?.json ?? {})));
  for (const [content, id] of Object.entries(file?.json ?? {})) {
    const special = roles.has(content) || LOOKS_SPECIAL.test(content);
    if (isId(id)) tokens.set(content, { id, content, special });
  }
  const decoder = tokenizerConfig?.json['added_tokens_decoder'];
  for (const [id, json] of Object.entries(isObject(decoder) ? decoder : {})) {
    const token = /^\d+$/.test(id) ? addedToken(Number(id), json, true) : undefined;
    if (token) tokens.set(token.content, token);
  }
  return tokens;
}

/** A token from its JSON. @param special where the file does not say */
export function addedToken(id: number, json: unknown, special: boolean): AddedToken | undefined {
  const content = contentOf(json);
  if (content === undefined) return undefined;
  const flag = (key: string) => (isObject(json) && typeof json[key] === 'boolean' ? json[key] : undefined);
  const [lstrip, rstrip, singleWord, normalized] = ['lstrip', 'rstrip', 'single_word', 'normalized'].map(flag);
  return { id, content, special: flag('special') ?? special, lstrip, rstrip, singleWord, normalized };
}

/** Spelled like the marks of chat templates. */
export const LOOKS_SPECIAL = /^<\|.*\|>$/s;

/** Texts that a configuration gives a role: `bos_token`, `additional_special_tokens`, … */
function rolesIn(json: JsonObject): string[] {
  return Object.entries(json).flatMap(([key, value]) => {
    if (!/_tokens?$/.test(key)) return [];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map(contentOf).filter((text) => text !== undefined);
  });
}

/** Tokens that a definition has beyond its vocabulary. Models that were stored before have their texts and ids only. */
export function tokensAdded({
  added = [],
}: Extract<TokenizerDefinition, { kind: 'sentencepiece' }>): readonly AddedToken[] {
  if (Array.isArray(added)) return added as readonly AddedToken[];
  return Object.entries(added as Readonly<Record<string, number>>).map(([content, id]) => ({
    id,
    content,
    special: true,
  }));
}

/** The text of a token that is given as a string or as an object. */
export function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) ? stringIn(value, 'content') : undefined;
}

export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
