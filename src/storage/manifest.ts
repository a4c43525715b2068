// What a stored model's manifest says: the record that makes a model exist. Plain JSON values throughout.

import type { ModelConfig, StoredConfig } from '../core/model-config';
import { PronkError } from '../core/errors';
import type { Quantize } from '../formats/checkpoint/weights';
import type { WeightKind } from '../core/weight-kinds';

export const MANIFEST_VERSION = 1;

/** Bytes under one checksum. */
export const CHUNK_BYTES = 4 << 20;

/** Prompts and sampling of the projects whose models are known to need them. */
export type PromptStyle = 'point-alpaca' | 'alpaca-lora' | 'openalpaca';

/** How far a stored model is from its source. */
export interface Quality {
  /** ‖stored − source‖ / ‖source‖ by kind of tensor (`q_proj`, `embed_tokens`, …). */
  readonly relativeError: Readonly<Record<string, number>>;
  /** Perplexity on the bundled text, and how many tokens of it were counted. */
  readonly perplexity?: number;
  readonly perplexityTokens?: number;
}

/** What an importer knows about a model, kept as given. */
export interface ModelMeta {
  readonly name: string;
  readonly config: ModelConfig;
  readonly licence?: string | undefined;
  /** Where it came from: file names, an address, or `bundled`. */
  readonly source: string;
  /** Equal for models that were made of the same files. */
  readonly identity?: string;
  /** How it was asked to be stored. */
  readonly quantize?: Quantize;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** When it was last put on a GPU. */
  readonly usedAt?: number;
  /** The model that ships with the page. */
  readonly bundled?: boolean;
  /** How far it is from its source. */
  readonly quality?: Quality;
  /** The publisher's prompt that it was trained with. */
  readonly style?: PromptStyle;
  /** Adapters that it is used with, and how much of each. */
  readonly adapters?: readonly { readonly id: string; readonly strength: number }[];
}

/** A row group's place: offsets into a shard, multiples of 256. */
export interface StoredGroup {
  readonly rowStart: number;
  readonly rows: number;
  /** Index into `shards`. */
  readonly shard: number;
  readonly codesOffset: number;
  readonly codesBytes: number;
  readonly scalesOffset: number;
  readonly scalesBytes: number;
}

export interface StoredTensor {
  readonly name: string;
  readonly kind: WeightKind;
  readonly rows: number;
  readonly columns: number;
  readonly groups: readonly StoredGroup[];
}

export interface StoredShard {
  readonly key: string;
  readonly bytes: number;
  /** XXH3-128 of each 4 MiB, in hexadecimal. */
  readonly checksums: readonly string[];
}

export interface Manifest extends Omit<ModelMeta, 'config'> {
  readonly config: StoredConfig;
  readonly version: typeof MANIFEST_VERSION;
  readonly id: string;
  /** Number of weights. */
  readonly parameters: number;
  /** Stored bytes, the tokenizer's included. */
  readonly bytes: number;
  readonly tensors: readonly StoredTensor[];
  readonly shards: readonly StoredShard[];
  /** A shard that holds the tokenizer as JSON. */
  readonly tokenizer: StoredShard;
}

/** A manifest that this version can read. */
export function checkManifest(value: Manifest | undefined, id: string): Manifest {
  if (!value)
    throw new PronkError(
      'missing-model',
      `There is no model ${id} here: it was removed, perhaps in another window. Choose another one, or import it again.`,
    );
  if (value.version !== MANIFEST_VERSION) {
    const message = `The model ${value.name} was stored by another version of Pronk. Remove it and import it again.`;
    throw new PronkError('unsupported-version', message);
  }
  return value;
}
