// Byte-pair encoding (Sennrich, Haddow & Birch 2016, arXiv:1508.07909) as SentencePiece does it (bpe_model.cc): pieces
// carry scores, and of all neighbours whose joint text is a piece, the best-scored pair merges first, the leftmost of equals.

import { PriorityQueue } from './priority-queue';

interface Symbol {
  readonly start: number;
  /** Equal to `start` once merged into its left neighbour. */
  end: number;
  left: number;
  right: number;
  /** A user-defined piece, which never merges. */
  readonly frozen: boolean;
}

interface Merge {
  readonly left: number;
  readonly right: number;
  readonly score: number;
  readonly length: number;
}

/**
 * Makes the segmentation of normalized text.
 * @param scores of the pieces that a text may consist of
 * @param unused pieces that merges go through, but that fall apart again in the result
 * @param frozen user-defined pieces: each occurrence is one symbol from the start
 */
export function createSegmenter(
  scores: ReadonlyMap<string, number>,
  unused: ReadonlySet<string>,
  frozen?: RegExp,
): (text: string) => string[] {
  return (text) => {
    const halves = new Map<string, readonly [string, string]>();
    const used = (piece: string): string[] => halves.get(piece)?.flatMap(used) ?? [piece];
    const symbols = symbolsOf(text, frozen);
    const queue = new PriorityQueue<Merge>((a, b) => a.score > b.score || (a.score === b.score && a.left < b.left));
    const consider = (left: number, right: number) => {
      if (left < 0 || right < 0 || symbols[left].frozen || symbols[right].frozen) return;
      const { start } = symbols[left];
      const { end } = symbols[right];
      const joint = text.slice(start, end);
      const score = scores.get(joint);
      if (score === undefined) return;
      queue.push({ left, right, score, length: end - start });
      if (unused.has(joint))
        halves.set(joint, [text.slice(start, symbols[left].end), text.slice(symbols[right].start, end)]);
    };
    for (let i = 1; i < symbols.length; i++) consider(i - 1, i);

    for (let merge = queue.pop(); merge; merge = queue.pop()) {
      const left = symbols[merge.left];
      const right = symbols[merge.right];
      // one of the two has merged with another since
      const gone = left.end === left.start || right.end === right.start;
      if (gone || right.end - left.start !== merge.length) continue;
      left.end = right.end;
      left.right = right.right;
      right.end = right.start;
      if (right.right >= 0) symbols[right.right].left = merge.left;
      consider(left.left, merge.left);
      consider(merge.left, left.right);
    }

    const pieces: string[] = [];
    for (let i = 0; i >= 0 && i < symbols.length; i = symbols[i].right) {
      pieces.push(...used(text.slice(symbols[i].start, symbols[i].end)));
    }
    return pieces;
  };
}

function symbolsOf(text: string, frozen: RegExp | undefined): Symbol[] {
  const symbols: Symbol[] = [];
  const add = (start: number, end: number, isFrozen: boolean) => {
    const i = symbols.length;
    symbols.push({ start, end, left: i - 1, right: i + 1, frozen: isFrozen });
  };
  const addCharacters = (from: number, to: number) => {
    for (let at = from; at < to; ) {
      const end = at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
      add(at, end, false);
      at = end;
    }
  };
  let from = 0;
  if (frozen) {
    for (const { index, 0: piece } of text.matchAll(frozen)) {
      addCharacters(from, index);
      from = index + piece.length;
      add(index, from, true);
    }
  }
  addCharacters(from, text.length);
  if (symbols.length) symbols[symbols.length - 1].right = -1;
  return symbols;
}
