// What every container becomes once read: a configuration, a directory of tensors, and a tokenizer's definition.

import type { ElementType } from './weight-kinds';
import type { ModelConfig } from './model-config';

/**
 * One logical tensor, rows × columns (a vector has one row), row-major. Names are Hugging Face's
 * (`model.layers.0.self_attn.q_proj.weight`, `model.embed_tokens.weight`, `model.norm.weight`, `lm_head.weight`).
 * q and k rows (and their biases) come in *interleaved* pair order, whatever the file's order is.
 */
export interface Tensor {
  readonly name: string;
  readonly type: ElementType;
  readonly rows: number;
  readonly columns: number;
  /** What all of its values are multiplied by, where a file has such a number beside it. */
  readonly scale?: number;
  /** Where its bytes begin, so that tensors can be read in the order in which they lie. */
  readonly place: { readonly file: string; readonly start: number };
  /** Bytes of rows `start` (inclusive) to `end` (exclusive), in the file's element type, little-endian. */
  readRows(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A token that came after training, and what it does to the text around it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Made by id only, never from what people write, and left out of what is shown. */
  readonly special: boolean;
  /** It takes the white space in front of it. */
  readonly lstrip?: boolean | undefined;
  /** It takes the white space behind it. */
  readonly rstrip?: boolean | undefined;
  /** Within a word it is text. */
  readonly singleWord?: boolean | undefined;
  /** It is looked for in what the normalizer makes of a text. */
  readonly normalized?: boolean | undefined;
}

/** What a tokenizer is made from; `src/tokenizer/` turns it into an encoder. */
export type TokenizerDefinition =
  /** Bytes of a SentencePiece `tokenizer.model`. */
  | {
      readonly kind: 'sentencepiece';
      readonly model: Uint8Array;
      /** Tokens added after training, which the model's bytes do not know; in models stored before, ids by text. */
      readonly added?: Readonly<Record<string, number>> | readonly AddedToken[];
      /** `legacy` of the configuration beside it: a dummy prefix behind each special token. */
      readonly legacy?: boolean;
    }
  /** Text of a Hugging Face `tokenizer.json`. */
  | { readonly kind: 'huggingface'; readonly json: string }
  /** The vocabulary in a GGUF file (`tokenizer.ggml.*`). */
  | {
      readonly kind: 'gguf';
      /** `llama` (SentencePiece BPE) or `gpt2` (byte-level BPE). */
      readonly model: string;
      /** `tokenizer.ggml.pre`, which names the split expression of byte-level BPE. */
      readonly pre?: string;
      readonly tokens: readonly string[];
      readonly scores?: ArrayLike<number>;
      /** 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
      readonly types?: ArrayLike<number>;
      readonly merges?: readonly string[];
      readonly addSpacePrefix?: boolean;
      readonly removeExtraWhitespaces?: boolean;
      /** What a folder's files say of tokens that they add. */
      readonly added?: readonly AddedToken[];
    };

/** A tokenizer with what stands beside it in a folder or a GGUF header. */
export interface TokenizerSpec {
  readonly definition: TokenizerDefinition;
  readonly bosId?: number;
  readonly eosIds: readonly number[];
  readonly addBos: boolean;
  /** Jinja source of the chat template, if the model brings one. */
  readonly chatTemplate?: string;
  /** Templates beside it by name: `tool_use` is for conversations with tools. */
  readonly namedTemplates?: Readonly<Record<string, string>>;
  /** Strings of special tokens that a chat template may name (`bos_token`, `eos_token`, …). */
  readonly specialTokens: Readonly<Record<string, string>>;
}

/** A model as its publisher's files hold it; nothing is loaded until a tensor is read. */
export interface Checkpoint {
  readonly container: 'safetensors' | 'gguf' | 'torch' | 'meta';
  /** From metadata, else from the file's or folder's name. */
  readonly name: string;
  readonly licence?: string;
  readonly config: ModelConfig;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly tokenizer: TokenizerSpec;
  /** How another program quantized the weights: `GPTQ, 4 bits, groups of 128`. */
  readonly quantized?: string;
  /** Sentences about what the files hold and is not used, or lack and was made up for. */
  readonly notes?: readonly string[];
}
