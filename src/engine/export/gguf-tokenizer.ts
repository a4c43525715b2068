// A tokenizer as GGUF metadata (`tokenizer.ggml.*`), whatever it came from.

import { jsonFromGguf } from '../../tokenizer/gguf-bpe';
import { PieceType, piecesFromModel } from '../../tokenizer/pieces';
import { type Step, type TokenizerJson, parseTokenizerJson } from '../../tokenizer/tokenizer-json';
import { tokensAdded } from '../../formats/tokenizer/added-tokens';
import type { TokenizerDefinition, TokenizerSpec } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import type { GgufValue } from '../../formats/gguf/gguf';
import { GPT2_SPLIT, splitNamed, splitNames } from '../../formats/gguf/splits';

type Vocabulary = Extract<TokenizerDefinition, { kind: 'gguf' }>;

/**
 * The keys that llama.cpp reads. A vocabulary is filled up to the model's: a reader takes its length for that.
 * @throws PronkError `unsupported-tokenizer` for a tokenizer.json that GGUF has no word for
 */
export function tokenizerMetadata(spec: TokenizerSpec, vocabSize: number): Map<string, GgufValue> {
  const { model, pre, tokens, scores, types, merges, addSpacePrefix, removeExtraWhitespaces } = filled(
    vocabularyOf(spec.definition),
    vocabSize,
  );
  const metadata = new Map<string, GgufValue>();
  const set = (key: string, type: 'u32' | 'bool' | 'string', value: number | boolean | string | undefined) => {
    if (value !== undefined) metadata.set(`tokenizer.${key}`, { type, value });
  };
  const setList = (key: string, of: 'string' | 'f32' | 'i32', value: ArrayLike<string | number> | undefined) => {
    if (value) metadata.set(`tokenizer.ggml.${key}`, { type: 'array', of, value: Array.from(value) });
  };
  const named = (key: string) => {
    const found = tokens.indexOf(spec.specialTokens[key] ?? '');
    return found < 0 ? undefined : found;
  };
  set('ggml.model', 'string', model);
  set('ggml.pre', 'string', pre ?? 'default');
  setList('tokens', 'string', tokens);
  setList('scores', 'f32', scores);
  setList('token_type', 'i32', types);
  setList('merges', 'string', merges);
  set('ggml.bos_token_id', 'u32', spec.bosId);
  set('ggml.eos_token_id', 'u32', spec.eosIds[0]);
  set('ggml.eot_token_id', 'u32', spec.eosIds[1]);
  set('ggml.unknown_token_id', 'u32', named('unk_token'));
  set('ggml.padding_token_id', 'u32', named('pad_token'));
  set('ggml.add_bos_token', 'bool', spec.addBos);
  set('ggml.add_space_prefix', 'bool', addSpacePrefix);
  set('ggml.remove_extra_whitespaces', 'bool', removeExtraWhitespaces);
  set('chat_template', 'string', spec.chatTemplate);
  return metadata;
}

function filled(vocabulary: Vocabulary, size: number): Vocabulary {
  const tokens = [...vocabulary.tokens];
  const types = Array.from(vocabulary.types ?? tokens.map(() => PieceType.normal));
  const scores = vocabulary.scores && Array.from(vocabulary.scores);
  for (let id = tokens.length; id < size; id++) {
    tokens.push(`[PAD${id}]`);
    types.push(PieceType.unused);
    scores?.push(0);
  }
  // a header that had no types goes without them as long as nothing was added
  const typed = vocabulary.types !== undefined || tokens.length > vocabulary.tokens.length;
  return { ...vocabulary, tokens, ...(typed && { types }), ...(scores && { scores }) };
}

/** A tokenizer as a GGUF file holds it. @throws PronkError `unsupported-tokenizer` */
export function vocabularyOf(definition: TokenizerDefinition): Vocabulary {
  switch (definition.kind) {
    case 'gguf':
      return definition;
    case 'sentencepiece':
      return fromSentencePiece(definition);
    case 'huggingface':
      return fromJson(parseTokenizerJson(definition.json));
  }
}

/** Places of a vocabulary by id; what is left out is unused. */
function collect(entries: Iterable<readonly [id: number, text: string, type: number, score: number]>) {
  const tokens: string[] = [];
  const types: number[] = [];
  const scores: number[] = [];
  for (const [id, text, type, score] of entries) {
    tokens[id] = text;
    types[id] = type;
    scores[id] = score;
  }
  return {
    tokens: Array.from(tokens, (text, id) => text ?? `[UNUSED${id}]`),
    types: Array.from(types, (type) => type ?? PieceType.unused),
    scores: Array.from(scores, (score) => score ?? 0),
  };
}

function fromSentencePiece(definition: Extract<TokenizerDefinition, { kind: 'sentencepiece' }>): Vocabulary {
  const { pieces, normalizer } = piecesFromModel(definition.model);
  const added = tokensAdded(definition).filter(({ id, content }) => {
    const type = pieces[id]?.text === content ? pieces[id].type : undefined;
    return type !== PieceType.unknown && type !== PieceType.control;
  });
  return {
    kind: 'gguf',
    model: 'llama',
    ...collect([
      // llama.cpp looks for user-defined pieces in the text itself, where a space is a space
      ...pieces.map(({ text, type, score }, id) => {
        return [id, type === PieceType.userDefined ? text.replaceAll('▁', ' ') : text, type, score] as const;
      }),
      ...added.map(({ id, content, special }) => {
        return [id, content, special ? PieceType.control : PieceType.userDefined, 0] as const;
      }),
    ]),
    addSpacePrefix: normalizer.addDummyPrefix,
    removeExtraWhitespaces: normalizer.removeExtraWhitespaces,
  };
}

/** Byte-level BPE, or SentencePiece's with bytes as tokens. */
function fromJson(json: TokenizerJson): Vocabulary {
  const { vocab, byte_fallback: byteFallback = false } = json.model;
  const merges = json.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const added = json.added_tokens.map(({ id, content, special }) => {
    const unknown = content === json.model.unk_token ? PieceType.unknown : undefined;
    return [id, content, unknown ?? (special ? PieceType.control : PieceType.userDefined), 0] as const;
  });
  if (!byteFallback) {
    const entries = Object.entries(vocab).map(([text, id]) => [id, text, PieceType.normal, 0] as const);
    const { tokens, types } = collect([...entries, ...added]);
    return { kind: 'gguf', model: 'gpt2', pre: splitName(json), tokens, types, merges };
  }
  // the earlier a merge, the higher the score of what it makes
  const rank = new Map(merges.map((merge, i) => [merge.replace(' ', ''), i] as const).toReversed());
  const entries = Object.entries(vocab).map(([text, id]) => {
    const byte = /^<0x[0-9A-F]{2}>$/.test(text);
    return [
      id,
      text,
      byte ? PieceType.byte : PieceType.normal,
      -(rank.get(text) ?? (byte ? 0 : merges.length)),
    ] as const;
  });
  const prefix = JSON.stringify([json.normalizer, json.pre_tokenizer]);
  const addSpacePrefix = /"Prepend"|"add_prefix_space":true|"prepend_scheme":"(always|first)"/.test(prefix);
  return { kind: 'gguf', model: 'llama', ...collect([...entries, ...added]), addSpacePrefix };
}

/** `tokenizer.ggml.pre`: the name of how text is split before merging. */
function splitName(json: TokenizerJson): string {
  const wanted = String(splitsOf(json.pre_tokenizer));
  const known = splitNames().filter((pre) => {
    const { pre_tokenizer: step } = jsonFromGguf({ kind: 'gguf', model: 'gpt2', pre, tokens: [] }, new Map());
    return String(splitsOf(step)) === wanted;
  });
  const [composed, whole] = [json.normalizer !== null, json.model.ignore_merges ?? false];
  const alike = known.find((pre) => {
    const split = splitNamed(pre);
    return (split?.whole ?? false) === whole && (split?.composed ?? false) === composed;
  });
  const found = alike ?? known[0];
  if (found !== undefined) return found;
  const message = `The model's tokenizer splits text in a way that GGUF files have no name for. Export it as safetensors.`;
  throw new PronkError('unsupported-tokenizer', message);
}

function splitsOf(step: Step | null): string[] {
  if (!step) return [];
  const parts = step['pretokenizers'];
  if (Array.isArray(parts)) return (parts as Step[]).flatMap(splitsOf);
  if (step.type === 'Digits') return ['\\p{N}'];
  if (step.type === 'ByteLevel') return step['use_regex'] === false ? [] : [GPT2_SPLIT];
  const regex = (step['pattern'] as { Regex?: string } | undefined)?.Regex;
  // spellings of one expression: case by a flag, or by both letters
  const plain = regex?.replace(/\(\?i:([^)]*)\)/, (_, letters: string) => {
    return `(?:${letters.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)})`;
  });
  return [plain ?? step.type];
}
