// SentencePiece's normalizer (Kudo & Richardson 2018, arXiv:1808.06226, §3.2; normalizer.cc): replaces characters by a
// compiled map, then turns spaces into ▁ and, if asked, drops the superfluous ones.

import { PronkError } from '../core/errors';
import type { NormalizerOptions } from './pieces';

/** U+2581, which stands for a space inside a piece. */
export const SPACE = '▁';

/**
 * Makes the function that prepares a text for segmentation; `beginning` is false for a text without dummy prefix.
 * @param verbatim user-defined pieces, which no replacement touches
 */
export function createNormalizer(
  { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces, charsMap }: NormalizerOptions,
  verbatim?: RegExp,
): (text: string, beginning: boolean) => string {
  const replaceAll = charsMap.length ? compileCharsMap(charsMap) : undefined;
  const replace = replaceAll && verbatim ? outside(verbatim, replaceAll) : replaceAll;
  return (text, beginning) => {
    // a lone surrogate has no UTF-8
    let normal = text.toWellFormed();
    if (replace) normal = replace(normal);
    if (removeExtraWhitespaces) normal = normal.replace(/^ +/, '').replace(/ {2,}/g, ' ');
    if (normal === '') return '';
    if (beginning && addDummyPrefix) normal = ` ${normal}`;
    if (escapeWhitespaces) normal = normal.replaceAll(' ', SPACE);
    // a ▁ that was typed counts as a space here, and only here
    return removeExtraWhitespaces ? normal.replace(escapeWhitespaces ? /▁+$/ : / +$/, '') : normal;
  };
}

function outside(verbatim: RegExp, replace: (text: string) => string): (text: string) => string {
  return (text) => {
    let result = '';
    let from = 0;
    for (const { index, 0: piece } of text.matchAll(verbatim)) {
      result += replace(text.slice(from, index)) + piece;
      from = index + piece.length;
    }
    return result + replace(text.slice(from));
  };
}

/**
 * `precompiled_charsmap`: the byte size of a double-array trie (u32), the trie, then NUL-terminated replacements; a
 * key's value is its replacement's offset. At every position the longest key that matches is replaced. The trie's units
 * are darts-clone's (github.com/s-yata/darts-clone): a unit's label in its low 8 bits (bit 31 set in values), bit 8 for
 * "a key ends here", bits 10–30 the offset to its children, times 256 if bit 9 is set.
 */
function compileCharsMap(blob: Uint8Array): (text: string) => string {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const size = blob.length >= 4 ? view.getUint32(0, true) : 0;
  if (size % 4 || size + 4 > blob.length) {
    throw new PronkError('corrupt-file', 'The tokenizer is damaged: its character map is cut off. Download it again.');
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const replacements = blob.subarray(4 + size);

  return (text) => {
    const bytes = new TextEncoder().encode(text);
    const parts: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      let length = 0;
      let value = 0;
      let node = children(units[0]);
      for (let end = at; end < bytes.length; end++) {
        node ^= bytes[end];
        const unit = units[node] ?? 0;
        if ((unit & 0x800000ff) !== bytes[end]) break;
        node ^= children(unit);
        if (unit & 0x100) {
          length = end + 1 - at;
          value = units[node] & 0x7fffffff;
        }
      }
      if (length) for (let i = value; replacements[i]; i++) parts.push(replacements[i]);
      // a character that no key begins with stays, all of its bytes
      else
        do parts.push(bytes[at + length++]);
        while ((bytes[at + length] & 0xc0) === 0x80);
      at += length;
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(parts));
  };
}

/** Where a unit's children begin, relative to it. */
function children(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
