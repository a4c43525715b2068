// SentencePiece BPE with byte fallback, the tokenizer of LLaMA 1 and 2 (Kudo & Richardson 2018, arXiv:1808.06226;
// Touvron et al. 2023, arXiv:2302.13971, §2.1).

import { createSegmenter } from './bpe';
import type { Codec } from './codec';
import { createNormalizer, SPACE } from './normalizer';
import { type PieceModel, PieceType } from './pieces';
import { anyOf } from './spellings';
import { WordCache } from './word-cache';

const NOTHING = new Uint8Array(0);

/** @param special tokens, beyond the control pieces, that are only made by id */
export function createSentencePiece({ pieces, normalizer }: PieceModel, special: ReadonlyMap<string, number>): Codec {
  const ids = new Map<string, number>();
  const scores = new Map<string, number>();
  const byteIds: number[] = [];
  const specials = new Map<string, number>();
  const verbatim: string[] = [];
  const unused = new Set<string>();
  let unknown = 0;
  for (const [id, { text, score, type }] of pieces.entries()) {
    if (type === PieceType.unknown) unknown = id;
    if (type === PieceType.byte) byteIds[Number.parseInt(text.slice(3, 5), 16)] = id;
    else if (type === PieceType.unknown || type === PieceType.control || special.get(text) === id)
      specials.set(text, id);
    else if (!ids.has(text)) {
      ids.set(text, id);
      scores.set(text, score);
      if (type === PieceType.userDefined) verbatim.push(text);
      if (type === PieceType.unused) unused.add(text);
    }
  }
  for (const [text, id] of special) specials.set(text, id);
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
    const piece = pieces[id];
    if (!piece || specialIds.has(id)) return NOTHING;
    if (piece.type === PieceType.byte) return Uint8Array.of(Number.parseInt(piece.text.slice(3, 5), 16));
    return utf8.encode(normalizer.escapeWhitespaces ? piece.text.replaceAll(SPACE, ' ') : piece.text);
  };
  const { addDummyPrefix, removeExtraWhitespaces } = normalizer;
  return {
    vocabularySize: Math.max(pieces.length, ...Array.from(specials.values(), (id) => id + 1)),
    special: specials,
    leadingSpace: removeExtraWhitespaces ? 'remove-all' : addDummyPrefix ? 'remove' : 'keep',
    encode(text, beginning) {
      const normal = normalize(text, beginning);
      if (!wordwise) return idsOf(normal);
      return cache.encodeAll(normal.match(/▁+[^▁]*|[^▁]+/g) ?? []);
    },
    bytes: bytesOf,
  };
}
