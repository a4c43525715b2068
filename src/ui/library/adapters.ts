// Adapters: which are here, which of them are in use with which strength, and what becomes of them.
import { type Accessor, createEffect, createMemo, createSignal, on } from 'solid-js';
import type {
  AdapterFormat,
  AdapterSummary,
  AdapterUse,
  GivenFile,
  MergeFormat,
  MergeType,
  MixMethod,
} from '../../worker/contract';
import { type Client, errorData } from '../../worker/client';
import type { EngineState } from '../shared/engine-state';
import type { Jobs } from './jobs';
import type { Notices } from '../shared/notices';
import { saveFiles, savedSentence } from '../shared/save-files';
import { createStored, isRecord } from '../shared/local-storage';

interface MergeChoice {
  readonly format: MergeFormat;
  readonly dtype: MergeType;
  readonly strength: number;
  readonly shardBytes?: number;
}

interface MixChoice {
  readonly name: string;
  readonly method: MixMethod;
  readonly rank?: number;
  readonly density?: number;
}

export interface AdaptersState {
  readonly list: Accessor<readonly AdapterSummary[]>;
  find(id: string): AdapterSummary | undefined;
  /** Why an adapter cannot be used. */
  obstacle(adapter: AdapterSummary): string | undefined;
  /** Adapters of the model in use. */
  readonly ofModel: Accessor<readonly AdapterSummary[]>;
  /** What answers of the model in use are drawn with. */
  readonly inUse: Accessor<readonly AdapterUse[]>;
  /** Adapters in use with their names. */
  readonly named: Accessor<readonly (AdapterUse & { readonly name: string })[]>;
  isOn(id: string): boolean;
  /** 1 is as trained; also of one that is off. */
  strengthOf(id: string): number;
  turn(id: string, on: boolean): void;
  setStrength(id: string, strength: number): void;
  /** Uses its model with this adapter alone. */
  useAlone(adapter: AdapterSummary): void;
  /** Reads a PEFT folder's files or a GGUF adapter for the model in use, or another one that it fits. */
  add(files: readonly GivenFile[]): Promise<void>;
  /** Keeps those in use as one adapter, and says how near it is. */
  mix(options: MixChoice): void;
  rename(id: string, name: string): void;
  remove(id: string): void;
  save(id: string, format: AdapterFormat): void;
  merge(adapter: AdapterSummary, choice: MergeChoice): void;
}

interface Use extends AdapterUse {
  readonly on: boolean;
}
type Uses = Readonly<Record<string, readonly Use[]>>;

function parseUses(stored: unknown): Uses | undefined {
  if (!isRecord(stored)) return undefined;
  const isUse = (use: unknown): use is Use =>
    isRecord(use) &&
    typeof use['id'] === 'string' &&
    typeof use['strength'] === 'number' &&
    typeof use['on'] === 'boolean';
  return Object.fromEntries(
    Object.entries(stored).map(([model, uses]) => [model, Array.isArray(uses) ? uses.filter(isUse) : []]),
  );
}

export function createAdapters(client: Client, engine: EngineState, jobs: Jobs, notices: Notices): AdaptersState {
  const [list, setList] = createSignal<readonly AdapterSummary[]>([]);
  const [uses, setUses] = createStored<Uses>('adapters', {}, parseUses);
  const [restarts, setRestarts] = createSignal(0);
  const say = (error: unknown) => notices.show(errorData(error).message);
  const modelId = createMemo(() => engine.model()?.id);
  const usesOf = (model: string | undefined) => uses()[model ?? ''] ?? [];
  const ofModel = createMemo(() => list().filter((adapter) => adapter.modelId === modelId()));
  const inUse = createMemo<readonly AdapterUse[]>(
    () =>
      usesOf(modelId())
        .filter(({ id, on }) => on && ofModel().some((adapter) => adapter.id === id))
        .map(({ id, strength }) => ({ id, strength })),
    [],
    { equals: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );

  // the worker is told whenever something else is to be used, also a new worker, which knows nothing
  let told = '[]';
  createEffect(() => {
    const model = modelId();
    const key = JSON.stringify([model, inUse(), restarts()]);
    if (model === undefined || key === told || (told === '[]' && inUse().length === 0)) return;
    told = key;
    void client.adapters.use(model, inUse()).catch(say);
  });
  client.subscribe((event) => {
    if (event.type === 'adapters') setList(event.adapters);
    else if (event.type === 'restarted') setRestarts((before) => before + 1);
  });
  // a model that comes again has its adapters again
  const ids = createMemo(() => engine.models().map(({ id }) => id), [], { equals: (a, b) => a.join() === b.join() });
  createEffect(on(ids, () => void client.adapters.list().then(setList, () => {})));

  const find = (id: string) => list().find((adapter) => adapter.id === id);
  const useOf = (id: string): Use =>
    usesOf(find(id)?.modelId).find((use) => use.id === id) ?? { id, strength: 1, on: false };
  function change(id: string, values: Partial<Use>): void {
    const model = find(id)?.modelId;
    if (model === undefined) return;
    const others = usesOf(model).filter((use) => use.id !== id);
    setUses({ ...uses(), [model]: [...others, { ...useOf(id), ...values }] });
  }

  return {
    list,
    find,
    obstacle({ modelId: of, modelName }) {
      if (ids().length === 0 || ids().includes(of)) return undefined;
      return `Its model, ${modelName}, is not here. Add the model again to use the adapter. The adapter can be exported without it.`;
    },
    ofModel,
    inUse,
    named: () => inUse().map((use) => ({ ...use, name: find(use.id)?.name ?? '' })),
    isOn: (id) => useOf(id).on,
    strengthOf: (id) => useOf(id).strength,
    turn: (id, on) => change(id, { on }),
    setStrength: (id, strength) => Number.isFinite(strength) && change(id, { strength }),
    useAlone(adapter) {
      const others = usesOf(adapter.modelId).filter(({ id }) => id !== adapter.id);
      const off = others.map((use) => ({ ...use, on: false }));
      setUses({ ...uses(), [adapter.modelId]: [...off, { id: adapter.id, strength: 1, on: true }] });
      if (modelId() !== adapter.modelId) engine.use(adapter.modelId);
    },
    async add(files) {
      const current = engine.model();
      if (!current) {
        notices.show('An adapter belongs to a model. Add the model first.');
        return;
      }
      let refused: unknown;
      // the model in use first: where several fit, it is the one that is meant
      for (const model of [current, ...engine.models().filter(({ id }) => id !== current.id)]) {
        try {
          const adapter = await client.adapters.import(files, model.id);
          setList((before) => [adapter, ...before.filter(({ id }) => id !== adapter.id)]);
          const use = () => (modelId() === model.id ? this.turn(adapter.id, true) : this.useAlone(adapter));
          notices.show(`${adapter.name} fits ${model.name}.`, { label: 'Use it', run: use }, 15_000);
          return;
        } catch (error) {
          refused ??= error;
          if (errorData(error).code !== 'adapter-mismatch') break;
        }
      }
      notices.show(errorData(refused).message, undefined, 0);
    },
    mix(options) {
      const model = modelId();
      if (model === undefined) return;
      notices.show('Making one adapter of the mix…');
      void client.adapters.mix(inUse(), model, options).then(({ adapter, error }) => {
        const lost = error ? ` It differs from the mix by ${(100 * error.overall).toPrecision(2)}\u00a0%.` : '';
        notices.show(
          `${adapter.name} is saved.${lost}`,
          { label: 'Use it', run: () => this.useAlone(adapter) },
          15_000,
        );
      }, say);
    },
    rename(id, name) {
      const trimmed = name.trim();
      if (trimmed === '') return;
      // what it is called then is told by an event
      void client.adapters.rename(id, trimmed).catch(say);
    },
    remove(id) {
      const drop = () => setList((before) => before.filter((each) => each.id !== id));
      void client.adapters.remove(id).then(drop, say);
    },
    save(id, format) {
      const save = () => saveFiles((folder) => client.adapters.export(id, format, folder));
      void jobs.run('save', id, 'Writing', save, savedSentence);
    },
    merge({ id, modelId: base }, choice) {
      const save = () => saveFiles((folder) => client.adapters.merge(id, base, choice, folder));
      void jobs.run('save', id, 'Merging', save, savedSentence);
    },
  };
}
