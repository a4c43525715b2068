// What a folder or a GGUF header says about its tokenizer, reconciled into one TokenizerSpec.

import { addedTokens, contentOf, withAdded } from './added-tokens';
import type { TokenizerSpec } from '../../core/checkpoint';
import { PronkError, corruptFile } from '../../core/errors';
import type { JsonFile, ModelFiles } from '../checkpoint/files';
import type { GgufFile } from '../gguf/gguf';
import { endsOf } from '../gguf/end-tokens';
import { splitNamed } from '../gguf/splits';
import { type JsonObject, isObject, stringIn } from '../../core/json';
import { baseName, readText } from '../../core/source';
import { baseTokenizer, missingTokenizer } from './base-tokenizer';

/**
 * The tokenizer of a Hugging Face folder. `tokenizer.model` goes before `tokenizer.json`, which is often converted from
 * it with losses.
 * @param vocabSize V of the model, if there is one beside the tokenizer
 * @throws PronkError `missing-tokenizer`, `tokenizer-mismatch`, `corrupt-file`
 */
export async function tokenizerFromFiles(files: ModelFiles, vocabSize?: number): Promise<TokenizerSpec> {
  const base = await baseTokenizer(files);
  const limit = vocabSize ?? Infinity;
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
  const bosId = special('bos_token', base.bosId) ?? base.templateBosId;
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
  const templates = await templatesOf(files);
  const addBos = files.tokenizerConfig?.json['add_bos_token'];
  return {
    definition: withAdded(base.definition, added, limit),
    ...(bosId !== undefined && { bosId }),
    eosIds: [...new Set(eosIds)],
    addBos: typeof addBos === 'boolean' ? addBos : base.addBos,
    ...templates,
    specialTokens,
  };
}

/** The tokenizer in a GGUF header. */
export function tokenizerFromGguf({ source, metadata }: GgufFile, vocabSize = Infinity): TokenizerSpec {
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
  if (typeof model !== 'string' || !tokens?.length) throw missingTokenizer(source.name);
  if (model !== 'llama' && model !== 'gpt2') {
    const message = `${source.name} has a tokenizer of the kind ${model}. Pronk reads llama and gpt2.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
  if (tokens.length > vocabSize) throw mismatch(source.name, tokens.length, vocabSize);
  const pre = value('ggml.pre');
  const optional = {
    scores: list<number>('scores', 'number'),
    types: list<number>('token_type', 'number'),
    merges: list<string>('merges', 'string'),
    addSpacePrefix: boolean('add_space_prefix'),
    removeExtraWhitespaces: boolean('remove_extra_whitespaces'),
    pre: typeof pre === 'string' ? pre : undefined,
  };
  // llama.cpp takes an empty list, and so do we: a vocabulary of single bytes has none
  if (model === 'gpt2' && !optional.merges) {
    const message = `${source.name} has a byte-level tokenizer without its merges, so text cannot be split into its tokens. Convert the model again, or take its safetensors files.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
  for (const key of ['scores', 'types'] as const) {
    const length = optional[key]?.length ?? tokens.length;
    if (length !== tokens.length) throw corruptFile(source.name, `its tokenizer has ${length} ${key} for its tokens`);
  }
  const present = Object.fromEntries(Object.entries(optional).filter(([, each]) => each !== undefined));
  const valid = (id: number | undefined) => (id !== undefined && id >= 0 && id < tokens.length ? id : undefined);
  // llama.cpp's defaults: SentencePiece vocabularies begin with 1 and end with 2.
  const bosId = valid(number('bos_token_id') ?? (model === 'llama' ? 1 : undefined));
  const eosId = valid(number('eos_token_id') ?? (model === 'llama' ? 2 : undefined));
  const eosIds = endsOf(tokens, (key) => (key === 'eos' ? eosId : valid(number(`${key}_token_id`))));
  const specialTokens: Record<string, string> = {};
  for (const [key, id] of [
    ['bos_token', bosId],
    ['eos_token', eosId],
    ['unk_token', valid(number('unknown_token_id'))],
    ['pad_token', valid(number('padding_token_id'))],
  ] as const) {
    if (id !== undefined) specialTokens[key] = tokens[id];
  }
  const chatTemplate = value('chat_template');
  return {
    definition: { kind: 'gguf', model, tokens, ...present },
    ...(bosId !== undefined && { bosId }),
    eosIds,
    addBos: boolean('add_bos_token') ?? (model === 'llama' || splitNamed(optional.pre ?? 'default')?.begins === true),
    ...(typeof chatTemplate === 'string' && { chatTemplate }),
    specialTokens,
  };
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

function idList(file: JsonFile | undefined, key: string): number[] {
  const value = file?.json[key];
  const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
  return ids.filter((id): id is number => Number.isInteger(id) && (id as number) >= 0);
}

/**
 * The chat templates of a folder. transformers 4.52 and later save them as files of their own, which then go before the
 * configuration's.
 */
async function templatesOf(files: ModelFiles): Promise<Pick<TokenizerSpec, 'chatTemplate' | 'namedTemplates'>> {
  const { chatTemplate: main, namedTemplates: others, chatTemplateJson, tokenizerConfig } = files;
  const named = new Map<string, string>();
  for (const source of others) named.set(baseName(source.name).replace(/\.jinja$/i, ''), await readText(source));
  const hasFiles = main !== undefined || named.size > 0;
  const value = chatTemplateJson?.json['chat_template'] ?? tokenizerConfig?.json['chat_template'];
  const listed = (!hasFiles && Array.isArray(value) ? value : []).filter(isObject);
  for (const each of listed) {
    const [name, template] = [stringIn(each, 'name'), stringIn(each, 'template')];
    if (name !== undefined && template !== undefined) named.set(name, template);
  }
  const own = main ? await readText(main) : typeof value === 'string' ? value : undefined;
  const chatTemplate = own ?? named.get('default') ?? [...named.values()][0];
  named.delete('default');
  return {
    ...(chatTemplate !== undefined && { chatTemplate }),
    ...(named.size > 0 && { namedTemplates: Object.fromEntries(named) }),
  };
}

function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function mismatch(name: string, tokens: number, vocabSize: number): PronkError {
  const message = `${name} has ${tokens} tokens, but the model knows ${vocabSize}: they do not belong together.`;
  return new PronkError('tokenizer-mismatch', message);
}
