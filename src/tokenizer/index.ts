// A tokenizer from whatever a model brings.

import type { TokenizerDefinition, TokenizerSpec } from '../formats/checkpoint';
import type { Codec } from './codec';
import { jsonFromGguf } from './gguf-bpe';
import { createHuggingFace } from './huggingface';
import { PieceType, piecesFromGguf, piecesFromModel } from './pieces';
import { createSentencePiece } from './sentencepiece';
import { anyOf } from './spellings';
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
  const spelled = anyOf(codec.special.keys());
  const spellings = new Map(Array.from(codec.special, ([spelling, id]) => [id, spelling]));

  return {
    vocabularySize: codec.vocabularySize,
    bosId,
    eosIds,
    addBos,
    chatTemplate,
    specialTokens,
    encode: (text, { continuation = false } = {}) => codec.encode(text, !continuation),
    encodePieces(pieces) {
      const ids: number[] = [];
      let run = '';
      const endRun = () => {
        if (run === '') return;
        const beginning = ids.length === 0 || ids.at(-1) === bosId;
        for (const id of codec.encode(run, beginning)) ids.push(id);
        run = '';
      };
      for (const { text, trusted } of joined(pieces)) {
        let from = 0;
        for (const { index, 0: spelling } of spelled && trusted ? text.matchAll(spelled) : []) {
          run += text.slice(from, index);
          endRun();
          ids.push(codec.special.get(spelling)!);
          from = index + spelling.length;
        }
        run += text.slice(from);
      }
      endRun();
      return ids;
    },
    spelling: (id) => spellings.get(id),
    decode: (ids) => decodeIds(codec, ids),
    stream: ({ continuation = false } = {}) => createTextStream(codec, continuation),
  };
}

/** Neighbours of equal trust as one, so that a template may spell a special token across its pieces. */
function joined(pieces: readonly { text: string; trusted: boolean }[]): { text: string; trusted: boolean }[] {
  const result: { text: string; trusted: boolean }[] = [];
  for (const { text, trusted } of pieces) {
    const last = result.at(-1);
    if (last?.trusted === trusted) last.text += text;
    else result.push({ text, trusted });
  }
  return result;
}

function createCodec(definition: TokenizerDefinition, endIds: ReadonlySet<number>): Codec {
  switch (definition.kind) {
    case 'sentencepiece':
      return createSentencePiece(piecesFromModel(definition.model), new Map(Object.entries(definition.added ?? {})));
    case 'huggingface':
      return createHuggingFace(parseTokenizerJson(definition.json), endIds);
    case 'gguf': {
      const special = ggufSpecial(definition, endIds);
      if (definition.model === 'llama') return createSentencePiece(piecesFromGguf(definition), special);
      return createHuggingFace(jsonFromGguf(definition, special), endIds);
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
    const control = type === PieceType.control || (type === PieceType.userDefined && /^<\|.*\|>$/.test(text));
    if (control || endIds.has(id)) special.set(text, id);
  }
  return special;
}

/** Each id's bytes are made once. */
function withMemory(codec: Codec): Codec {
  const known: Uint8Array[] = [];
  return { ...codec, bytes: (id) => (known[id] ??= codec.bytes(id)) };
}
