// Training runs and adapters: told in all tabs, saved for the person. What needs neither is the engine's own.
import { writeFiles } from '../engine/export/file';
import type { Engine } from '../engine/index';
import { blobSource } from '../core/source';
import type { Contract, Kept, TrainingEvent, WorkerEvent } from './contract';
import type { Saves, Tell } from './saves';
import { TrainingTabs } from './training-tabs';
import { verbsOf } from './verbs';

type Verbs = Kept<Pick<Contract, 'runs' | 'adapters'>>;
type Emit = (event: WorkerEvent) => void;

/** @param channel reaches the other tabs */
export function runVerbs(
  { runs, adapters }: Engine,
  saves: Saves,
  progress: Tell,
  emit: Emit,
  channel: BroadcastChannel,
): Verbs['runs'] {
  const tell = (event: TrainingEvent) => {
    emit({ type: 'training', event });
    // a run that ended has kept an adapter
    if (event.type !== 'run' || event.run.adapterId === undefined) return;
    void adapters.list().then((list) => emit({ type: 'adapters', adapters: list }));
  };
  runs.on(tell);
  const tabs = new TrainingTabs({
    channel,
    runs,
    onEvent: tell,
    onEnded: () => void runs.list().then((list) => list.forEach((run) => tell({ type: 'run', run }))),
  });
  return verbsOf(runs, {
    measure: (request) => runs.measure(request, progress('measure', request.datasetId)),
    pause: (id) => tabs.ask('pause', id),
    resume: (id) => tabs.ask('resume', id),
    stop: (id) => tabs.ask('stop', id),
    async list() {
      const list = await runs.list();
      if (list.some(({ state }) => state === 'running')) tabs.watch();
      return list;
    },
    exportState: async (id) =>
      new File([await runs.exportState(id)], 'trainer_state.json', { type: 'application/json' }),
    openState: async (file) => runs.openState(await file.text(), file.name),
    async export(request, handle) {
      const files = await runs.export(request);
      return saves.save(request.datasetId, handle, `${request.name ?? 'Planned run'} TRL`, (folder, options) =>
        writeFiles(folder, files, options),
      );
    },
  } satisfies Partial<Verbs['runs']>);
}

/** @param announce tells the page, and other tabs, that the list of models (with the adapters in use) changed */
export function adapterVerbs(
  { adapters, runs }: Engine,
  saves: Saves,
  emit: Emit,
  announce: () => Promise<void>,
): Verbs['adapters'] {
  const nameOf = async (id: string) => (await adapters.list()).find((each) => each.id === id)?.name ?? 'Adapter';
  const tell = async () => emit({ type: 'adapters', adapters: await adapters.list() });
  return {
    list: () => adapters.list(),
    isAdapter: (file) => adapters.isAdapter(blobSource(file)),
    async import(files, modelId) {
      const added = await adapters.import(
        files.map(({ file, path }) => blobSource(file, path)),
        modelId,
      );
      await tell();
      return added;
    },
    async use(modelId, uses) {
      await adapters.use(modelId, uses);
      await announce();
    },
    async mix(uses, modelId, options) {
      const mix = await adapters.mix(uses, modelId, options);
      await tell();
      return mix;
    },
    async rename(id, name) {
      await adapters.rename(id, name);
      await tell();
    },
    async remove(id) {
      await adapters.remove(id);
      await Promise.all([tell(), announce()]);
    },
    async export(id, format, handle) {
      const archive = `${await nameOf(id)} ${format.toUpperCase()}`;
      if (format !== 'trl') {
        return saves.save(id, handle, archive, (folder, options) => adapters.export(id, format, folder, options));
      }
      const { record } = await adapters.open(id);
      const files = await runs.exportRun(record.runId);
      return saves.save(id, handle, archive, (folder, options) => writeFiles(folder, files, options));
    },
    async merge(id, modelId, merge, handle) {
      const archive = `${await nameOf(id)} merged ${merge.format} ${merge.dtype}`;
      return saves.save(id, handle, archive, (folder, options) =>
        adapters.merge([{ id, strength: merge.strength ?? 1 }], modelId, merge, folder, options),
      );
    },
  };
}
