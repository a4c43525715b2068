// A model as the engine works with it, wherever its weights lie: in a store, or in files as their publisher has them. Who
// loads, merges, exports or trains on one does not know which. Nothing here touches a device or writes anything.
import { xxhash128 } from 'hash-wasm';
import type { TokenizerSpec } from '../../core/checkpoint';
import type { HasherFactory } from '../../core/hash';
import type { ModelConfig } from '../../core/model-config';
import { type ElementType, tensorBytes, type WeightKind, type WeightTensor } from '../../core/weight-kinds';
import type { Quantize } from '../../formats/checkpoint/weights';
import type { Store } from '../../storage/store';
import { contentsDigest, openStoredModel } from '../../storage/stored-model';
import type { Base } from '../export/origin';

export interface Model {
  readonly name: string;
  readonly licence?: string | undefined;
  /** File names, an address, or `bundled`. */
  readonly source: string;
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerSpec;
  /** The weights, converted while they are read. */
  readonly tensors: readonly WeightTensor[];
  /** The kind of each tensor before any conversion. */
  readonly kinds: readonly WeightKind[];
  /** The type of each tensor in its file; absent for a model that is stored. */
  readonly types?: readonly ElementType[];
  /** Number of weights. */
  readonly parameters: number;
  /** Bytes of the weights after conversion; of a stored model, what it takes in the store. */
  readonly bytes: number;
  /** Peculiarities of the files that are no problem, as sentences. */
  readonly notes: readonly string[];
  /** A clause about values that `keep` rounds; absent where it keeps every bit. */
  readonly rounds?: string | undefined;
  /** Equal for the same weights at another time: a training run can be resumed only with the model that it was begun with. */
  fingerprint(): Promise<string>;
  /** Digests of its files, or of what is stored of it. @param hashers compute SHA-256; in this thread without it */
  digests(hashers?: HasherFactory): Promise<Pick<Base, 'files' | 'stored'>>;
}

/** Where a model comes from. Nothing is read before it is asked for. */
export interface ModelOrigin {
  /** @throws PronkError whatever is wrong with the files; `missing-model` */
  open(): Promise<Model>;
  /** The tokenizer alone, which may be there without a model. */
  tokenizer(): Promise<TokenizerSpec>;
}

/**
 * A model in a store.
 * @param quantize converts it while it is read; without it the model is what is stored
 */
export function modelInStore(store: Store, id: string, quantize?: Quantize): ModelOrigin {
  return opensOnce(
    () => openStored(store, id, quantize),
    async () => (await openStoredModel(store, id)).tokenizer,
  );
}

/** A vocabulary is not read twice because its model is opened for notes, for adapters and for the device. */
export function opensOnce(open: () => Promise<Model>, tokenizer: () => Promise<TokenizerSpec>): ModelOrigin {
  let opened: Promise<Model> | undefined;
  return {
    open: () => (opened ??= open()),
    tokenizer: async () => (opened ? (await opened).tokenizer : tokenizer()),
  };
}

async function openStored(store: Store, id: string, quantize: Quantize | undefined): Promise<Model> {
  const { manifest, config, tokenizer, tensors } = await openStoredModel(store, id);
  const { name, licence, source, parameters, shards } = manifest;
  const converted = quantize === undefined ? tensors : await convertedTensors(tensors, quantize);
  const isStored = converted.every((tensor, i) => tensor === tensors[i]);
  return {
    name,
    licence,
    source,
    config,
    tokenizer,
    tensors: converted,
    kinds: tensors.map(({ kind }) => kind),
    parameters,
    bytes: isStored ? manifest.bytes : weightBytes(converted),
    notes: [],
    // runs were begun with both: what is stored, and a conversion of what was imported
    fingerprint: () =>
      quantize === undefined
        ? contentsDigest(manifest)
        : fingerprintOf(
            quantize,
            shards.map(({ checksums }) => checksums.join()),
          ),
    digests: async () => ({ stored: await contentsDigest(manifest) }),
  };
}

/** The tensors' descriptions after conversion. Only conversions load the codecs. */
async function convertedTensors(tensors: readonly WeightTensor[], quantize: Quantize): Promise<WeightTensor[]> {
  const { convertedTensor } = await import('../../formats/checkpoint/weights');
  return tensors.map((tensor) => convertedTensor(tensor, quantize));
}

/** Bytes of weights as they are stored. */
export function weightBytes(tensors: readonly WeightTensor[]): number {
  return tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

/** XXH3-128 of a conversion and of what is converted. */
export function fingerprintOf(quantize: Quantize, parts: readonly string[]): Promise<string> {
  return xxhash128([quantize, ...parts].join('\n'));
}
