// SentencePiece BPE with byte fallback, the tokenizer of LLaMA 1 and 2 (Kudo & Richardson 2018, arXiv:1808.06226;
// Touvron et al. 2023, arXiv:2302.13971, §2.1).

import type { AddedToken } from '../core/checkpoint';
import { type Cutter, type Part, cutterOfLlamaCpp, cutterOfPython } from './added-vocabulary';
import { createSegmenter } from './bpe';
import type { Codec } from './codec';
import type { MarkedText } from './marked-text';
import { createNormalizer, SPACE } from './normalizer';
import { type PieceModel, PieceType } from './pieces';
import { anyOf } from './spellings';
import { WordCache } from './word-cache';

const NOTHING = new Uint8Array(0);

/** How a text goes on behind a special token. */
export interface Manner {
  readonly cutter: (tokens: readonly AddedToken[]) => Cutter;
  /** A text behind a special token begins anew: with a dummy prefix, where the vocabulary has one. */
  readonly prefixesEach: boolean;
  /** User-defined pieces cut the text as special tokens do, and do not only merge with nothing. */
  readonly cutsUserDefined: boolean;
}

/** A GGUF file's vocabulary as llama.cpp reads it. */
export const LLAMA_CPP: Manner = { cutter: cutterOfLlamaCpp, prefixesEach: true, cutsUserDefined: true };

/** A tokenizer.model as transformers' Python reads it; `legacy` is what it was before July 2023, and without a word. */
export const LEGACY: Manner = { cutter: cutterOfPython, prefixesEach: true, cutsUserDefined: false };
export const NOT_LEGACY: Manner = { ...LEGACY, prefixesEach: false };

/** @param added tokens beyond the model's own, or more about those */
export function createSentencePiece(
  { pieces, normalizer }: PieceModel,
  added: readonly AddedToken[],
  manner: Manner,
): Codec {
  const ids = new Map<string, number>();
  const scores = new Map<string, number>();
  const byteIds: number[] = [];
  const tokens = new Map(added.map((token) => [token.id, token]));
  const taken = new Map(added.map(({ id, content }) => [content, id]));
  const verbatim: string[] = [];
  const unused = new Set<string>();
  let unknown = 0;
  for (const [id, { text, score, type }] of pieces.entries()) {
    const special = type === PieceType.unknown || type === PieceType.control;
    if (type === PieceType.unknown) unknown = id;
    if (type === PieceType.byte) byteIds[Number.parseInt(text.slice(3, 5), 16)] = id;
    else if (special || (type === PieceType.userDefined && manner.cutsUserDefined)) {
      if (!tokens.has(id) && !taken.has(text)) tokens.set(id, { id, content: text, special });
    } else if (!ids.has(text) && tokens.get(id)?.special !== true) {
      ids.set(text, id);
      scores.set(text, score);
      if (type === PieceType.userDefined) verbatim.push(text);
      if (type === PieceType.unused) unused.add(text);
    }
  }
  const specials = new Map<string, number>();
  for (const { id, content, special } of tokens.values()) if (special) specials.set(content, id);
  const specialIds = new Set(specials.values());
  const frozen = anyOf(verbatim);
  const normalize = createNormalizer(normalizer, frozen);
  const segment = createSegmenter(scores, unused, frozen);

  const utf8 = new TextEncoder();
  const idsOf = (text: string) => {
    const found: number[] = [];
    let afterUnknown = false;
    for (const piece of segment(text)) {
      const id = ids.get(piece);
      if (id !== undefined) found.push(id);
      else if (byteIds.length) for (const byte of utf8.encode(piece)) found.push(byteIds[byte]);
      // SentencePiece reports a run of unknown characters as one
      else if (!afterUnknown) found.push(unknown);
      afterUnknown = id === undefined;
    }
    return found;
  };
  const space = normalizer.escapeWhitespaces ? SPACE : ' ';
  // No piece goes across the beginning of a word in LLaMA's vocabulary, so words are independent of each other.
  const wordwise = byteIds.length > 0 && space === SPACE && !Array.from(ids.keys()).some((text) => /[^▁]▁/.test(text));
  const cache = new WordCache(idsOf);

  const bytesOf = (id: number): Uint8Array => {
    if (specialIds.has(id)) return NOTHING;
    const token = tokens.get(id);
    if (token) return utf8.encode(token.content);
    const piece = pieces[id];
    if (!piece) return NOTHING;
    if (piece.type === PieceType.byte) return Uint8Array.of(Number.parseInt(piece.text.slice(3, 5), 16));
    return utf8.encode(normalizer.escapeWhitespaces ? piece.text.replaceAll(SPACE, ' ') : piece.text);
  };
  const { addDummyPrefix, removeExtraWhitespaces } = normalizer;
  const runIds = (text: string, beginning: boolean) => {
    const normal = normalize(text, beginning);
    return wordwise ? cache.encodeAll(normal.match(/▁+[^▁]*|[^▁]+/g) ?? []) : idsOf(normal);
  };
  const cut = manner.cutter(Array.from(tokens.values()));
  const { text: unknownText = '' } = pieces[unknown] ?? {};
  const encodeEach = (parts: readonly Part[], idsOfText: (text: string, i: number) => readonly number[]) => {
    const found: number[] = [];
    for (const [i, { token, text }] of parts.entries()) {
      if (token) found.push(token.id);
      else for (const id of idsOfText(text.text, i)) found.push(id);
    }
    return found;
  };
  /** Spaces in front of a run stay: it is encoded behind a text that is taken away again. */
  const runAfter = (text: string) => {
    if (!/^[ ▁]/.test(text)) return runIds(text, false);
    return runIds(unknownText + text, false).slice(runIds(unknownText, false).length);
  };
  return {
    vocabSize: Math.max(pieces.length, ...Array.from(tokens.keys(), (id) => id + 1)),
    special: specials,
    leadingSpace: removeExtraWhitespaces ? 'remove-all' : addDummyPrefix ? 'remove' : 'keep',
    encode(marked, beginning) {
      if (manner.prefixesEach) return encodeEach(cut(marked), (text, i) => runIds(text, i > 0 || beginning));
      // the prefix stands in the text before it is cut, whatever that begins with; a special token has none in front
      const parts = cut(beginning && marked.text !== '' ? withPrefix(marked) : marked);
      const [first, second] = parts;
      const alone = beginning && first?.text?.text === SPACE && second?.token?.special === true;
      return encodeEach(alone ? parts.slice(1) : parts, runAfter);
    },
    bytes: bytesOf,
  };
}

/** A ▁ in front; one that was typed is a space. */
function withPrefix({ text, isTrusted }: MarkedText): MarkedText {
  return {
    text: SPACE + text.replaceAll(SPACE, ' '),
    isTrusted: (start, end) => start > 0 && isTrusted(start - 1, end - 1),
  };
}
