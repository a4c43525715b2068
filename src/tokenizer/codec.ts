// What one kind of vocabulary has to bring; `index.ts` makes a Tokenizer of it.

import type { MarkedText } from './marked-text';

/** Text to ids, and ids to bytes. */
export interface Codec {
  readonly vocabSize: number;
  /** Tokens that are made by id only, by their spelling. */
  readonly special: ReadonlyMap<string, number>;
  /** The space that decoding removes in front of a text: none, the first token's, or those of every leading token. */
  readonly leadingSpace: 'keep' | 'remove' | 'remove-all';
  /** Ids of a text; `beginning` is false where it continues another (no dummy prefix then). */
  encode(text: MarkedText, beginning: boolean): number[];
  /** UTF-8 bytes that an id stands for, possibly a part of a character; none for special tokens and unknown ids. */
  bytes(id: number): Uint8Array;
}
