// What the page asks of datasets, training runs and adapters.
import type { Engine } from '../engine/index';
import { PronkError } from '../formats/errors';
import { blobSource } from '../formats/source';
import type { GivenFile, WorkerEvent } from './api';
import type { Saves } from './saves';
import type { AdapterApi, DatasetApi, RunApi, TrainingApi } from './training-api';

/** @param announce tells the page, and other tabs, that the list of models (with the adapters in use) changed */
export function trainingApi(
  engine: Engine,
  saves: Saves,
  emit: (event: WorkerEvent) => void,
  announce: () => Promise<void>,
): TrainingApi {
  return { ...datasetApi(engine), ...runApi(engine, emit), ...adapterApi(engine, saves, emit, announce) };
}

function datasetApi(engine: Engine): DatasetApi {
  const { datasets } = engine;
  return {
    datasets: () => datasets.list(),
    addDataset: (file, options) => datasets.add(blobSource(file), options),
    createDataset: (name) => datasets.create(name),
    datasetRows: (id, start, end) => datasets.rows(id, start, end),
    editDataset: (id, at, remove, rows) => datasets.edit(id, at, remove, rows),
    renameDataset: (id, name) => datasets.rename(id, name),
    removeDataset: (id) => datasets.remove(id),
    reportDataset: async (id, modelId, config) => datasets.report(id, await engine.tokenizer(modelId), config),
    previewRow: async (id, row, modelId, config) => datasets.preview(id, row, await engine.tokenizer(modelId), config),
    exportDataset: (id) => datasets.export(id),
  };
}

function runApi({ train, adapters }: Engine, emit: (event: WorkerEvent) => void): RunApi {
  train.on((event) => {
    emit({ type: 'training', event });
    // a run that ended has kept an adapter
    if (event.type !== 'run' || event.run.adapterId === undefined) return;
    void adapters.list().then((list) => emit({ type: 'adapters', adapters: list }));
  });
  return {
    planTraining: (request) => train.plan(request),
    measureStep: (request) => train.measure(request),
    startTraining: (request) => train.start(request),
    pauseTraining: (id) => train.pause(id),
    resumeTraining: (id) => train.resume(id),
    stopTraining: (id) => train.stop(id),
    checkpointTraining: () => train.checkpoint(),
    runs: () => train.list(),
    run: (id) => train.get(id),
    exportTrainerState: async (id) =>
      new File([await train.exportState(id)], 'trainer_state.json', { type: 'application/json' }),
    openTrainerState: async (file) => train.openState(await file.text(), file.name),
    removeRun: (id) => train.remove(id),
  };
}

function adapterApi(
  { adapters }: Engine,
  saves: Saves,
  emit: (event: WorkerEvent) => void,
  announce: () => Promise<void>,
): AdapterApi {
  const tell = async () => emit({ type: 'adapters', adapters: await adapters.list() });
  return {
    adapters: () => adapters.list(),
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
    exportAdapter: (id, format, handle) => {
      if (format === 'trl') return notYet();
      return saves.save(id, handle, (folder, options) => adapters.export(id, format, folder, options));
    },
    mergeAdapter: (id, modelId, merge, handle) =>
      saves.save(id, handle, (folder, options) => adapters.merge(id, modelId, merge, folder, options)),
  };
}

function notYet(): Promise<never> {
  return Promise.reject(new PronkError('not-yet', 'A folder to go on training with cannot be made yet.'));
}
