// A tokenizer from whatever a model brings.

import type { TokenizerDefinition, TokenizerSpec } from '../core/checkpoint';
import { LOOKS_SPECIAL, tokensAdded } from '../formats/tokenizer/added-tokens';
import type { Codec } from './codec';
import { jsonFromGguf } from './gguf-bpe';
import { createHuggingFace } from './huggingface';
import { PieceType, piecesFromGguf, piecesFromModel } from './pieces';
import { cutterOfLlamaCpp } from './added-vocabulary';
import { markedText, untrusted } from './marked-text';
import { createSentencePiece, LEGACY, LLAMA_CPP, NOT_LEGACY } from './sentencepiece';
import { createTextStream, decodeIds } from './text-stream';
import type { Tokenizer } from './tokenizer';
import { parseTokenizerJson } from './tokenizer-json';

export type { Tokenizer } from './tokenizer';

/**
 * Makes the tokenizer of a model.
 * @throws PronkError `corrupt-file`, `unsupported-tokenizer`
 */
export function createTokenizer(spec: TokenizerSpec): Tokenizer {
  const { bosId, eosIds, addBos, chatTemplate, specialTokens } = spec;
  const codec = withMemory(createCodec(spec.definition, new Set(bosId === undefined ? eosIds : [bosId, ...eosIds])));
  const spellings = new Map(Array.from(codec.special, ([spelling, id]) => [id, spelling]));

  return {
    vocabSize: codec.vocabSize,
    bosId,
    eosIds,
    addBos,
    addBosToChat: addBos && spec.definition.kind === 'gguf',
    chatTemplate,
    specialTokens,
    encode: (text, { continuation = false } = {}) => codec.encode(untrusted(text), !continuation),
    encodePieces: (pieces) => codec.encode(markedText(pieces), true),
    spelling: (id) => spellings.get(id),
    bytes: (id) => codec.bytes(id),
    decode: (ids) => decodeIds(codec, ids),
    stream: ({ continuation = false } = {}) => createTextStream(codec, continuation),
  };
}

function createCodec(definition: TokenizerDefinition, endIds: ReadonlySet<number>): Codec {
  switch (definition.kind) {
    case 'sentencepiece': {
      const manner = definition.legacy === false ? NOT_LEGACY : LEGACY;
      return createSentencePiece(piecesFromModel(definition.model), tokensAdded(definition), manner);
    }
    case 'huggingface':
      return createHuggingFace(parseTokenizerJson(definition.json), endIds);
    case 'gguf': {
      const special = ggufSpecial(definition, endIds);
      const tokens = Array.from(special, ([content, id]) => ({ id, content, special: true }));
      if (definition.model === 'llama') return createSentencePiece(piecesFromGguf(definition), tokens, LLAMA_CPP);
      // a vocabulary of two files in a folder says more of its added tokens, and is read as a tokenizer.json is
      const cutter = definition.added ? undefined : cutterOfLlamaCpp;
      return createHuggingFace(jsonFromGguf(definition, special), endIds, cutter);
    }
  }
}

/** Converters mark some special tokens as user-defined or even as normal: go by their form and by their role too. */
export function ggufSpecial(
  { tokens, types }: TokenizerDefinition & { kind: 'gguf' },
  endIds: ReadonlySet<number>,
): Map<string, number> {
  const special = new Map<string, number>();
  for (const [id, text] of tokens.entries()) {
    const type = types?.[id];
    const control = type === PieceType.control || (type === PieceType.userDefined && LOOKS_SPECIAL.test(text));
    if (control || endIds.has(id)) special.set(text, id);
  }
  return special;
}

/** Each id's bytes are made once. */
function withMemory(codec: Codec): Codec {
  const known: Uint8Array[] = [];
  return { ...codec, bytes: (id) => (known[id] ??= codec.bytes(id)) };
}
