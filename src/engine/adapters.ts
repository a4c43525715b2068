// The adapters that an engine can use with models: those that a person has in the store, imported or trained, and those that
// were attached for as long as the engine lives.
import { fromStoredConfig, type ModelConfig, toStoredConfig } from '../core/model-config';
import type { Adapter } from '../core/adapter';
import type { TokenizerSpec } from '../core/checkpoint';
import { shownName } from '../core/shown-name';
import type { Mix, MixError, MixOptions } from '../formats/adapters/index';
import { PronkError } from '../core/errors';
import type { HasherFactory } from '../core/hash';
import type { Source } from '../core/source';
import type { UsedAdapter } from '../model/inference/lora';
import { type AdapterRecord, AdapterStore } from '../storage/adapters';
import type { Folder } from '../storage/folder';
import type { Store } from '../storage/store';
import type { PromptTemplate } from '../tokenizer/prompt-templates';
import type { PlainFormat } from './export/adapter';
import { type FileContent, writeFiles } from './export/file';
import type { MergeOptions } from './export/merge';
import type { AdapterBase, Base } from './export/origin';
import type { Library } from './models/library';
import type { ModelSummary } from './models/summary';
import { numbered } from '../core/numbered';
import type { SaveOptions, SavedFile } from './save';
import type { AdapterSummary, AdapterUse } from './training/types';

/** Readers of adapters' files, fetched once there is an adapter. */
const formats = () => import('../formats/adapters/index');
const adapterExport = () => import('./export/adapter');
const mergedExport = () => import('./export/merge');

/** Adapters whose values stay in memory: two of them compared, and those combined with them. */
const OPEN = 4;

/** The model, run and template that a trained adapter comes from. */
export interface TrainedFrom {
  readonly modelId: string;
  /** For a model that was removed meanwhile. */
  readonly modelName?: string;
  readonly model?: ModelConfig | undefined;
  readonly runId?: string;
  /** The form of its instructions. */
  readonly template?: PromptTemplate | undefined;
  /** Default: the adapter's own. */
  readonly name?: string;
}

/** An adapter with its values, ready for a session. */
export interface ResolvedAdapter extends UsedAdapter {
  /** Where its vocabulary is another one than the model's. */
  readonly tokenizer?: TokenizerSpec | undefined;
}

/** Options of a mix of several adapters, and its name. */
export interface NamedMix extends MixOptions {
  readonly name: string;
}

/** A mix that was stored. */
export interface StoredMix {
  readonly adapter: AdapterSummary;
  /** Where the mix has a lower rank than the adapters together. */
  readonly error?: MixError;
}

/** An adapter that is not stored, and the model that it was read for. */
interface Attached {
  readonly adapter: Adapter;
  readonly modelId: string;
}

export class Adapters {
  readonly #stored: AdapterStore;
  readonly #library: Library;
  readonly #hashers: HasherFactory | undefined;
  readonly #attached = new Map<string, Attached>();
  /** Values by id, the adapter that was used last at the end. */
  readonly #open = new Map<string, Promise<Adapter>>();

  /** @param hashers for the digests of a base's files; in this thread without it */
  constructor(store: Store, library: Library, hashers?: HasherFactory) {
    this.#stored = new AdapterStore(store);
    this.#library = library;
    this.#hashers = hashers;
  }

  /** All stored adapters, the newest first. */
  async list(): Promise<AdapterSummary[]> {
    const [records, models] = await Promise.all([this.#stored.list(), this.#library.list()]);
    return (await Promise.all(records.map((record) => this.#atHome(record, models)))).map(summary);
  }

  /** Whether a file by itself is an adapter, and no model; what cannot be read is none. */
  async isAdapter(file: Source): Promise<boolean> {
    const { isGgufAdapter } = await formats();
    return isGgufAdapter(file).catch(() => false);
  }

  /**
   * Reads and stores an adapter that fits a model.
   * @throws PronkError `adapter-empty`, `adapter-mismatch`, `unsupported-adapter`, `missing-model`, `quota-exceeded`, …
   */
  async import(files: readonly Source[], modelId: string): Promise<AdapterSummary> {
    const { name: modelName, config, tensors } = await this.#library.open(modelId);
    const { readAdapter } = await formats();
    const adapter = await readAdapter(files, config, tensors);
    const { name } = adapter;
    const meta = { name, modelId, modelName, model: toStoredConfig(config), source: 'imported' } as const;
    return summary(await this.#stored.add(adapter, await this.#distinct(meta)));
  }

  /**
   * Reads an adapter that fits a model, without storing it: it can be used, merged and exported under its id.
   * @throws PronkError as `import`
   */
  async attach(files: readonly Source[], modelId: string): Promise<string> {
    const { config, tensors } = await this.#library.open(modelId);
    const { readAdapter } = await formats();
    const id = crypto.randomUUID();
    this.#attached.set(id, { adapter: await readAdapter(files, config, tensors), modelId });
    return id;
  }

  /** Stores an adapter that was trained here; of one run, once. @throws PronkError `missing-model`, `quota-exceeded` */
  async keep(adapter: Adapter, trained: TrainedFrom): Promise<AdapterSummary> {
    const { modelId, runId, template, name = adapter.name } = trained;
    // a page may die before its run's record says that this was done
    const kept = runId === undefined ? undefined : (await this.#stored.list()).find((each) => each.runId === runId);
    if (kept) return summary(kept);
    const base = await this.#library.open(modelId).then(
      ({ name: modelName, config }) => ({ modelName, model: toStoredConfig(config) }),
      (error: unknown) => {
        const { model, modelName = modelId } = trained;
        if (!model) throw error;
        return { modelName, model: toStoredConfig(model) };
      },
    );
    const from = { ...(runId !== undefined && { runId }), ...(template && { template }) };
    const meta = { name, modelId, ...base, source: 'trained', ...from } as const;
    return summary(await this.#stored.add(adapter, await this.#distinct(meta)));
  }

  /** An adapter's description under a name that no other adapter has. */
  async #distinct<T extends { readonly name: string }>(meta: T): Promise<T> {
    const names = (await this.#stored.list()).map(({ name }) => name);
    return { ...meta, name: numbered(shownName(meta.name), names) };
  }

  /** An adapter with its values, and what is known of it. @throws PronkError `missing-adapter`, `corrupt-file` */
  async open(id: string): Promise<{ readonly record: AdapterRecord; readonly adapter: Adapter }> {
    const record = await this.#stored.get(id);
    return { record, adapter: { ...(await this.#values(id)), name: record.name } };
  }

  /** Gives it this name, with a number where another one has it. @throws PronkError `missing-adapter` */
  async rename(id: string, name: string): Promise<void> {
    const others = (await this.#stored.list()).filter((each) => each.id !== id);
    const free = numbered(
      shownName(name),
      others.map((each) => each.name),
    );
    await this.#stored.rename(id, free);
  }

  /** Removes it from the store, and from the models that it is in use with. */
  async remove(id: string): Promise<void> {
    await this.#stored.remove(id);
    this.#open.delete(id);
    for (const { id: modelId, adapters = [] } of await this.#library.list()) {
      const others = adapters.filter((use) => use.id !== id);
      if (others.length < adapters.length) await this.#library.setAdapters(modelId, others);
    }
  }

  /**
   * Which adapters a model is used with from now on, unless a request says otherwise.
   * @throws PronkError `missing-model`, `missing-adapter`, `adapter-mismatch`, `bad-strength`
   */
  async use(modelId: string, uses: readonly AdapterUse[]): Promise<void> {
    const { config } = await this.#library.open(modelId);
    await this.#resolved(config, uses);
    await this.#library.setAdapters(modelId, uses);
  }

  /**
   * The adapters that a model is to be computed with, with their values.
   * @param uses instead of those in use; an empty list is the base
   * @throws PronkError `missing-adapter`, `adapter-mismatch`, `bad-strength`
   */
  async resolve(modelId: string, config: ModelConfig, uses?: readonly AdapterUse[]): Promise<ResolvedAdapter[]> {
    if (uses) return this.#resolved(config, uses);
    const known = new Set((await this.#stored.list()).map(({ id }) => id));
    const inUse = await this.#library.adaptersOf(modelId);
    return this.#resolved(
      config,
      inUse.filter(({ id }) => known.has(id)),
    );
  }

  /**
   * Saves an adapter for other programs; the model that it belongs to may be gone.
   * @throws PronkError `missing-adapter`, `corrupt-file`; the signal's reason
   */
  async *export(
    id: string,
    format: PlainFormat,
    folder: Folder,
    options?: SaveOptions,
  ): AsyncGenerator<SavedFile, void, void> {
    yield* writeFiles(folder, await this.exportFiles({ id, strength: 1 }, format), options);
  }

  /** The files of `export`. @param use another strength than 1 becomes part of the adapter's scale */
  async exportFiles({ id, strength }: AdapterUse, format: PlainFormat): Promise<FileContent[]> {
    const { adapter, template } = await this.#withTemplate(id);
    if (strength !== 1 && adapter.pairs.some(({ magnitude }) => magnitude)) {
      const message = `${adapter.name} is a DoRA adapter, which has no scale that a strength of ${strength} could be part of. Export it at a strength of 1, or merge it into its model.`;
      throw new PronkError('unsupported-format', message);
    }
    const pairs = adapter.pairs.map((pair) => ({ ...pair, scale: pair.scale * strength }));
    const { adapterFiles } = await adapterExport();
    return adapterFiles({ ...adapter, pairs }, await this.#baseOf(id), format, template);
  }

  /**
   * Stores a mix of adapters as one adapter of their model.
   * @throws PronkError `missing-adapter`, `adapter-mismatch`, `unsupported-adapter`, `bad-mix`, `quota-exceeded`
   */
  async mix(uses: readonly AdapterUse[], modelId: string, options: NamedMix): Promise<StoredMix> {
    const { adapter, error } = await this.#mixed(uses, modelId, options);
    const { name: modelName, config } = await this.#library.open(modelId);
    const meta = { name: adapter.name, modelId, modelName, model: toStoredConfig(config), source: 'mixed' } as const;
    const stored = summary(await this.#stored.add(adapter, await this.#distinct(meta)));
    return { adapter: stored, ...(error && { error }) };
  }

  /** The files of a mix that is not stored, and how far it is from what it stands for. @throws PronkError as `mix` */
  async mixFiles(
    uses: readonly AdapterUse[],
    modelId: string,
    options: NamedMix,
    format: PlainFormat,
  ): Promise<{ readonly files: FileContent[]; readonly error?: MixError | undefined }> {
    const { adapter, error } = await this.#mixed(uses, modelId, options);
    const { adapterFiles } = await adapterExport();
    return { files: await adapterFiles(adapter, await this.#base(modelId), format), error };
  }

  async #mixed(uses: readonly AdapterUse[], modelId: string, { name, ...options }: NamedMix): Promise<Mix> {
    const { config } = await this.#library.open(modelId);
    const { checkFit, mixed } = await formats();
    const parts = await Promise.all(
      uses.map(async ({ id, strength }) => {
        const adapter = await this.#named(id);
        checkFit(adapter, config);
        return { adapter, strength };
      }),
    );
    return mixed(name, parts, config, options);
  }

  /** Values with the name that a person knows them by. */
  async #named(id: string): Promise<Adapter> {
    return this.#attached.get(id)?.adapter ?? (await this.open(id)).adapter;
  }

  /**
   * Saves a model with adapters merged into it.
   * @throws PronkError `missing-adapter`, `missing-model`, `adapter-mismatch`, `unsupported-format`,
   *   `unsupported-tokenizer`, `corrupt-file`; the signal's reason
   */
  async *merge(
    uses: readonly AdapterUse[],
    modelId: string,
    options: MergeOptions,
    folder: Folder,
    saving?: SaveOptions,
  ): AsyncGenerator<SavedFile, void, void> {
    yield* writeFiles(folder, await this.mergedFiles(uses, modelId, options), saving);
  }

  /** The files of `merge`. */
  async mergedFiles(uses: readonly AdapterUse[], modelId: string, options: MergeOptions): Promise<FileContent[]> {
    const adapters = await Promise.all(
      uses.map(async ({ id, strength }) => ({ ...(await this.#withTemplate(id)), strength })),
    );
    const { mergedFiles } = await mergedExport();
    return mergedFiles(await this.#base(modelId), adapters, options);
  }

  /** An adapter with the form of its instructions, where it is known. */
  async #withTemplate(id: string): Promise<{ adapter: Adapter; template: PromptTemplate | undefined }> {
    const attached = this.#attached.get(id);
    if (attached) return { adapter: attached.adapter, template: undefined };
    const { adapter, record } = await this.open(id);
    return { adapter, template: record.template };
  }

  /** The model that an adapter belongs to, as far as it is known. */
  async #baseOf(id: string): Promise<AdapterBase> {
    const attached = this.#attached.get(id);
    if (attached) return this.#base(attached.modelId);
    const record = await this.#stored.get(id);
    const { modelId } = await this.#atHome(record, await this.#library.list());
    return this.#base(modelId).catch(() => ({
      name: record.modelName,
      source: 'a model that is no longer here',
      config: fromStoredConfig(record.model),
    }));
  }

  /** An adapter whose model was removed belongs to the one that came in its place: of its name and its shapes. */
  async #atHome(record: AdapterRecord, models: readonly ModelSummary[]): Promise<AdapterRecord> {
    if (models.some(({ id }) => id === record.modelId)) return record;
    for (const { id, name } of models) {
      if (name !== shownName(record.modelName)) continue;
      const { config } = await this.#library.open(id);
      if (JSON.stringify(toStoredConfig(config)) === JSON.stringify(record.model)) return { ...record, modelId: id };
    }
    return record;
  }

  async #base(modelId: string): Promise<Base> {
    const model = await this.#library.open(modelId);
    return { ...model, ...(await model.digests(this.#hashers)) };
  }

  /** Clears away what storing an adapter left when it was cut off. */
  sweep(): Promise<void> {
    return this.#stored.sweep();
  }

  #resolved(config: ModelConfig, uses: readonly AdapterUse[]): Promise<ResolvedAdapter[]> {
    return Promise.all(
      uses.map(async ({ id, strength }) => {
        if (!Number.isFinite(strength)) {
          throw new PronkError('bad-strength', `An adapter's strength is a number, and not ${strength}.`);
        }
        const adapter = await this.#values(id);
        const { checkFit } = await formats();
        checkFit(adapter, config);
        return { key: id, pairs: adapter.pairs, strength, whole: adapter.whole, tokenizer: adapter.tokenizer };
      }),
    );
  }

  #values(id: string): Promise<Adapter> {
    const attached = this.#attached.get(id);
    if (attached) return Promise.resolve(attached.adapter);
    const found = this.#open.get(id) ?? this.#stored.open(id);
    this.#open.delete(id);
    this.#open.set(id, found);
    // a failure is for whoever asked, and is not remembered
    found.catch(() => this.#open.delete(id));
    for (const old of this.#open.keys()) {
      if (this.#open.size <= OPEN) break;
      this.#open.delete(old);
    }
    return found;
  }
}

/** A stored adapter as the page shows it. */
function summary({
  id,
  name,
  modelId,
  modelName,
  config,
  addedAt,
  source,
  runId,
  ...rest
}: AdapterRecord): AdapterSummary {
  return {
    id,
    name: shownName(name),
    modelId,
    modelName: shownName(modelName),
    config,
    parameters:
      rest.pairs.reduce((sum, { rank, inputs, outputs, magnitude, bias }) => {
        return sum + rank * (inputs + outputs) + (magnitude ? outputs : 0) + (bias ? outputs : 0);
      }, 0) + (rest.whole ?? []).reduce((sum, { rows, columns }) => sum + rows * columns, 0),
    bytes: rest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    addedAt,
    source,
    ...(runId !== undefined && { runId }),
  };
}
