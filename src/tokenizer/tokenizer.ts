// What the rest of the engine sees of a tokenizer, whichever file it came from.

/** Text to ids and back. Special tokens are only ever made by id, never from text (`</s>` typed by a user stays text). */
export interface Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | undefined;
  /** Ids that end a turn. */
  readonly eosIds: readonly number[];
  /** Whether the model expects BOS before a text. */
  readonly addBos: boolean;
  /** Whether BOS is put before a chat whose own template writes none: llama.cpp does so for GGUF, transformers for no folder. */
  readonly addBosToChat: boolean;
  /** Jinja source of the chat template, if the model brings one. */
  readonly chatTemplate: string | undefined;
  readonly specialTokens: Readonly<Record<string, string>>;

  /**
   * Ids of a text without BOS or EOS. `continuation` is true for text that follows a special token inside a prompt:
   * no dummy prefix is added then.
   */
  encode(text: string, options?: { continuation?: boolean }): number[];
  /**
   * Ids of a rendered chat template: the literal spellings of special tokens are ids here. User text must be kept apart
   * from the template's: `trusted` pieces are scanned for special tokens, the others are not.
   */
  encodePieces(pieces: readonly { text: string; trusted: boolean }[]): number[];
  /** How a special token is spelled; undefined for ids of text. */
  spelling(id: number): string | undefined;
  /** UTF-8 bytes that an id stands for, possibly a part of a character; none for special tokens. */
  bytes(id: number): Uint8Array;
  /** Text of ids, special tokens left out, the dummy prefix of the first removed. */
  decode(ids: readonly number[]): string;
  /** A decoder for a stream: each call returns the text that became certain (may be empty inside a UTF-8 sequence). */
  stream(options?: { continuation?: boolean }): { push(id: number): string; flush(): string };
}
