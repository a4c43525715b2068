// What one kind of vocabulary has to bring; `index.ts` makes a Tokenizer of it.

/** Plain text to ids, and ids to bytes. Special tokens are not its business, except that it names them. */
export interface Codec {
  readonly vocabularySize: number;
  /** Tokens that are made by id only, by their spelling. */
  readonly special: ReadonlyMap<string, number>;
  /** The space that decoding removes in front of a text: none, the first token's, or those of every leading token. */
  readonly leadingSpace: 'keep' | 'remove' | 'remove-all';
  /** Ids of a run of text; `beginning` is false where the run continues a text (no dummy prefix then). */
  encode(text: string, beginning: boolean): number[];
  /** UTF-8 bytes that an id stands for, possibly a part of a character; none for special tokens and unknown ids. */
  bytes(id: number): Uint8Array;
}
