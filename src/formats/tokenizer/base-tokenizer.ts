// A folder's vocabulary, whichever of its files holds it, before what other files add to it.

import { type AddedTokens, TokenType, addedToken, isId } from './added-tokens';
import type { TokenizerDefinition, AddedToken } from '../../core/checkpoint';
import { PronkError, corruptFile } from '../../core/errors';
import type { JsonFile, ModelFiles } from '../checkpoint/files';
import { type JsonObject, isObject, parseObject, stringIn } from '../../core/json';
import { readSentencePiece } from './sentencepiece';
import { type Source, readText } from '../../core/source';
import { isTiktoken, readTiktoken } from './tiktoken';

/** A vocabulary with what it says about itself. */
export interface BaseTokenizer {
  readonly name: string;
  readonly definition: TokenizerDefinition;
  /** Largest id + 1, tokens added later left out. */
  readonly size: number;
  readonly added: AddedTokens;
  readonly addBos: boolean;
  readonly unknownId?: number | undefined;
  readonly bosId?: number | undefined;
  /** What its template begins a text with: BOS, unless a configuration names another. */
  readonly templateBosId?: number | undefined;
  readonly eosIds: readonly number[];
  idOf(text: string): number | undefined;
  textOf(id: number): string | undefined;
}

/**
 * The vocabulary of a folder. `tokenizer.model` goes before `tokenizer.json`, and that before vocab.json with merges.txt.
 * @throws PronkError `missing-tokenizer`, `unsupported-tokenizer`, `corrupt-file`
 */
export async function baseTokenizer(files: ModelFiles): Promise<BaseTokenizer> {
  const { tokenizerModel, tokenizerJson, vocabulary, merges } = files;
  if (tokenizerModel) {
    const model = await tokenizerModel.read(0, tokenizerModel.size);
    // Llama 3's tokenizer.model is a list of tiktoken ranks; a tokenizer.json says the same and more
    if (isTiktoken(model)) {
      return tokenizerJson ? jsonTokenizer(tokenizerJson) : tiktokenTokenizer(model, tokenizerModel.name);
    }
    try {
      return await sentencePieceTokenizer(model, tokenizerModel.name, files);
    } catch (error) {
      if (!tokenizerJson) throw error;
    }
  }
  if (tokenizerJson) return jsonTokenizer(tokenizerJson);
  if (vocabulary && merges) return vocabularyTokenizer(vocabulary, merges, files);
  throw missingTokenizer('The model');
}

/** A tokenizer.json beside it may have tokens that were added, and says how the text goes on behind a special one. */
async function sentencePieceTokenizer(model: Uint8Array, name: string, files: ModelFiles): Promise<BaseTokenizer> {
  const { pieces, unknownId, bosId, eosId } = readSentencePiece(model, name);
  const { tokenizerJson, tokenizerConfig } = files;
  const json = tokenizerJson && parseObject(await readText(tokenizerJson), tokenizerJson.name);
  const said = tokenizerConfig?.json['legacy'];
  const legacy = typeof said === 'boolean' ? said : json && prefixesEach(json);
  // of equal pieces the first counts
  const places = new Map(pieces.map((piece, id) => [piece, id] as const).toReversed());
  return {
    name,
    definition: { kind: 'sentencepiece', model, ...(legacy !== undefined && { legacy }) },
    size: pieces.length,
    added: new Map(json ? listedTokens(json).map((token) => [token.content, token]) : []),
    addBos: true,
    unknownId,
    bosId,
    eosIds: eosId === undefined ? [] : [eosId],
    idOf: (text) => places.get(text),
    textOf: (id) => pieces[id],
  };
}

/** Whether a tokenizer.json's text behind a special token gets a prefix; undefined where it has none at all. */
function prefixesEach(json: JsonObject): boolean | undefined {
  const steps = JSON.stringify([json['normalizer'], json['pre_tokenizer']]);
  if (/"type":"Prepend"|"prepend_scheme":"always"/.test(steps)) return true;
  return /"prepend_scheme":"first"/.test(steps) ? false : undefined;
}

/** A tokenizer.json's `added_tokens`. */
function listedTokens(json: JsonObject): AddedToken[] {
  const listed = Array.isArray(json['added_tokens']) ? json['added_tokens'].filter(isObject) : [];
  return listed.flatMap((token) => (isId(token['id']) ? (addedToken(token['id'], token, false) ?? []) : []));
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
    idOf: (text) => idIn(json, text),
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
  const added = new Map(listedTokens(json).map((token) => [token.content, token]));
  const byId = new Map(Array.from(added, ([content, { id }]) => [id, content]));
  const idOf = (token: string) => idIn(vocabulary, token);
  let size = 0;
  for (const id of Object.values(vocabulary)) if (typeof id === 'number' && id >= size) size = id + 1;
  const first = firstSpecial(json['post_processor']);
  const definition = { kind: 'huggingface', json: text } as const;
  return {
    name: source.name,
    definition,
    size,
    added,
    addBos: first !== undefined,
    templateBosId: first === undefined ? undefined : (added.get(first)?.id ?? idOf(first)),
    eosIds: [],
    idOf,
    textOf: (id) => byId.get(id),
  };
}

/** The special token that a tokenizer.json's template puts in front of a text. */
function firstSpecial(processor: unknown): string | undefined {
  if (!isObject(processor)) return undefined;
  if (Array.isArray(processor['processors'])) {
    return processor['processors'].map(firstSpecial).find((each) => each !== undefined);
  }
  const { single } = processor;
  const first: unknown = Array.isArray(single) ? single[0] : undefined;
  const special = isObject(first) ? first['SpecialToken'] : undefined;
  return isObject(special) ? stringIn(special, 'id') : undefined;
}

function idIn(vocabulary: JsonObject, token: string): number | undefined {
  const id = vocabulary[token];
  return isId(id) ? id : undefined;
}

/** PronkError `missing-tokenizer`. */
export function missingTokenizer(name: string): PronkError {
  const message = `${name} comes without a tokenizer. Add tokenizer.model or tokenizer.json together with it.`;
  return new PronkError('missing-tokenizer', message);
}
