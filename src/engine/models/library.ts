// The models that a person has: imported from files, kept in the store, listed, renamed, removed.
import { openCheckpoint } from '../../formats/checkpoint/open';
import { shownName } from '../../core/shown-name';
import type { Source } from '../../core/source';
import { type Quantize, weightTensors } from '../../formats/checkpoint/weights';
import type { WeightKind } from '../../core/weight-kinds';
import { ifUnlocked, withLock } from '../../storage/locks';
import { checkManifest, type Manifest } from '../../storage/manifest';
import type { Store } from '../../storage/store';
import {
  listModels,
  openStoredModel,
  removeModel,
  type StoredModel,
  sweep,
  verifyModel,
  writeModel,
} from '../../storage/stored-model';
import { createTokenizer } from '../../tokenizer/index';
import type { PromptStyle, Quality } from '../imports/types';
import type { AdapterUse } from '../training/types';

export type { PromptStyle };

/** What is shown of a model. */
export interface ModelSummary {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Stored bytes. */
  readonly bytes: number;
  /** Kinds of its matrices, the most bytes first, e.g. `q8`, `q4 + f16` */
  readonly quantization: string;
  readonly source: string;
  readonly licence: string | undefined;
  /** The model that ships with the page. */
  readonly bundled: boolean;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** When it was last put on a GPU; when it was added, if it never was. */
  readonly usedAt: number;
  /** How far it is from its source, for models that were converted. */
  readonly quality?: Quality;
  /** The publisher whose prompt and sampling it was trained with, as far as is known. */
  readonly style?: PromptStyle;
  /** Adapters that it is used with unless a request says otherwise. */
  readonly adapters?: readonly AdapterUse[];
}

export interface ImportOptions {
  /** An id of its own choice; an existing model of that id is replaced once the new one is complete. */
  readonly id?: string;
  /** An existing model of that id is left as it is instead. */
  readonly once?: boolean;
  readonly quantize?: Quantize;
  readonly source?: string;
  readonly bundled?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const LOCK = 'pronk-models';

/** Models in a store. */
export class Library {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All models, the newest first. */
  async list(): Promise<ModelSummary[]> {
    const manifests = await listModels(this.#store);
    return manifests.map(summary).toSorted((a, b) => b.addedAt - a.addedAt);
  }

  /**
   * Reads, converts and stores a model, checking its tokenizer too. When it fails or is aborted nothing of it is kept.
   * @throws PronkError whatever is wrong with the files; `quota-exceeded`
   */
  async import(files: readonly Source[], options: ImportOptions = {}): Promise<ModelSummary> {
    const { quantize = 'keep', onProgress, signal, bundled = false } = options;
    const checkpoint = await openCheckpoint(files);
    createTokenizer(checkpoint.tokenizer);
    const { name, config, tokenizer, licence } = checkpoint;
    const tensors = weightTensors(checkpoint, quantize);
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const meta = {
      name: shownName(name),
      config,
      tokenizer,
      source: options.source ?? files.map((file) => file.name).join(', '),
      addedAt: Date.now(),
      bundled,
      ...(licence !== undefined && { licence }),
    };
    onProgress?.(0, total);
    const id = options.id ?? crypto.randomUUID();
    const manifest = await this.changing(async () => {
      const existing = options.once ? await this.#store.records.get<Manifest>('models', id) : undefined;
      if (existing) return existing;
      return writeModel(this.#store, id, meta, tensors, {
        onProgress: (bytes) => onProgress?.(Math.min(bytes, total), total),
        ...(signal && { signal }),
      });
    });
    onProgress?.(total, total);
    return summary(manifest);
  }

  /** A model's configuration, tokenizer and tensors. @throws PronkError `missing-model`, `corrupt-file` */
  open(id: string): Promise<StoredModel> {
    return openStoredModel(this.#store, id);
  }

  rename(id: string, name: string): Promise<void> {
    return this.#change(id, { name: shownName(name) });
  }

  /** Notes that a model is in use. */
  touch(id: string): Promise<void> {
    return this.#change(id, { usedAt: Date.now() });
  }

  /** Which adapters a model is used with. */
  setAdapters(id: string, adapters: readonly AdapterUse[]): Promise<void> {
    return this.#change(id, { adapters });
  }

  /** The adapters that a model is used with; some may be gone. */
  async adaptersOf(id: string): Promise<readonly AdapterUse[]> {
    return (await this.#store.records.get<Manifest>('models', id))?.adapters ?? [];
  }

  /** Adds to what is known of a model's quality. @throws PronkError `missing-model` */
  async setQuality(id: string, known: Partial<Quality>): Promise<Quality> {
    return this.changing(async () => {
      const manifest = checkManifest(await this.#store.records.get<Manifest>('models', id), id);
      const quality = { relativeError: {}, ...manifest.quality, ...known };
      await this.#store.records.set('models', id, { ...manifest, quality });
      return quality;
    });
  }

  /** Reads a model from end to end. @throws PronkError `corrupt-file` where a checksum disagrees, `missing-model` */
  verify(id: string, onProgress?: (done: number, total: number) => void, signal?: AbortSignal): Promise<void> {
    return verifyModel(this.#store, id, onProgress, signal);
  }

  /** Runs a task while no other tab changes the list of models. */
  changing<T>(task: () => Promise<T>): Promise<T> {
    return withLock(LOCK, task);
  }

  async #change(id: string, change: Partial<Manifest>): Promise<void> {
    await this.changing(async () => {
      const manifest = await this.#store.records.get<Manifest>('models', id);
      if (manifest) await this.#store.records.set('models', id, { ...manifest, ...change });
    });
  }

  async remove(id: string): Promise<void> {
    await this.changing(() => removeModel(this.#store, id));
  }

  /** Clears away what an interrupted import left, unless one is under way in another tab. */
  async sweep(): Promise<void> {
    await ifUnlocked(LOCK, () => sweep(this.#store));
  }
}

/** What is shown of a stored model. */
function summary(manifest: Manifest): ModelSummary {
  const { id, name, config, parameters, bytes, source, licence, bundled = false, addedAt, usedAt = addedAt } = manifest;
  const { quality, style, adapters } = manifest;
  return {
    id,
    // stored names may be older than this rule
    name: shownName(name),
    architecture: config.architecture,
    parameters,
    contextLength: config.contextLength,
    vocabSize: config.vocabularySize,
    bytes,
    quantization: quantization(manifest),
    source,
    licence,
    bundled,
    addedAt,
    usedAt,
    ...(quality && { quality }),
    ...(style && { style }),
    ...(adapters?.length && { adapters }),
  };
}

function quantization({ tensors }: Manifest): string {
  const weights = new Map<WeightKind, number>();
  for (const { kind, rows, columns } of tensors) {
    if (rows > 1) weights.set(kind, (weights.get(kind) ?? 0) + rows * columns);
  }
  return [...weights]
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind]) => kind)
    .join(' + ');
}
