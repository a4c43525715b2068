// What a folder or a GGUF header says about its tokenizer, reconciled into one TokenizerSpec.

import type { TokenizerDefinition, TokenizerSpec } from './checkpoint';
import { PronkError, corruptFile } from './errors';
import type { JsonFile, ModelFiles } from './files';
import type { GgufFile } from './gguf';
import { type JsonObject, isObject, parseObject, stringIn } from './json';
import { readSentencePiece } from './sentencepiece';
import { type Source, readText } from './source';
import { isTiktoken, readTiktoken } from './tiktoken';

/**
 * The tokenizer of a Hugging Face folder. `tokenizer.model` goes before `tokenizer.json`, which is often converted from
 * it with losses.
 * @param vocabularySize V of the model, if there is one beside the tokenizer
 * @throws PronkError `missing-tokenizer`, `tokenizer-mismatch`, `corrupt-file`
 */
export async function tokenizerFromFiles(files: ModelFiles, vocabularySize?: number): Promise<TokenizerSpec> {
  const base = await baseTokenizer(files);
  const limit = vocabularySize ?? Infinity;
  if (base.size > limit) throw mismatch(base.name, base.size, limit);
  const added = new Map([...base.added, ...addedTokens(files)].filter(([, { id }]) => id < limit));
  const idOf = (text: string | undefined) =>
    text === undefined ? undefined : (added.get(text)?.id ?? base.idOf(text));
  const named = { ...namedTokens(files.specialTokensMap?.json), ...namedTokens(files.tokenizerConfig?.json) };

  // A SentencePiece model knows its own ids: a configuration may only replace them by tokens added later. (Published
  // fine-tunes of 2023 say bos = eos = "</s>", or give ids that belong to other tokens.)
  const special = (key: string, own: number | undefined): number | undefined => {
    const id = idOf(named[key]);
    return own !== undefined && (id === undefined || id < base.size) ? own : id;
  };
  const bosId = special('bos_token', base.bosId);
  const eosId = special('eos_token', base.eosIds[0]);
  const configured = [files.generationConfig, files.config].flatMap((file) => idList(file, 'eos_token_id'));
  const eosIds = [eosId, ...base.eosIds, ...configured].filter(
    (id): id is number => id !== undefined && id < limit && id !== bosId && id !== base.unknownId,
  );
  const specialTokens = { ...named };
  for (const [key, id] of [
    ['unk_token', base.unknownId],
    ['bos_token', bosId],
    ['eos_token', eosId],
  ] as const) {
    const text = id === undefined ? undefined : base.textOf(id);
    if (text !== undefined) specialTokens[key] = text;
  }
  const chatTemplate = await chatTemplateOf(files);
  const addBos = files.tokenizerConfig?.json['add_bos_token'];
  return {
    definition: withAdded(base.definition, added, limit),
    ...(bosId !== undefined && { bosId }),
    eosIds: [...new Set(eosIds)],
    addBos: typeof addBos === 'boolean' ? addBos : base.addBos,
    ...(chatTemplate !== undefined && { chatTemplate }),
    specialTokens,
  };
}

/** The tokenizer in a GGUF header. */
export function tokenizerFromGguf({ source, metadata }: GgufFile, vocabularySize = Infinity): TokenizerSpec {
  const value = (key: string) => metadata.get(`tokenizer.${key}`)?.value;
  const number = (key: string) => numeric(value(`ggml.${key}`));
  const boolean = (key: string) => {
    const found = value(`ggml.${key}`);
    return typeof found === 'boolean' ? found : undefined;
  };
  const list = <T>(key: string, type: 'string' | 'number') => {
    const found = metadata.get(`tokenizer.ggml.${key}`);
    if (!found) return undefined;
    if (found.type !== 'array' || found.value.some((each) => typeof each !== type)) {
      throw corruptFile(source.name, `its tokenizer's ${key} are not a list of ${type}s`);
    }
    return found.value as readonly T[];
  };
  const model = value('ggml.model');
  const tokens = list<string>('tokens', 'string');
  if (typeof model !== 'string' || !tokens?.length) throw missing(source.name);
  if (model !== 'llama' && model !== 'gpt2') {
    const message = `${source.name} has a tokenizer of the kind ${model}. Pronk reads llama and gpt2.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
  if (tokens.length > vocabularySize) throw mismatch(source.name, tokens.length, vocabularySize);
  const pre = value('ggml.pre');
  const optional = {
    scores: list<number>('scores', 'number'),
    types: list<number>('token_type', 'number'),
    merges: list<string>('merges', 'string'),
    addSpacePrefix: boolean('add_space_prefix'),
    removeExtraWhitespaces: boolean('remove_extra_whitespaces'),
    pre: typeof pre === 'string' ? pre : undefined,
  };
  for (const key of ['scores', 'types'] as const) {
    const length = optional[key]?.length ?? tokens.length;
    if (length !== tokens.length) throw corruptFile(source.name, `its tokenizer has ${length} ${key} for its tokens`);
  }
  const present = Object.fromEntries(Object.entries(optional).filter(([, each]) => each !== undefined));
  const valid = (id: number | undefined) => (id !== undefined && id >= 0 && id < tokens.length ? id : undefined);
  // llama.cpp's defaults: SentencePiece vocabularies begin with 1 and end with 2.
  const bosId = valid(number('bos_token_id') ?? (model === 'llama' ? 1 : undefined));
  const eosIds = [number('eos_token_id') ?? (model === 'llama' ? 2 : undefined), number('eot_token_id')].map(valid);
  const specialTokens: Record<string, string> = {};
  for (const [key, id] of [
    ['bos_token', bosId],
    ['eos_token', eosIds[0]],
    ['unk_token', valid(number('unknown_token_id'))],
    ['pad_token', valid(number('padding_token_id'))],
  ] as const) {
    if (id !== undefined) specialTokens[key] = tokens[id];
  }
  const chatTemplate = value('chat_template');
  return {
    definition: { kind: 'gguf', model, tokens, ...present },
    ...(bosId !== undefined && { bosId }),
    eosIds: [...new Set(eosIds.filter((id) => id !== undefined))],
    addBos: boolean('add_bos_token') ?? (model === 'llama' || /^llama(3|-v3|-bpe)$/.test(optional.pre ?? '')),
    ...(typeof chatTemplate === 'string' && { chatTemplate }),
    specialTokens,
  };
}

/** A token that came after training. */
interface AddedToken {
  readonly id: number;
  /** Made by id only, never from text. */
  readonly special: boolean;
}

type AddedTokens = ReadonlyMap<string, AddedToken>;

/** `tokenizer.ggml.token_type` */
const TokenType = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

interface BaseTokenizer {
  readonly name: string;
  readonly definition: TokenizerDefinition;
  /** Largest id + 1, tokens added later left out. */
  readonly size: number;
  readonly added: AddedTokens;
  readonly addBos: boolean;
  readonly unknownId?: number | undefined;
  readonly bosId?: number | undefined;
  readonly eosIds: readonly number[];
  idOf(text: string): number | undefined;
  textOf(id: number): string | undefined;
}

async function baseTokenizer(files: ModelFiles): Promise<BaseTokenizer> {
  const { tokenizerModel, tokenizerJson, vocabulary, merges } = files;
  if (tokenizerModel) {
    const model = await tokenizerModel.read(0, tokenizerModel.size);
    // Llama 3's tokenizer.model is a list of tiktoken ranks; a tokenizer.json says the same and more
    if (isTiktoken(model)) {
      return tokenizerJson ? jsonTokenizer(tokenizerJson) : tiktokenTokenizer(model, tokenizerModel.name);
    }
    try {
      return sentencePieceTokenizer(model, tokenizerModel.name);
    } catch (error) {
      if (!tokenizerJson) throw error;
    }
  }
  if (tokenizerJson) return jsonTokenizer(tokenizerJson);
  if (vocabulary && merges) return vocabularyTokenizer(vocabulary, merges, files);
  throw missing('The model');
}

function sentencePieceTokenizer(model: Uint8Array, name: string): BaseTokenizer {
  const { pieces, unknownId, bosId, eosId } = readSentencePiece(model, name);
  return {
    name,
    definition: { kind: 'sentencepiece', model },
    size: pieces.length,
    added: new Map(),
    addBos: true,
    unknownId,
    bosId,
    eosIds: eosId === undefined ? [] : [eosId],
    idOf: (text) => (pieces.includes(text) ? pieces.indexOf(text) : undefined),
    textOf: (id) => pieces[id],
  };
}

/** Llama 3's: the end of a text, of a turn and of a message end what it writes. */
function tiktokenTokenizer(model: Uint8Array, name: string): BaseTokenizer {
  const definition = readTiktoken(model, name);
  const { tokens } = definition;
  const idOf = (text: string) => {
    const id = tokens.lastIndexOf(text);
    return id < 0 ? undefined : id;
  };
  const ends = ['<|end_of_text|>', '<|eot_id|>', '<|eom_id|>'].map((each) => tokens.lastIndexOf(each));
  const bosId = idOf('<|begin_of_text|>');
  const textOf = (id: number) => tokens[id];
  return { name, definition, size: tokens.length, added: new Map(), addBos: true, bosId, eosIds: ends, idOf, textOf };
}

/** vocab.json and merges.txt, which do not say how a text is split: that goes by the tokenizer's class. */
async function vocabularyTokenizer(vocabulary: JsonFile, merges: Source, files: ModelFiles): Promise<BaseTokenizer> {
  const { name, json } = vocabulary;
  const kind =
    stringIn(files.tokenizerConfig?.json ?? {}, 'tokenizer_class') ?? stringIn(files.config?.json ?? {}, 'model_type');
  if (!/^qwen2/i.test(kind ?? '')) {
    const message = `${name} and ${merges.name} do not say how text is split for ${kind ?? 'an unnamed tokenizer'}.`;
    throw new PronkError('unsupported-tokenizer', `${message} Add the model's tokenizer.json.`);
  }
  const tokens: string[] = [];
  const count = Object.keys(json).length;
  for (const [token, id] of Object.entries(json)) {
    // ids that are left out are few
    if (!isId(id) || id > 2 * count) throw corruptFile(name, `its token ${token} has no id`);
    tokens[id] = token;
  }
  if (!tokens.length) throw corruptFile(name, 'it has no tokens');
  const types = Array.from(tokens, (token) => (token === undefined ? TokenType.unused : TokenType.normal));
  const filled = Array.from(tokens, (token, id) => token ?? `[UNUSED${id}]`);
  const lines = (await readText(merges)).split(/\r?\n/);
  const pairs = lines.filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
  const bad = pairs.find((pair) => !/^\S+ \S+$/.test(pair));
  if (bad !== undefined) throw corruptFile(merges.name, `“${bad.slice(0, 40)}” is not a pair of tokens`);
  return {
    name,
    definition: { kind: 'gguf', model: 'gpt2', pre: 'qwen2', tokens: filled, types, merges: pairs },
    size: tokens.length,
    added: new Map(),
    addBos: false,
    eosIds: [],
    idOf: (text) => (isId(json[text]) ? json[text] : undefined),
    textOf: (id) => tokens[id],
  };
}

async function jsonTokenizer(source: Source): Promise<BaseTokenizer> {
  const text = await readText(source);
  const json = parseObject(text, source.name);
  const vocabulary = isObject(json['model']) ? json['model']['vocab'] : undefined;
  if (!isObject(vocabulary)) {
    throw new PronkError(
      'unsupported-tokenizer',
      `${source.name} is not a byte-pair tokenizer, which LLaMA models have.`,
    );
  }
  const added = new Map<string, AddedToken>();
  for (const token of Array.isArray(json['added_tokens']) ? json['added_tokens'] : []) {
    if (isObject(token) && typeof token['content'] === 'string' && isId(token['id'])) {
      added.set(token['content'], { id: token['id'], special: token['special'] === true });
    }
  }
  const byId = new Map(Array.from(added, ([content, { id }]) => [id, content]));
  const idOf = (token: string) => numeric(vocabulary[token]);
  let size = 0;
  for (const id of Object.values(vocabulary)) if (typeof id === 'number' && id >= size) size = id + 1;
  const addBos = beginsWithSpecial(json['post_processor']);
  const definition = { kind: 'huggingface', json: text } as const;
  return { name: source.name, definition, size, added, addBos, eosIds: [], idOf, textOf: (id) => byId.get(id) };
}

/** Whether a tokenizer.json's template puts a special token in front of a text. */
function beginsWithSpecial(processor: unknown): boolean {
  if (!isObject(processor)) return false;
  if (Array.isArray(processor['processors'])) return processor['processors'].some(beginsWithSpecial);
  const { single } = processor;
  return Array.isArray(single) && isObject(single[0]) && 'SpecialToken' in single[0];
}

/** Ids that vocabularies leave out before the tokens that were added; more is nonsense, and would cost memory. */
const MAX_GAP = 1 << 16;

/** A definition with the tokens that were added later, and without those that the model has no rows for. */
function withAdded(definition: TokenizerDefinition, added: AddedTokens, limit: number): TokenizerDefinition {
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
function addedTokens({ addedTokens: file, tokenizerConfig }: ModelFiles): AddedTokens {
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

/** `bos_token`, `eos_token`, … of a configuration; empty strings (written by early fine-tunes) say nothing. */
function namedTokens(json: JsonObject = {}): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [key, value] of Object.entries(json)) {
    const text = key.endsWith('_token') ? contentOf(value) : undefined;
    if (text) named[key] = text;
  }
  return named;
}

function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) ? stringIn(value, 'content') : undefined;
}

function idList(file: JsonFile | undefined, key: string): number[] {
  const value = file?.json[key];
  const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
  return ids.filter((id): id is number => Number.isInteger(id) && (id as number) >= 0);
}

async function chatTemplateOf({ chatTemplate, tokenizerConfig }: ModelFiles): Promise<string | undefined> {
  if (chatTemplate) return readText(chatTemplate);
  const value = tokenizerConfig?.json['chat_template'];
  if (typeof value === 'string') return value;
  const named = (Array.isArray(value) ? value : []).filter(isObject);
  const chosen = named.find((each) => each['name'] === 'default') ?? named[0];
  return chosen && stringIn(chosen, 'template');
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function missing(name: string): PronkError {
  const message = `${name} comes without a tokenizer. Add tokenizer.model or tokenizer.json together with it.`;
  return new PronkError('missing-tokenizer', message);
}

function mismatch(name: string, tokens: number, vocabularySize: number): PronkError {
  const message = `${name} has ${tokens} tokens, but the model knows ${vocabularySize}: they do not belong together.`;
  return new PronkError('tokenizer-mismatch', message);
}
