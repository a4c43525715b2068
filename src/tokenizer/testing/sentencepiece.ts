// SentencePiece models as Pronk and as Google's own library (compiled to WebAssembly) read them, and texts to compare them on.
import { readFileSync } from 'node:fs';
// @ts-expect-error it has no types
import { SentencePieceProcessor } from '@agnai/sentencepiece-js';
import * as fc from 'fast-check';
import { openTokenizer } from '../../formats/checkpoint/open';
import { bytesSource } from '../../core/source';
import { createTokenizer } from '../index';
import type { Tokenizer } from '../tokenizer';

export interface Oracle {
  load(path: string): Promise<void>;
  encodeIds(text: string): number[];
  decodeIds(ids: number[]): string;
}

export async function open(path: string, change = (bytes: Uint8Array) => bytes): Promise<Tokenizer> {
  return createTokenizer(await openTokenizer([bytesSource(change(readFileSync(path)), path)]));
}

export async function openOracle(path: string): Promise<Oracle> {
  const oracle = new SentencePieceProcessor() as Oracle;
  await oracle.load(path);
  return oracle;
}

/** Any Unicode, and what meets in real text. NUL ends a string of the oracle. */
export const texts = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\t',
        '▁',
        ' the',
        'Once upon a time',
        ', ',
        "'s",
        '12',
        '</s>',
        '<0x41>',
        '\u3000',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));

export const seed = 20260101;
