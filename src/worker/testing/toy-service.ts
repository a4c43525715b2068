// The contract kept for pages without a GPU: the real engine over a store in memory, with some models, rows and runs in it.
// toy-device.ts stands for what a GPU would compute.
import type { Engine } from '../../engine/index';
import { Imports } from '../../engine/imports/index';
import { Adapters } from '../../engine/adapters';
import { Library } from '../../engine/models/library';
import { RUN_VERSION, type RunRecord } from '../../training/run-record';
import { RunStore } from '../../training/run-store';
import { Datasets } from '../../engine/training/datasets';
import { bytesSource } from '../../core/source';
import { memoryStore } from '../../storage/memory';
import type { Store } from '../../storage/store';
import type { Kept, WorkerContract, WorkerEvent } from '../contract';
import { createService } from '../service';
import { toyGeneration, toyGpu, toyPairs, toyTraining, wait } from './toy-device';
import { toyFile, toyModel } from './toy-model';
import { toyExamples, toyRun } from './toy-runs';

export interface ToyOptions {
  /** Milliseconds of a token. */
  readonly delay?: number;
  /** Whether there is a device. */
  readonly gpu?: boolean;
  /** Milliseconds of loading. */
  readonly load?: number;
  /** Milliseconds of a write to the store, and of measuring. */
  readonly slow?: number;
  /** An import was cut off in an earlier visit. */
  readonly pending?: boolean;
  /** Milliseconds of a training step. */
  readonly step?: number;
  /** There are rows, runs and an adapter. */
  readonly trained?: boolean;
}

/** Perplexity that is said to have been measured. */
const MEASURED = { perplexity: 9.217, perplexityTokens: 1023 };

export function toyService(options: ToyOptions = {}): Kept<WorkerContract> {
  const { delay = 25, gpu = true, load = 1500, slow = 300, step = 200 } = options;
  const memory = memoryStore();
  const id = crypto.randomUUID();
  let engine: Engine | undefined;
  let listener: (event: WorkerEvent) => void = () => {};
  const emit = (event: WorkerEvent) => listener(event);
  let loaded: Promise<void> | undefined;
  const store = storeAfter(fill(memory, options), memory, slow);

  const service = createService({
    store,
    gpu: gpu ? async () => toyGpu : undefined,
    training: toyTraining(step),
    // other toys in the same process are no tabs of this one
    channel: (name) => new BroadcastChannel(`${name} ${id}`),
    bundle: async (made) => {
      engine = made;
    },
  });

  async function doLoad(modelId: string, context = 512): Promise<void> {
    const total = 7_600_000;
    for (let done = 0; done < 10; done++) {
      emit({ type: 'progress', task: 'load', id: modelId, stage: 'Loading', done: (done * total) / 10, total });
      await wait(load / 10);
    }
    emit({ type: 'loaded', modelId, context, ms: load, hasTemplate: modelId !== 'open' });
    const taken = { weights: 7_600_000, 'kv cache': 9_400_000, scratch: 1_200_000 };
    const { name, software } = toyGpu;
    emit({ type: 'device', device: { name, software, features: ['subgroups'], memory: taken } });
  }

  const { session, models } = service;
  return {
    ...service,
    session: {
      ...session,
      async start(onEvent) {
        listener = onEvent;
        await session.start(onEvent);
      },
    },
    models: {
      list: () => models.list(),
      load: (modelId, chosen) => (loaded = doLoad(modelId, chosen?.context)),
      rename: (modelId, name) => models.rename(modelId, name),
      remove: (modelId) => models.remove(modelId),
      verify: (modelId) => models.verify(modelId),
      export: (modelId, folder) => models.export(modelId, folder),
      async measureQuality(modelId) {
        emit({ type: 'progress', task: 'quality', id: modelId, stage: 'Measuring', done: 0, total: 1023 });
        await wait(slow);
        const quality = await engine!.models.setQuality(modelId, MEASURED);
        emit({ type: 'models', models: await engine!.models.list() });
        return quality;
      },
    },
    generation: toyGeneration(emit, delay, async () => loaded),
  };
}

/** A store that is read once it is filled, and that takes its time to write shards. */
function storeAfter(filled: Promise<void>, { records, shards, ...store }: Store, milliseconds: number): Store {
  return {
    ...store,
    records: {
      ...records,
      get: (kind, key) => filled.then(() => records.get(kind, key)),
      keys: (kind) => filled.then(() => records.keys(kind)),
    },
    shards: {
      ...shards,
      async put(key, data) {
        await wait(milliseconds);
        await shards.put(key, data);
      },
    },
  };
}

/** Puts into a store what earlier visits left. */
async function fill(store: Store, { pending = false, trained = false }: ToyOptions): Promise<void> {
  const imports = new Imports({ store });
  await imports.copy(toyModel('open_llama_3b', 'apache-2.0'), { id: 'open', source: 'open_llama_3b-q8_0.gguf' });
  await imports.copy(toyModel('Pronk 6M', 'MIT'), { id: 'bundled', bundled: true, source: 'Comes with Pronk' });
  if (pending) await leaveImport(store);
  if (!trained) return;
  const datasets = new Datasets(store, () => Promise.reject(new Error('No model reads rows here.')));
  const { id: datasetId } = await datasets.create('An alpaca’s manners.json');
  await datasets.edit(datasetId, 0, 0, toyExamples());
  const runs = new RunStore<RunRecord>(store);
  for (const state of ['done', 'stopped', 'interrupted'] as const) {
    const { lossSparkline: _, modelId: __, datasetId: ___, ...run } = toyRun(state);
    const request = { ...run.request, datasetId };
    // a page that was closed has left it running
    await runs.put({ ...run, request, version: RUN_VERSION, state: state === 'interrupted' ? 'running' : state });
  }
  const { r, lora_alpha, lora_dropout, target_modules, use_rslora } = toyRun('done').request.config;
  const config = { r, lora_alpha, lora_dropout, target_modules, use_rslora, base_model_name_or_path: 'pronk-6m' };
  const adapter = { name: 'Manners, 20 epochs', config, pairs: toyPairs() };
  await new Adapters(store, new Library(store)).keep(adapter, { modelId: 'bundled', runId: 'run-done' });
}

/** Begins an import and leaves it. */
async function leaveImport(store: Store): Promise<void> {
  const imports = new Imports({ store });
  const file = await toyFile('left.gguf');
  const source = bytesSource(new Uint8Array(await file.arrayBuffer()), file.name);
  await imports.plan('left', { kind: 'files', files: [{ source, path: file.name }] });
  await imports.start('left', { quantize: 'q8' }, () => imports.pause('left')).catch(() => {});
}
