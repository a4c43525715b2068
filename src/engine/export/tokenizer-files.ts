// A tokenizer as the files that transformers, llama.cpp's converter and Meta's program read, whatever it came from.
import { bytesOfByteLevel } from '../../formats/tokenizer/byte-level';
import { tokensAdded } from '../../formats/tokenizer/added-tokens';
import type { TokenizerDefinition, TokenizerSpec, AddedToken } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { jsonFromGguf } from '../../tokenizer/gguf-bpe';
import { ggufSpecial } from '../../tokenizer/index';
import { type PieceRoles, writePieceModel } from '../../tokenizer/piece-writer';
import { type PieceModel, PieceType, piecesFromGguf, piecesFromModel } from '../../tokenizer/pieces';
import { parseTokenizerJson, type TokenizerJson } from '../../tokenizer/tokenizer-json';
import { bytesFile, type FileContent, jsonFile, textFile } from './file';

/** The files of a Hugging Face folder. */
export function huggingFaceTokenizer(spec: TokenizerSpec): FileContent[] {
  const { definition, chatTemplate, namedTemplates } = spec;
  const vocabulary = vocabularyFiles(spec);
  const pieces = definition.kind === 'sentencepiece' || isPieces(definition);
  const named = namedTokens(spec);
  const config = {
    add_bos_token: spec.addBos,
    add_eos_token: false,
    ...named,
    ...(chatTemplate !== undefined && { chat_template: withNamed(chatTemplate, namedTemplates) }),
    ...addedDecoder(spec),
    clean_up_tokenization_spaces: false,
    ...(pieces && {
      legacy: !(definition.kind === 'sentencepiece' && definition.legacy === false),
      sp_model_kwargs: {},
    }),
    tokenizer_class: pieces ? 'LlamaTokenizer' : 'PreTrainedTokenizerFast',
  };
  return [
    ...vocabulary,
    jsonFile('tokenizer_config.json', config),
    jsonFile('special_tokens_map.json', named),
    // a file of its own would be the only one that is read
    ...(chatTemplate === undefined || namedTemplates ? [] : [textFile('chat_template.jinja', chatTemplate)]),
  ];
}

/** A template, or all of a model's by their names. */
function withNamed(chatTemplate: string, named: TokenizerSpec['namedTemplates']) {
  if (!named) return chatTemplate;
  return Object.entries({ default: chatTemplate, ...named }).map(([name, template]) => ({ name, template }));
}

/**
 * `tokenizer.model` for Meta's program: SentencePiece's, or Llama 3's list of ranks.
 * @throws PronkError `unsupported-tokenizer` for any other
 */
export function metaTokenizer(spec: TokenizerSpec): FileContent {
  const { definition } = spec;
  const pieces = piecesOf(definition);
  if (
    definition.kind === 'sentencepiece' &&
    pieces?.pieces.length === piecesFromModel(definition.model).pieces.length
  ) {
    return modelFile(definition.model);
  }
  return modelFile(pieces ? writePieceModel(pieces, rolesOf(spec, pieces)) : ranks(spec));
}

const modelFile = (bytes: Uint8Array) => bytesFile('tokenizer.model', Uint8Array.from(bytes));

function vocabularyFiles(spec: TokenizerSpec): FileContent[] {
  const { definition } = spec;
  if (definition.kind === 'huggingface') return [textFile('tokenizer.json', definition.json)];
  if (definition.kind === 'sentencepiece') {
    const { length } = piecesFromModel(definition.model).pieces;
    const added = tokensAdded(definition).filter(({ id }) => id >= length);
    const ids = Object.fromEntries(added.map(({ content, id }) => [content, id]));
    return [modelFile(definition.model), ...(added.length ? [jsonFile('added_tokens.json', ids)] : [])];
  }
  const pieces = piecesOf(definition);
  if (pieces) return [modelFile(writePieceModel(pieces, rolesOf(spec, pieces)))];
  return [textFile('tokenizer.json', JSON.stringify(wholeJson(jsonOf(spec), spec)))];
}

/** `added_tokens_decoder`, which says of each token what it does; a tokenizer.json says so itself. */
function addedDecoder({ definition }: TokenizerSpec): { readonly added_tokens_decoder?: object } {
  const tokens = addedIn(definition);
  if (!tokens.length) return {};
  const entries = tokens.map(({ id, content, special, lstrip, rstrip, singleWord, normalized }) => [
    id,
    {
      content,
      lstrip: lstrip ?? false,
      normalized: normalized ?? false,
      rstrip: rstrip ?? false,
      single_word: singleWord ?? false,
      special,
    },
  ]);
  return { added_tokens_decoder: Object.fromEntries(entries) };
}

function addedIn(definition: TokenizerDefinition): readonly AddedToken[] {
  if (definition.kind === 'sentencepiece') return tokensAdded(definition);
  if (!isPieces(definition) || definition.kind !== 'gguf') return [];
  const { tokens, types } = definition;
  return tokens.flatMap((content, id) => {
    const special = types?.[id] === PieceType.control;
    return special || types?.[id] === PieceType.userDefined ? [{ id, content, special }] : [];
  });
}

function isPieces(definition: TokenizerDefinition): boolean {
  return definition.kind === 'gguf' && definition.model === 'llama';
}

/** SentencePiece's pieces with those that were added, or undefined for byte-level vocabularies. */
function piecesOf(definition: TokenizerDefinition): PieceModel | undefined {
  if (definition.kind === 'gguf') return definition.model === 'llama' ? piecesFromGguf(definition) : undefined;
  if (definition.kind === 'huggingface') return undefined;
  const model = piecesFromModel(definition.model);
  const pieces = [...model.pieces];
  for (const { id, content: text, special } of tokensAdded(definition).toSorted((a, b) => a.id - b.id)) {
    for (let next = pieces.length; next < id; next++) {
      pieces.push({ text: `[UNUSED${next}]`, score: 0, type: PieceType.unused });
    }
    const type = special ? PieceType.control : PieceType.userDefined;
    if (pieces[id]?.text !== text) pieces[id] = { text, score: 0, type };
  }
  return { ...model, pieces };
}

function rolesOf({ bosId, eosIds }: TokenizerSpec, { pieces }: PieceModel): PieceRoles {
  return {
    unknown: pieces.findIndex(({ type }) => type === PieceType.unknown),
    bos: bosId ?? -1,
    eos: eosIds[0] ?? -1,
  };
}

/** `bos_token`, `eos_token`, …, with what the ids say where the files did not. */
function namedTokens(spec: TokenizerSpec): Record<string, string> {
  const { bosId, eosIds, specialTokens } = spec;
  const named = { ...specialTokens };
  for (const [key, id] of [
    ['bos_token', bosId],
    ['eos_token', eosIds[0]],
  ] as const) {
    const text = id === undefined ? undefined : textOf(spec, id);
    if (text !== undefined) named[key] = text;
  }
  return named;
}

function textOf({ definition }: TokenizerSpec, id: number): string | undefined {
  if (definition.kind === 'gguf') return definition.tokens[id];
  if (definition.kind === 'sentencepiece') return piecesOf(definition)?.pieces[id]?.text;
  const { added_tokens: added, model } = parseTokenizerJson(definition.json);
  const found = added.find((each) => each.id === id)?.content;
  return found ?? Object.entries(model.vocab).find(([, each]) => each === id)?.[0];
}

/** A byte-level vocabulary as tokenizer.json has it. */
function jsonOf({ definition, bosId, eosIds }: TokenizerSpec): TokenizerJson {
  if (definition.kind === 'huggingface') return parseTokenizerJson(definition.json);
  if (definition.kind === 'sentencepiece') throw new RangeError('SentencePiece models have no tokenizer.json');
  return jsonFromGguf(definition, ggufSpecial(definition, new Set(bosId === undefined ? eosIds : [bosId, ...eosIds])));
}

/** With every key that the `tokenizers` library asks for. */
function wholeJson(json: TokenizerJson, spec: TokenizerSpec): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };
  const plain = { dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: json.added_tokens
      .toSorted((a, b) => a.id - b.id)
      .map((token) => ({ single_word: false, lstrip: false, rstrip: false, normalized: false, ...token })),
    normalizer: json.normalizer,
    pre_tokenizer: withOffsets(json.pre_tokenizer),
    post_processor: startsWith(spec) ?? { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: { type: 'BPE', ...plain, fuse_unk: false, byte_fallback: false, ...json.model },
  };
}

function withOffsets(step: TokenizerJson['pre_tokenizer']): unknown {
  if (!step) return null;
  const parts = step['pretokenizers'] as TokenizerJson['pre_tokenizer'][] | undefined;
  if (parts) return { ...step, pretokenizers: parts.map(withOffsets) };
  return step.type === 'ByteLevel' ? { trim_offsets: true, ...step } : step;
}

/** The processor that puts BOS in front of a text. */
function startsWith(spec: TokenizerSpec): object | undefined {
  const { addBos, bosId } = spec;
  const text = bosId === undefined ? undefined : textOf(spec, bosId);
  if (!addBos || text === undefined) return undefined;
  const special = (type: number) => ({ SpecialToken: { id: text, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [special(0), sequence('A', 0)],
    pair: [special(0), sequence('A', 0), special(1), sequence('B', 1)],
    special_tokens: { [text]: { id: text, ids: [bosId], tokens: [text] } },
  };
}

/** Llama 3's ranks and control tokens; Meta's program knows the latter, and reads no other vocabulary of this kind. */
const LLAMA3 = { ranks: 128000, all: 128256 };

function ranks(spec: TokenizerSpec): Uint8Array {
  const json = jsonOf(spec);
  const taken = new Set(json.added_tokens.map(({ id }) => id));
  const tokens: string[] = [];
  for (const [text, id] of Object.entries(json.model.vocab)) if (!taken.has(id)) tokens[id] = text;
  const complete = tokens.length === LLAMA3.ranks && tokens.findIndex((each) => each === undefined) < 0;
  if (!complete || tokens.length + taken.size !== LLAMA3.all) {
    const message =
      "Meta's layout knows SentencePiece's tokenizers and Llama 3's, and this model's is neither. Merge into the format hf instead.";
    throw new PronkError('unsupported-tokenizer', message);
  }
  const lines = tokens.map((token, rank) => `${btoa(String.fromCharCode(...bytesOfByteLevel(token)))} ${rank}\n`);
  return new TextEncoder().encode(lines.join(''));
}
