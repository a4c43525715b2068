// What the page asks of datasets, training runs and adapters.
import { writeFiles } from '../engine/export/file';
import type { Engine } from '../engine/index';
import { blobSource } from '../core/source';
import type { GivenFile, WorkerEvent } from './api';
import type { Saves, Tell } from './saves';
import type { AdapterApi, DatasetApi, RunApi, TrainingApi, TrainingEvent } from './training-api';
import { TrainingTabs } from './training-tabs';

/** @param announce tells the page, and other tabs, that the list of models (with the adapters in use) changed */
export function trainingApi(
  engine: Engine,
  saves: Saves,
  progress: Tell,
  emit: (event: WorkerEvent) => void,
  announce: () => Promise<void>,
): TrainingApi {
  return {
    ...datasetApi(engine),
    ...runApi(engine, saves, progress, emit),
    ...adapterApi(engine, saves, emit, announce),
  };
}

function datasetApi(engine: Engine): DatasetApi {
  const { datasets } = engine;
  return {
    datasets: () => datasets.list(),
    addDataset: (file, options) => datasets.add(blobSource(file), options),
    createDataset: (name) => datasets.create(name),
    datasetRows: (id, start, end) => datasets.rows(id, start, end),
    findRows: (id, search) => datasets.find(id, search),
    readRow: async (text) => datasets.readRow(text),
    editDataset: (id, at, remove, rows) => datasets.edit(id, at, remove, rows),
    renameDataset: (id, name) => datasets.rename(id, name),
    removeDataset: (id) => datasets.remove(id),
    reportDataset: (id, modelId, config) => datasets.report(id, modelId, config),
    previewRow: (id, row, modelId, config) => datasets.preview(id, row, modelId, config),
    exportDataset: (id) => datasets.export(id),
  };
}

function runApi(
  { runs: train, adapters }: Engine,
  saves: Saves,
  progress: Tell,
  emit: (event: WorkerEvent) => void,
): RunApi {
  const tell = (event: TrainingEvent) => {
    emit({ type: 'training', event });
    // a run that ended has kept an adapter
    if (event.type !== 'run' || event.run.adapterId === undefined) return;
    void adapters.list().then((list) => emit({ type: 'adapters', adapters: list }));
  };
  train.on(tell);
  const tabs = new TrainingTabs({
    channel: new BroadcastChannel('pronk-training'),
    train,
    onEvent: tell,
    onEnded: () => void train.list().then((runs) => runs.forEach((run) => tell({ type: 'run', run }))),
  });
  return {
    planTraining: (request) => train.plan(request),
    measureStep: (request) => train.measure(request, progress('measure', request.datasetId)),
    stopMeasuring: () => train.stopMeasuring(),
    startTraining: (request) => train.start(request),
    pauseTraining: (id) => tabs.ask('pause', id),
    resumeTraining: (id) => tabs.ask('resume', id),
    stopTraining: (id) => tabs.ask('stop', id),
    checkpointTraining: () => train.checkpoint(),
    async runs() {
      const runs = await train.list();
      if (runs.some(({ state }) => state === 'running')) tabs.watch();
      return runs;
    },
    run: (id) => train.get(id),
    exportTrainerState: async (id) =>
      new File([await train.exportState(id)], 'trainer_state.json', { type: 'application/json' }),
    openTrainerState: async (file) => train.openState(await file.text(), file.name),
    removeRun: (id) => train.remove(id),
    async exportTraining(request, handle) {
      const files = await train.export(request);
      return saves.save(request.datasetId, handle, `${request.name ?? 'Planned run'} TRL`, (folder, options) =>
        writeFiles(folder, files, options),
      );
    },
  };
}

function adapterApi(
  { adapters, runs: train }: Engine,
  saves: Saves,
  emit: (event: WorkerEvent) => void,
  announce: () => Promise<void>,
): AdapterApi {
  const nameOf = async (id: string) => (await adapters.list()).find((each) => each.id === id)?.name ?? 'Adapter';
  const tell = async () => emit({ type: 'adapters', adapters: await adapters.list() });
  return {
    adapters: () => adapters.list(),
    isAdapter: (file) => adapters.isAdapter(blobSource(file)),
    async importAdapter(files, modelId) {
      const added = await adapters.import(
        files.map(({ file, path }: GivenFile) => blobSource(file, path)),
        modelId,
      );
      await tell();
      return added;
    },
    async useAdapters(modelId, uses) {
      await adapters.use(modelId, uses);
      await announce();
    },
    async renameAdapter(id, name) {
      await adapters.rename(id, name);
      await tell();
    },
    async removeAdapter(id) {
      await adapters.remove(id);
      await Promise.all([tell(), announce()]);
    },
    async exportAdapter(id, format, handle) {
      const archive = `${await nameOf(id)} ${format.toUpperCase()}`;
      if (format !== 'trl') {
        return saves.save(id, handle, archive, (folder, options) => adapters.export(id, format, folder, options));
      }
      const { record } = await adapters.open(id);
      const files = await train.exportRun(record.runId);
      return saves.save(id, handle, archive, (folder, options) => writeFiles(folder, files, options));
    },
    async mergeAdapter(id, modelId, merge, handle) {
      const archive = `${await nameOf(id)} merged ${merge.format} ${merge.dtype}`;
      return saves.save(id, handle, archive, (folder, options) =>
        adapters.merge([{ id, strength: merge.strength ?? 1 }], modelId, merge, folder, options),
      );
    },
  };
}
