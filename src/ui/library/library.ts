// Models of one's own: what comes in, what is here, what is done with it, and how much room there is.
import { type Accessor, createEffect, createSignal, on } from 'solid-js';
import type { ModelSummary, Room } from '../../worker/contract';
import { errorData } from '../../worker/client';
import type { EngineState } from '../shared/engine-state';
import { countOf } from '../shared/format';
import { createHub, type HubState } from './hub';
import { createImports, type ImportsState } from './imports';
import { createJobs, type Jobs } from './jobs';
import type { Notices } from '../shared/notices';
import { saveFiles, savedSentence } from '../shared/save-files';

export interface StorageState {
  readonly usage: number;
  readonly room: Room | undefined;
  readonly persisted: boolean;
}

export interface LibraryState {
  readonly imports: ImportsState;
  readonly hub: HubState;
  readonly jobs: Jobs;
  readonly storage: Accessor<StorageState | undefined>;
  rename(model: ModelSummary, name: string): void;
  remove(model: ModelSummary): void;
  /** Reads a model from end to end against its checksums. */
  verify(model: ModelSummary): void;
  measure(model: ModelSummary): void;
  /** Saves the model as a GGUF file. */
  exportModel(model: ModelSummary): void;
  /** Asks the browser not to clean up. */
  persist(): void;
}

export function createLibrary(engine: EngineState, notices: Notices): LibraryState {
  const { client } = engine;
  const [storage, setStorage] = createSignal<StorageState>();
  const say = (error: unknown) => notices.show(errorData(error).message);
  const look = () => void client.storage.estimate().then(setStorage, () => {});
  const jobs = createJobs(engine);
  const hub = createHub(client.hub);
  const imports = createImports({
    engine,
    notices,
    jobs,
    tokens: hub.tokens,
    onChange(model) {
      look();
      // whoever brings a model of their own wants to keep it
      if (model && !storage()?.persisted) void ask().then(look, () => {});
    },
  });

  /** Pages alone may ask; workers may not. */
  const ask = () => globalThis.navigator?.storage?.persist?.() ?? client.storage.persist();

  async function persist(): Promise<void> {
    const granted = await ask();
    if (!granted) notices.show('The browser refused. It usually agrees once the page is bookmarked or installed.');
    look();
  }

  createEffect(on(engine.models, look));
  return {
    imports,
    hub,
    jobs,
    storage,
    rename: (model, name) => void (name.trim() && client.models.rename(model.id, name.trim()).catch(say)),
    remove: (model) => void client.models.remove(model.id).catch(say),
    verify: ({ id, name }) =>
      void jobs.run(
        'verify',
        id,
        'Checking',
        () => client.models.verify(id),
        () => `${name} is intact: every byte is as it was stored.`,
      ),
    measure: ({ id }) =>
      void jobs.run(
        'quality',
        id,
        'Measuring',
        () => client.models.measureQuality(id),
        ({ perplexity, perplexityTokens = 0 }) =>
          perplexity === undefined
            ? 'There was nothing to measure.'
            : `Perplexity ${perplexity.toPrecision(4)} on ${countOf(perplexityTokens, 'token')}.`,
      ),
    exportModel: ({ id }) =>
      void jobs.run(
        'save',
        id,
        'Writing',
        () => saveFiles((folder) => client.models.export(id, folder)),
        savedSentence,
      ),
    persist: () => void persist().catch(say),
  };
}
