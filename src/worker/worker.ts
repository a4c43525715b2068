// The engine in a worker, exposed to the page.
import { expose } from 'comlink';
import { createEngine } from '../engine/index';
import { PronkError } from '../core/errors';
import type { Gpu } from '../gpu/device';
import { indexedDbStore } from '../storage/indexeddb';
import { roomOf } from '../storage/quota';
import { promptTemplates } from '../tokenizer/prompt-templates';
import type { ProgressTask, Stored, WorkerApi, WorkerEvent } from './api';
import { ensureBundled } from './bundled';
import { withCode } from './errors';
import { Generations } from './generations';
import { workerHashers } from './hashers';
import { importApi } from './imports';
import { listRecords } from './records';
import { Saves } from './saves';
import { trainingApi } from './training';

const store = indexedDbStore();
let listener: (event: WorkerEvent) => void = () => {};
/** Pieces of work so far that a model's template or tokenizer decides the length of. */
let works = 0;
const emit = (event: WorkerEvent) => listener(event);
const engine = createEngine({
  store,
  gpu: globalThis.navigator.gpu,
  hashers: workerHashers,
  onDeviceLost: (reason) => {
    const message = `The graphics device was lost${reason ? ` (${reason})` : ''}. Pronk opens it again; nothing is lost.`;
    emit({ type: 'device-lost', message });
  },
  onDeviceWait: (waiting) => emit({ type: 'device-wait', waiting }),
  onHeld(model) {
    const work = ++works;
    emit({ type: 'held', work, model });
    return () => emit({ type: 'free', work });
  },
});
const generations = new Generations(engine, emit, (id) => progress('load', id));

/** Progress as events, at most one in 50 ms and always the last. */
function progress(task: ProgressTask, id: string): (stage: string, done: number, total: number) => void {
  let told = 0;
  let last = '';
  return (stage, done, total) => {
    const now = performance.now();
    if (now - told < 50 && done < total && stage === last) return;
    [told, last] = [now, stage];
    emit({ type: 'progress', task, id, stage, done, total });
  };
}

const saves = new Saves(progress);

/** Tells other tabs that the list of models changed, and which one was removed. */
const tabs = new BroadcastChannel('pronk-models');
type Removed = { readonly modelId: string; readonly name: string } | null;
const tellModels = async () => emit({ type: 'models', models: await engine.models.list() });
tabs.addEventListener('message', ({ data }: MessageEvent<Removed>) => {
  if (data) emit({ type: 'model-removed', ...data });
  void tellModels().catch(() => {});
});

async function announceModels(removed: Removed = null): Promise<void> {
  await tellModels();
  tabs.postMessage(removed);
}

/** Tells the page what it computes on and how much memory is in use. */
async function announceDevice(gpu: Gpu): Promise<void> {
  const { name, software, features } = gpu;
  const offered = Object.entries(features).flatMap(([feature, has]) => (has ? [feature] : []));
  emit({ type: 'device', device: { name, software, features: offered, memory: await engine.memory() } });
}

async function load(modelId: string, { context }: { context?: number } = {}): Promise<void> {
  const started = performance.now();
  const onProgress = progress('load', modelId);
  const model = await engine.load(modelId, { onProgress, context });
  const hasTemplate = model.tokenizer.chatTemplate !== undefined;
  emit({ type: 'loaded', modelId, context: model.session.context, ms: performance.now() - started, hasTemplate });
  await announceDevice(model.gpu);
  void measureOnce(modelId, model.gpu.software).catch(() => {});
}

/** Weights of a model whose perplexity is measured unasked: about a second's work. */
const QUICK = { software: 20e6, hardware: 2e9 };

/** The first time that a person's own model is loaded, its quality line is completed, where nobody waits for it. */
async function measureOnce(modelId: string, software: boolean): Promise<void> {
  const model = (await engine.models.list()).find(({ id }) => id === modelId);
  if (!model || model.bundled || model.quality?.perplexity !== undefined) return;
  if (model.parameters > QUICK[software ? 'software' : 'hardware']) return;
  if (await engine.measureLoaded(modelId)) await announceModels();
}

const api: WorkerApi = {
  async start(onEvent) {
    listener = onEvent;
    await tellModels();
    void engine.models.sweep().catch(() => {});
    void engine.adapters.sweep().catch(() => {});
    // models and chats can be seen and kept without a device, which is why this comes after the list; an adapter that is
    // not there yet holds nothing up
    const device = engine.device().then(announceDevice, (error: unknown) => {
      if (!(error instanceof PronkError) || error.code !== 'no-adapter') throw error;
      void engine
        .deviceInTime()
        .then(announceDevice)
        .catch(() => {});
    });
    await Promise.all([device, ensureBundled(engine, progress('import', 'bundled')).then(() => announceModels())]);
  },
  answer: async () => {},
  models: () => engine.models.list(),
  load,
  ...importApi(engine, saves, progress, announceModels),
  ...trainingApi(engine, saves, progress, emit, announceModels),
  verify: (modelId) => {
    const tell = progress('verify', modelId);
    return engine.models.verify(modelId, (done, total) => tell('Verifying', done, total));
  },
  async measureQuality(modelId) {
    const quality = await engine.measureQuality(modelId, progress('quality', modelId));
    await announceModels();
    return quality;
  },
  async rename(modelId, name) {
    await engine.models.rename(modelId, name);
    await announceModels();
  },
  async remove(modelId) {
    const name = (await engine.models.list()).find(({ id }) => id === modelId)?.name;
    await engine.remove(modelId);
    await announceModels(name === undefined ? null : { modelId, name });
  },
  askForDevice: async () => engine.askForDevice(),
  async storage() {
    const estimate = await store.estimate();
    const persisted = (await navigator.storage?.persisted?.()) ?? false;
    return { usage: estimate.used ?? 0, room: roomOf(estimate), persisted };
  },
  persist: () => store.persist(),
  // returns at once: what happens is told by events
  generate: async (request) => void generations.run(request),
  stop: async (id) => generations.stop(id),
  preview: (modelId, prompt) => engine.preview(modelId, prompt),
  measurePrompt: (modelId, prompt, { context, maxTokens }) => engine.measure(modelId, prompt, context, maxTokens),
  templates: async () => promptTemplates,
  listRecords: (kind) => listRecords(store, kind),
  getRecord: (kind, id) => store.records.get<Stored>(kind, id),
  putRecord: (kind, record: Stored) => store.records.set(kind, record.id, record),
  deleteRecord: (kind, id) => store.records.delete(kind, id),
};

/** Every method with its errors' codes where Comlink carries them. */
function coded<T extends object>(methods: T): T {
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (method as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        throw withCode(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

expose(coded(api));
