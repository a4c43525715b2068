// Models of one's own: files come in one import after the other, and room is watched.
import { type Accessor, createEffect, createSignal, on } from 'solid-js';
import { createStore } from 'solid-js/store';
import type { ErrorData, ModelSummary } from '../../worker/api';
import { errorData } from '../../worker/client';
import type { EngineState } from './engine';
import type { Notices } from './notices';

export interface Import {
  readonly id: string;
  /** What is read, for people. */
  readonly name: string;
  readonly bytes: number;
  stage: string;
  done: number;
  total: number;
  /** Bytes a second, smoothed; 0 where it is not known yet. */
  rate: number;
  error: ErrorData | undefined;
}

export interface StorageState {
  readonly usage: number;
  readonly quota: number;
  readonly persisted: boolean;
}

export interface LibraryState {
  /** Imports that wait, run or failed. */
  readonly imports: readonly Import[];
  readonly storage: Accessor<StorageState | undefined>;
  add(files: readonly File[]): void;
  /** Ends an import, or puts a failed one out of sight. */
  dismiss(id: string): void;
  rename(model: ModelSummary, name: string): void;
  remove(model: ModelSummary): void;
  /** Asks the browser not to clean up. */
  persist(): void;
}

const SPLIT = /-\d{5}-of-\d{5}\.gguf$/i;

/** Files that belong together: a GGUF file (or its splits), or everything else of a folder. */
export function groupFiles(files: readonly File[]): readonly (readonly File[])[] {
  const groups = new Map<string, File[]>();
  // a checkpoint's folder may bring its own GGUF: the whole is one model
  const checkpoint = files.some((file) => /\.safetensors(\.index\.json)?$/i.test(file.name));
  for (const file of files) {
    const path = file.webkitRelativePath || file.name;
    const alone = !checkpoint && /\.gguf$/i.test(path);
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const key = alone ? path.replace(SPLIT, '') : folder;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const all = [...groups.values()];
  // beside GGUF files lie readmes and licences, which are no models
  const models = all.filter((group) => group.some((file) => /\.(gguf|safetensors|bin|pth)$/i.test(file.name)));
  return models.length > 0 ? models : all;
}

function nameOf(files: readonly File[]): string {
  const [first] = files;
  const [folder] = (first.webkitRelativePath || first.name).split('/');
  return files.length > 1 && folder !== first.name ? folder : first.name.split('/').at(-1)!;
}

export function createLibrary(engine: EngineState, notices: Notices): LibraryState {
  const { api } = engine;
  const [imports, setImports] = createStore<Import[]>([]);
  const [storage, setStorage] = createSignal<StorageState>();
  const begun = new Map<string, { at: number; done: number }>();
  let queue = Promise.resolve();

  const change = (id: string, values: Partial<Import>) => setImports((each) => each.id === id, values);
  const forget = (id: string) => setImports((before) => before.filter((each) => each.id !== id));
  const say = (error: unknown) => notices.show(errorData(error).message);
  const measure = () => void api.storage().then(setStorage, () => {});

  engine.onImport((id, { stage, done, total }) => {
    const now = performance.now();
    const last = begun.get(id);
    const known = imports.find((each) => each.id === id);
    if (!last) begun.set(id, { at: now, done });
    else if (now - last.at > 500 && done > last.done) {
      const latest = ((done - last.done) * 1000) / (now - last.at);
      change(id, { rate: known?.rate ? known.rate * 0.6 + latest * 0.4 : latest });
      begun.set(id, { at: now, done });
    }
    change(id, { stage, done, total });
  });

  async function run(id: string, files: readonly File[]): Promise<void> {
    if (!imports.some((each) => each.id === id)) return; // dismissed while it waited
    change(id, { stage: 'Reading' });
    const first = engine.models().every(({ bundled }) => bundled);
    try {
      const model = await api.importFiles([...files], id);
      forget(id);
      notices.show(`${model.name} is ready.`, { label: 'Use it', run: () => engine.use(model.id) }, 15_000);
      if (first) await api.persist();
    } catch (error) {
      change(id, { error: errorData(error) });
    }
    measure();
  }

  async function persist(): Promise<void> {
    const granted = await api.persist();
    if (!granted) notices.show('The browser did not agree. It tends to, once a page is bookmarked or installed.');
    measure();
  }

  createEffect(on(engine.models, measure));
  return {
    imports,
    storage,
    add(files) {
      for (const group of groupFiles(files)) {
        const bytes = group.reduce((sum, file) => sum + file.size, 0);
        const item: Import = {
          id: crypto.randomUUID(),
          name: nameOf(group),
          bytes,
          stage: 'Waiting',
          done: 0,
          total: bytes,
          rate: 0,
          error: undefined,
        };
        setImports((before) => [...before, item]);
        queue = queue.then(() => run(item.id, group));
      }
    },
    dismiss(id) {
      const item = imports.find((each) => each.id === id);
      if (!item) return;
      forget(id);
      if (!item.error) void api.cancelImport(id).catch(say);
    },
    rename: (model, name) => void (name.trim() && api.rename(model.id, name.trim()).catch(say)),
    remove: (model) => void api.remove(model.id).catch(say),
    persist: () => void persist().catch(say),
  };
}
