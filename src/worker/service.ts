// Keeps the contract with the page: the engine's own objects wherever they do, and around them what the page alone needs,
// which is events, files for the person, and what other tabs hear.
import { PronkError } from '../core/errors';
import { createEngine, type Engine, type EngineOptions } from '../engine/index';
import type { Gpu } from '../gpu/device';
import { tokenEndpoint } from '../hub/access';
import { CURATED } from '../hub/curated';
import { roomOf } from '../storage/quota';
import type { Store } from '../storage/store';
import { promptTemplates } from '../tokenizer/prompt-templates';
import type { Contract, Kept, ProgressTask, WorkerContract, WorkerEvent } from './contract';
import type { Progress } from './bundled';
import { Generations } from './generations';
import { exportVerb, importVerbs, patchVerbs } from './imports';
import { recordVerbs } from './records';
import { Saves } from './saves';
import { adapterVerbs, runVerbs } from './training';
import { thinkingOf } from '../tokenizer/thinking';
import { verbsOf } from './verbs';

export interface ServiceOptions extends Pick<EngineOptions, 'gpu' | 'hashers' | 'converters' | 'training'> {
  readonly store: Store;
  /** Makes the bundled model available. */
  readonly bundle: (engine: Engine, onProgress: Progress) => Promise<unknown>;
  /** Reaches the workers of other tabs. */
  readonly channel?: (name: string) => BroadcastChannel;
}

/** The purpose of what is kept of conversations beside the one in use. */
const KEPT = 'conversations';
/** Weights of a model whose perplexity is measured unasked: about a second's work. */
const QUICK = { software: 20e6, hardware: 2e9 };

export function createService({
  store,
  bundle,
  channel = (name) => new BroadcastChannel(name),
  ...options
}: ServiceOptions): Kept<WorkerContract> {
  let listener: (event: WorkerEvent) => void = () => {};
  /** Pieces of work so far that a model's template or tokenizer decides the length of. */
  let works = 0;
  const emit = (event: WorkerEvent) => listener(event);
  const engine = createEngine({
    ...options,
    store,
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

  /** Progress as events, at most one in 50 ms and always the last. */
  function progress(task: ProgressTask, id: string): Progress {
    let told = 0;
    let last = '';
    return (stage, done, total) => {
      const now = performance.now();
      if (now - told < 50 && done < total && stage === last) return;
      [told, last] = [now, stage];
      emit({ type: 'progress', task, id, stage, done, total });
    };
  }

  /** Tells other tabs that the list of models changed, and which one was removed. */
  const tabs = channel('pronk-models');
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
    const offered = Object.entries(features).flatMap(([feature, has]) => (has === true ? [feature] : []));
    const memory = await engine.memory();
    announced = { gpu, kept: memory[KEPT] };
    emit({ type: 'device', device: { name, software, features: offered, memory } });
  }

  let announced: { readonly gpu: Gpu; readonly kept: number | undefined } | undefined;
  /** Tells the memory anew once more or less of it is kept for conversations. */
  async function announceKept(): Promise<void> {
    const memory = await engine.memory();
    if (announced && KEPT in memory && memory[KEPT] !== announced.kept) await announceDevice(announced.gpu);
  }

  /** The first time that a person's own model is loaded, its quality line is completed, where nobody waits for it. */
  async function measureOnce(modelId: string, software: boolean): Promise<void> {
    const model = (await engine.models.list()).find(({ id }) => id === modelId);
    if (!model || model.bundled || model.quality?.perplexity !== undefined) return;
    if (model.parameters > QUICK[software ? 'software' : 'hardware']) return;
    if (await engine.measureLoaded(modelId)) await announceModels();
  }

  const saves = new Saves(progress);
  const emitGenerated = (event: WorkerEvent) => {
    emit(event);
    if (event.type === 'done') void announceKept().catch(() => {});
  };
  const generations = new Generations(engine, emitGenerated, (id) => progress('load', id));

  const models = verbsOf(engine.models, {
    async load(modelId, { context, precision } = {}) {
      const started = performance.now();
      const model = await engine.load(modelId, { onProgress: progress('load', modelId), context, precision });
      const { chatTemplate } = model.tokenizer;
      const thinks = thinkingOf(chatTemplate);
      emit({
        type: 'loaded',
        modelId,
        context: model.session.context,
        ms: performance.now() - started,
        hasTemplate: chatTemplate !== undefined,
        ...(thinks && { thinking: { switchable: thinks.switchable } }),
      });
      await announceDevice(model.gpu);
      void measureOnce(modelId, model.gpu.software).catch(() => {});
    },
    verify(modelId) {
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
    export: exportVerb(engine, saves),
  } satisfies Partial<Kept<Contract>['models']>);

  return {
    session: {
      async start(onEvent) {
        listener = onEvent;
        await tellModels();
        void engine.models.sweep().catch(() => {});
        void engine.adapters.sweep().catch(() => {});
        // models and chats can be seen and kept without a device, which is why this comes after the list; an adapter that
        // is not there yet holds nothing up
        const device = engine.device().then(announceDevice, (error: unknown) => {
          if (!(error instanceof PronkError) || error.code !== 'no-adapter') throw error;
          void engine
            .deviceInTime()
            .then(announceDevice)
            .catch(() => {});
        });
        await Promise.all([device, bundle(engine, progress('import', 'bundled')).then(() => announceModels())]);
      },
      answer: () => {},
    },
    device: { ask: () => engine.askForDevice() },
    models,
    imports: importVerbs(engine, store, saves, progress, announceModels),
    patches: patchVerbs(engine, saves),
    hub: { curated: () => CURATED, tokenEndpoint },
    datasets: engine.datasets,
    runs: runVerbs(engine, saves, progress, emit, channel('pronk-training')),
    adapters: adapterVerbs(engine, saves, emit, announceModels),
    generation: generations,
    prompts: {
      preview: (modelId, prompt) => engine.preview(modelId, prompt),
      measure: (modelId, prompt, context, maxTokens) => engine.measure(modelId, prompt, context, maxTokens),
      checkFormat: (format) => engine.checkFormat(format),
      templates: () => promptTemplates,
    },
    records: recordVerbs(store),
    storage: {
      async estimate() {
        const estimate = await store.estimate();
        const persisted = (await globalThis.navigator?.storage?.persisted?.()) ?? false;
        return { usage: estimate.used ?? 0, room: roomOf(estimate), persisted };
      },
      persist: () => store.persist(),
    },
  };
}
