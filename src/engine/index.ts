// Pronk as a library: models in a store, one of them on the GPU, text out. No DOM, no worker.
import { PronkError } from '../core/errors';
import { type Later, later } from '../core/later';
import type { HasherFactory } from '../core/hash';
import type { Gpu } from '../gpu/device';
import { roomOf } from '../storage/quota';
import type { Store } from '../storage/store';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { Adapters } from './adapters';
import type { Waiting } from './models/device-wait';
import { DeviceWork } from './models/device-work';
import { ChatCompletions } from './generation/completions';
import type { GeneratedToken } from './generation/generate';
import { held, type OnHeld } from './generation/held';
import type { ResponseFormat } from './forms/response-format';
import type { Tuning } from '../model/inference/autotune';
import { keptIn } from './models/kept-choices';
import { Host, type HostedModel, type LoadOptions } from './models/host';
import type { ConverterFactory } from './imports/converter';
import type { Imports } from './imports/index';
import type { Offer } from './imports/plan';
import { gpuBudget } from './models/gpu-budget';
import type { Quality } from './imports/types';
import { Library } from './models/library';
import { encodePrompt, type Prompt, type PromptSize, promptText } from './generation/prompt';
import { measurePerplexity } from './models/quality';
import type { EngineGeneration, EngineRequest } from './generation/request';
import { generateResumed, reservedFor } from './generation/resumed';
import { Scheduler } from './scheduler';
import type { Datasets } from './training/datasets';
import { trainingParts } from './training/engine-parts';
import type { TrainingParts } from './training/parts';
import { Trainings } from './training/trainings';
import type { AdapterUse } from './training/types';

export interface EngineOptions {
  /** Where models are kept. */
  readonly store: Store;
  /** `navigator.gpu`, or a function that opens a device some other way. */
  readonly gpu: GPU | undefined | (() => Promise<Gpu>);
  /** Told when the device is lost; the next use opens another. */
  readonly onDeviceLost?: (message: string) => void;
  /**
   * Where the browser gives no adapter, what needs one waits, and this is told of each pause between two requests; without
   * it the first refusal is an error.
   */
  readonly onDeviceWait?: (waiting: Waiting | undefined) => void;
  /** Told of work that a model's own template or tokenizer may never end. */
  readonly onHeld?: OnHeld;
  /** Makes hashers that compute beside the reading; without it they compute in this thread. */
  readonly hashers?: HasherFactory;
  /** Makes converters that compute beside the reading; without it an import converts in this thread. */
  readonly converters?: ConverterFactory;
  /** Chooses kernel shapes at the first load on a hardware adapter; without it choices are kept in `store`. */
  readonly tuning?: Tuning | undefined;
  /** Changes what training gets of the engine: a trainer that needs no device, for instance. */
  readonly training?: (parts: TrainingParts) => TrainingParts;
}

/** Makes an engine. Nothing is opened before it is needed. */
export function createEngine(options: EngineOptions): Engine {
  return new Engine(options);
}

export class Engine {
  readonly models: Library;
  readonly imports: Later<Imports>;
  readonly adapters: Adapters;
  readonly datasets: Later<Datasets>;
  /** Training runs. The model that one is beside stays on the device until it ends. */
  readonly runs: Trainings;
  readonly chat: { readonly completions: ChatCompletions };
  readonly #host: Host;
  readonly #scheduler = new Scheduler();
  readonly #onHeld: OnHeld | undefined;
  readonly #work: DeviceWork;

  constructor({
    store,
    gpu,
    onDeviceLost = () => {},
    onDeviceWait,
    onHeld,
    hashers,
    converters,
    tuning = { kept: keptIn(store) },
    training = (parts) => parts,
  }: EngineOptions) {
    this.#onHeld = onHeld;
    this.models = new Library(store);
    this.adapters = new Adapters(store, this.models, hashers);
    this.imports = later(async () => {
      const parts = await import('./imports/index');
      return new parts.Imports({
        store,
        hashers,
        converters,
        offer: () => this.#offer(store),
        committing: (task) => this.models.changing(task),
        onHeld,
      });
    });
    this.#host = new Host(this.models, gpu, onDeviceLost, { tuning, onHeld });
    this.#work = new DeviceWork({
      host: this.#host,
      scheduler: this.#scheduler,
      onDeviceWait,
      beforeLoad: (model, options) => this.#beforeLoad(model, options),
    });
    this.datasets = later(async () => {
      const parts = await import('./training/datasets');
      return new parts.Datasets(store, async (model, work) => {
        const tokenizer = await this.tokenizer(model);
        return held(onHeld, model, () => work(tokenizer));
      });
    });
    const { models, adapters, datasets } = this;
    const parts = trainingParts({
      store,
      models,
      adapters,
      datasets,
      host: this.#host,
      scheduler: this.#scheduler,
      withDevice: (task) => this.#work.run(task),
      onHeld,
    });
    this.runs = new Trainings(training(parts));
    this.chat = { completions: new ChatCompletions((request) => this.generate(request)) };
  }

  /** The device, opened now unless it is. @throws PronkError `no-webgpu`, `no-adapter` */
  device(): Promise<Gpu> {
    return this.#host.gpu();
  }

  /** The device, once there is one: an adapter is waited for. @throws PronkError `no-webgpu` */
  deviceInTime(): Promise<Gpu> {
    return this.#work.device();
  }

  /** Asks for the adapter that is waited for now. */
  askForDevice(): void {
    this.#work.askNow();
  }

  /** Bytes on the GPU by purpose. */
  memory(): Promise<Record<string, number>> {
    return this.#host.memory();
  }

  /**
   * Puts a model on the GPU in place of another one, after what runs has ended. A load before it that is under way is cut
   * off, unless a question waits for that model.
   * @throws PronkError `training` while a run needs another one, `not-wanted` when it was cut off
   */
  load(model: string, options: LoadOptions = {}): Promise<HostedModel> {
    return this.#work.load(model, options);
  }

  /**
   * Removes a model from the store, and from the GPU after what runs has ended.
   * @throws PronkError `training` while a run is trained on it, here or in another tab
   */
  async remove(model: string): Promise<void> {
    this.#work.dropLoad((loading) => loading === model);
    const release = await this.#scheduler.turn('prefill');
    try {
      await this.runs.stopMeasuring();
      if (await this.runs.uses(model)) {
        const message =
          'A run is being trained on this model, which has to stay until then. Pause or end the run under Fine-tune, and remove the model afterwards.';
        throw new PronkError('training', message);
      }
      if (this.#host.loadedId === model) await this.#host.unload();
      await this.models.remove(model);
    } finally {
      release();
    }
  }

  /** Measures a model's perplexity on the bundled text, and keeps it with the model. */
  async measureQuality(model: string, onProgress?: LoadOptions['onProgress']): Promise<Quality> {
    const release = await this.#scheduler.turn('prefill');
    try {
      return await this.#measure(model, await this.#work.hosted(model, onProgress && { onProgress }));
    } finally {
      release();
    }
  }

  /** Measures a model if it is on the GPU when its turn comes; else nothing is done. */
  async measureLoaded(model: string): Promise<Quality | undefined> {
    const release = await this.#scheduler.turn('training');
    try {
      return this.#host.loadedId === model ? await this.#measure(model, await this.#host.load(model)) : undefined;
    } finally {
      release();
    }
  }

  /** Measures the base, whatever it is used with. */
  async #measure(model: string, hosted: HostedModel): Promise<Quality> {
    await hosted.session.setAdapters([]);
    const { perplexity, tokens } = await measurePerplexity(hosted);
    return this.models.setQuality(model, { perplexity, perplexityTokens: tokens });
  }

  /** While a run is under way its model stays on the device as it is, since its trainer stands beside the weights. */
  async #beforeLoad(model: string, options: LoadOptions): Promise<LoadOptions> {
    await this.runs.stopMeasuring();
    const { model: training } = this.runs;
    if (training === undefined) return options;
    if (training !== model) throw inTraining();
    // another context or precision would mean loading it anew
    const { context: _, precision: __, ...others } = options;
    return others;
  }

  /** Storage and graphics memory that a plan may count on. A machine without WebGPU can still import. */
  async #offer(store: Store): Promise<Offer> {
    const [estimate, gpu] = await Promise.all([store.estimate(), this.device().catch(() => undefined)]);
    const room = roomOf(estimate);
    const gpuBytes = gpu && gpuBudget(gpu.device.limits.maxBufferSize, gpu.software);
    return {
      ...(room && { room }),
      ...(gpuBytes !== undefined && { gpuBytes }),
      ...(gpu && { device: gpu.name }),
    };
  }

  /** A model's tokenizer; the model need not be on the GPU. @throws PronkError `missing-model` */
  tokenizer(model: string): Promise<Tokenizer> {
    return this.#host.tokenizer(model);
  }

  /** The exact text that a prompt becomes for a model; the model need not be on the GPU. */
  async preview(model: string, prompt: Prompt): Promise<string> {
    const tokenizer = await this.#host.tokenizer(model);
    return held(this.#onHeld, model, () => promptText(tokenizer, prompt));
  }

  /** The fault of a form of answers and its place, as a sentence; undefined for a sound form. */
  async checkFormat(format: ResponseFormat): Promise<string | undefined> {
    const { formGrammar } = await import('./forms/form-grammar');
    try {
      formGrammar(format);
      return undefined;
    } catch (error) {
      if (error instanceof PronkError) return error.message;
      throw error;
    }
  }

  /** Tokens that a prompt takes of a context, as `generate` would send it; the model need not be on the GPU. */
  async measure(model: string, prompt: Prompt, context: number, maxTokens: number): Promise<PromptSize> {
    const tokenizer = await this.#host.tokenizer(model);
    const { ids, droppedMessages } = held(this.#onHeld, model, () =>
      encodePrompt(tokenizer, prompt, context, reservedFor(maxTokens, context)),
    );
    return { tokens: ids.length, droppedMessages };
  }

  /**
   * Generates text. A device that is lost meanwhile is opened anew, and the text continues where it was: sampling depends
   * on the seed and the place alone.
   * @throws PronkError `missing-model`, `context-full`, `device-lost` (when it is lost again), …; the signal's reason
   *   while the turn or the model is waited for
   */
  generate(request: EngineRequest): AsyncGenerator<GeneratedToken, EngineGeneration, void> {
    return generateResumed({ work: this.#work, adapters: this.adapters, onHeld: this.#onHeld }, request);
  }

  /**
   * Logits of each token's successor: [ids, vocabulary], row after row.
   * @param adapters instead of those that the model is used with; an empty list is the base
   * @throws PronkError as `load`, and `context-full`
   */
  async logits(
    model: string,
    ids: readonly number[],
    adapters?: readonly AdapterUse[],
  ): Promise<Float32Array<ArrayBuffer>> {
    return this.#work.run(async () => {
      const release = await this.#scheduler.turn('prefill');
      try {
        const { session } = await this.#work.hosted(model);
        await session.setAdapters(await this.adapters.resolve(model, session.config, adapters));
        return await session.logits(ids);
      } finally {
        release();
      }
    });
  }

  /** Pauses what is being trained, and frees the device and everything on it. */
  async close(): Promise<void> {
    await this.runs.close();
    await this.#host.close();
  }
}

function inTraining(): PronkError {
  return new PronkError(
    'training',
    'A run is being trained on the model that is loaded, and the device holds one model at a time. Pause the run under Fine-tune to use another model; it can be resumed later.',
  );
}

export type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from './generation/completions';
export type { ImportPlan, PendingImport, Quality } from './imports/types';
export type { ModelSummary } from './models/summary';
export type { Prompt, PromptSize } from './generation/prompt';
export type { EngineRequest } from './generation/request';
