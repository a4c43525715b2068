// The models that an engine can work with: those that a person has in the store, listed, renamed and removed, and those that
// were attached for as long as the engine lives. Imports write them; nothing here reads weights but to verify them.
import { shownName } from '../../core/shown-name';
import { ifUnlocked, withLock } from '../../storage/locks';
import { checkManifest, type Manifest } from '../../storage/manifest';
import type { Store } from '../../storage/store';
import { listModels, removeModel, sweep, verifyModel } from '../../storage/stored-model';
import type { TokenizerSpec } from '../../core/checkpoint';
import type { Quality } from '../imports/types';
import type { AdapterUse } from '../training/types';
import { type Model, type ModelOrigin, modelInStore } from './model';
import { type ModelSummary, modelSummary } from './summary';

/** Held by whoever changes the list of models, in whichever tab. */
const LOCK = 'pronk-models';

export class Library {
  readonly #store: Store;
  readonly #attached = new Map<string, ModelOrigin>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** All stored models, the newest first. */
  async list(): Promise<ModelSummary[]> {
    const manifests = await listModels(this.#store);
    return manifests.map(modelSummary).toSorted((a, b) => b.addedAt - a.addedAt);
  }

  /**
   * Makes a model known to this engine, without storing anything of it. It can be loaded, generated with, merged and exported;
   * it is not in the list.
   * @returns its id
   */
  attach(origin: ModelOrigin): string {
    const id = crypto.randomUUID();
    this.#attached.set(id, origin);
    return id;
  }

  /** @throws PronkError `missing-model`, `corrupt-file`; what is wrong with the files of an attached model */
  open(id: string): Promise<Model> {
    return this.#originOf(id).open();
  }

  /** A model's tokenizer alone. @throws PronkError as `open` */
  tokenizer(id: string): Promise<TokenizerSpec> {
    return this.#originOf(id).tokenizer();
  }

  #originOf(id: string): ModelOrigin {
    return this.#attached.get(id) ?? modelInStore(this.#store, id);
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
