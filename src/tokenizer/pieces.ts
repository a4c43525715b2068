// The vocabulary and the normalizer options of a SentencePiece model, from its protobuf (sentencepiece_model.proto of
// github.com/google/sentencepiece) or from a GGUF header, which holds the same facts under other names.

import type { TokenizerDefinition } from '../core/checkpoint';
import { PronkError, corruptFile } from '../core/errors';
import { type Field, fieldsOf } from './protobuf';

/** `ModelProto.SentencePiece.Type`; `tokenizer.ggml.token_type` uses the same numbers. */
export const PieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface Piece {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

export interface NormalizerOptions {
  /** A ▁ in front of a text, so that its first word looks like every other word. */
  readonly addDummyPrefix: boolean;
  /** Runs of spaces become one; none at the ends. */
  readonly removeExtraWhitespaces: boolean;
  /** Spaces become ▁. */
  readonly escapeWhitespaces: boolean;
  /** Replacements of characters; empty is identity. */
  readonly charsMap: Uint8Array;
}

export interface PieceModel {
  readonly pieces: readonly Piece[];
  readonly normalizer: NormalizerOptions;
}

/**
 * Reads a `tokenizer.model`.
 * @throws PronkError `corrupt-file`; `unsupported-tokenizer` for anything but BPE, LLaMA's kind
 */
export function piecesFromModel(bytes: Uint8Array): PieceModel {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces: Piece[] = [];
  // the defaults of the proto
  let [addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces] = [true, true, true];
  let charsMap: Uint8Array = new Uint8Array(0);
  let algorithm = 1;
  let spaceAfterWord = false;
  const readPiece = (fields: Iterable<Field>) => {
    let [text, score, type]: [string, number, number] = ['', 0, PieceType.normal];
    for (const { number, value, body } of fields) {
      if (number === 1) text = decoder.decode(body);
      if (number === 2) score = value;
      if (number === 3) type = value;
    }
    pieces.push({ text, score, type });
  };
  try {
    for (const { number, body } of fieldsOf(bytes)) {
      if (number === 1) readPiece(fieldsOf(body));
      if (number === 2) {
        for (const field of fieldsOf(body)) {
          if (field.number === 3) algorithm = field.value;
          if (field.number === 24) spaceAfterWord = field.value !== 0;
        }
      }
      if (number === 3) {
        for (const field of fieldsOf(body)) {
          if (field.number === 2) charsMap = field.body;
          if (field.number === 3) addDummyPrefix = field.value !== 0;
          if (field.number === 4) removeExtraWhitespaces = field.value !== 0;
          if (field.number === 5) escapeWhitespaces = field.value !== 0;
        }
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw corruptFile('tokenizer.model', 'it is not a SentencePiece model');
  }
  if (!pieces.length) throw corruptFile('tokenizer.model', 'it has no pieces');
  if (algorithm !== 2 || spaceAfterWord) {
    const kind = ['', 'unigram', 'BPE with spaces after words', 'word', 'character'][algorithm] ?? 'unknown';
    const message = `The tokenizer is a SentencePiece model of the kind ${kind}. LLaMA models have BPE, which Pronk reads.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
  return { pieces, normalizer: { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces, charsMap } };
}

/** Reads the vocabulary of a GGUF header whose `tokenizer.ggml.model` is `llama`. */
export function piecesFromGguf(definition: TokenizerDefinition & { kind: 'gguf' }): PieceModel {
  const { tokens, scores, types, addSpacePrefix = true, removeExtraWhitespaces = false } = definition;
  const pieces = tokens.map((text, id) => ({
    text,
    // a vocabulary in the order of training has its ranks for scores
    score: scores?.[id] ?? -id,
    type: types?.[id] ?? (isBytePiece(text) ? PieceType.byte : PieceType.normal),
  }));
  const charsMap = new Uint8Array(0);
  return {
    pieces,
    normalizer: { addDummyPrefix: addSpacePrefix, removeExtraWhitespaces, escapeWhitespaces: true, charsMap },
  };
}

function isBytePiece(text: string): boolean {
  return /^<0x[0-9A-F]{2}>$/.test(text);
}
