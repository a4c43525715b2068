// The model that is on the GPU: loaded when it is asked for, dropped when another one is, or when the device is lost.
import type { ModelConfig } from '../../core/model-config';
import { unlessAborted } from '../../core/cut-off';
import { type Gpu, lossOr, openGpu } from '../../gpu/device';
import type { Tuning } from '../../model/inference/autotune';
import type { Precision } from '../../ops/tuning';
import { createTokenizer } from '../../tokenizer/index';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { DEFAULT_CONTEXT, KEPT_CONTEXTS, MOST_KEPT_BYTES } from './defaults';
import type { LoadedModel } from '../generation/generate';
import { held, type OnHeld } from '../generation/held';
import { gpuBudget } from './gpu-budget';
import type { Library } from './library';
import { encodePrompt } from '../generation/prompt';

/** Told what is being done, and bytes done of all. */
export type LoadProgress = (stage: string, done: number, total: number) => void;

/**
 * The precision asked for; `automatic` is `exact` on software adapters, else `fast`, which computes as `exact` does
 * where the adapter has no f16.
 */
export type PrecisionChoice = Precision | 'automatic';

/** Options of a load of a model onto the GPU. */
export interface LoadOptions {
  /** Precision; without it, the one of the model's latest load, else `automatic`. */
  readonly precision?: PrecisionChoice | undefined;
  /** Positions of the context; without it, those of the latest load, else the model's own, up to `DEFAULT_CONTEXT`. */
  readonly context?: number | undefined;
  /** Takes `context` as it is, even beyond the positions that the model was trained for. */
  readonly beyondTrained?: boolean | undefined;
  /** Runs each pipeline once and reads what most chats begin with, so that the first answer comes sooner; true without it. */
  readonly warmUp?: boolean;
  readonly onProgress?: LoadProgress;
  /** Cuts the loading off. */
  readonly signal?: AbortSignal | undefined;
}

export interface HostedModel extends LoadedModel {
  readonly gpu: Gpu;
}

/** Options of a model's latest load, which its next load takes unless others are asked for. */
type Chosen = Pick<LoadOptions, 'context' | 'beyondTrained'> & { readonly precision: PrecisionChoice };

/** Keeps at most one model on the device, and opens a new device when one is lost. */
export class Host {
  readonly #library: Library;
  readonly #open: () => Promise<Gpu>;
  readonly #onLost: (message: string) => void;
  readonly #tuning: Tuning | undefined;
  readonly #onHeld: OnHeld | undefined;
  /** The options of each model's latest load, which outlive a lost device. */
  readonly #chosen = new Map<string, Chosen>();
  #gpu: Promise<Gpu> | undefined;
  #loading: { readonly id: string; readonly chosen: Chosen; readonly model: Promise<HostedModel> } | undefined;

  constructor(
    library: Library,
    open: GPU | undefined | (() => Promise<Gpu>),
    onLost: (message: string) => void,
    { tuning, onHeld }: { readonly tuning?: Tuning | undefined; readonly onHeld?: OnHeld | undefined } = {},
  ) {
    this.#library = library;
    this.#open = typeof open === 'function' ? open : () => openGpu(open);
    this.#onLost = onLost;
    this.#tuning = tuning;
    this.#onHeld = onHeld;
  }

  /** The device. @throws PronkError `no-webgpu`, `no-adapter` */
  gpu(): Promise<Gpu> {
    if (this.#gpu) return this.#gpu;
    const opening = this.#open();
    this.#gpu = opening;
    opening.then(
      (gpu) =>
        gpu.lost.then((info) => {
          if (this.#gpu !== opening) return; // closed on purpose
          this.forget();
          this.#onLost(info.message);
        }),
      () => {
        // the next one to ask tries again
        if (this.#gpu === opening) this.#gpu = undefined;
      },
    );
    return opening;
  }

  /** Leaves a lost device and what was on it; the next use opens another. */
  forget(): void {
    this.#gpu = undefined;
    this.#loading = undefined;
  }

  /** The model that is on the GPU, or on its way there. */
  get loadedId(): string | undefined {
    return this.#loading?.id;
  }

  /** The precision of a model on a device, or the one that its next load would have. */
  precisionOf(id: string, { software }: Gpu): Precision {
    const { precision = 'automatic' } = this.#chosen.get(id) ?? {};
    if (precision !== 'automatic') return precision;
    return software ? 'exact' : 'fast';
  }

  /** A model's tokenizer; the model need not be on the GPU. */
  async tokenizer(id: string): Promise<Tokenizer> {
    const loaded = this.#loading?.id === id ? await this.#loading.model.catch(() => undefined) : undefined;
    if (loaded) return loaded.tokenizer;
    const spec = await this.#library.tokenizer(id);
    return held(this.#onHeld, id, () => createTokenizer(spec));
  }

  /** Bytes on the GPU by purpose. */
  async memory(): Promise<Record<string, number>> {
    const model = await this.#loading?.model.catch(() => undefined);
    return model?.session.memory ?? {};
  }

  /**
   * A model on the GPU, loaded now unless it is there.
   * @throws PronkError `missing-model`, `corrupt-file`, `out-of-memory`, `no-webgpu`, `no-adapter`; the signal's reason
   */
  async load(id: string, options: LoadOptions = {}): Promise<HostedModel> {
    const before = this.#chosen.get(id);
    const { context = before?.context, precision = before?.precision ?? 'automatic' } = options;
    const chosen = { context, precision, beyondTrained: options.beyondTrained ?? before?.beyondTrained };
    const current = this.#loading;
    if (current?.id === id && current.chosen.context === context && current.chosen.precision === precision)
      return current.model;
    await this.unload();
    this.#chosen.set(id, chosen);
    const loading = { id, chosen, model: this.#load(id, { ...options, ...chosen }) };
    this.#loading = loading;
    loading.model.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading.model;
  }

  async #load(id: string, options: LoadOptions): Promise<HostedModel> {
    const { onProgress, warmUp = true, signal } = options;
    const { config, tokenizer: spec, tensors, bytes: total } = await unlessAborted(this.#library.open(id), signal);
    // a tokenizer that cannot be made must not leave weights on the GPU
    const tokenizer = held(this.#onHeld, id, () => createTokenizer(spec));
    const gpu = await unlessAborted(this.gpu(), signal);
    // after the device, and only now: under Node opening one defines what kernels look for, and not every engine opens one
    const { createSession } = await import('../../model/inference/session');
    const create = createSession(gpu, config, tensors, {
      precision: this.precisionOf(id, gpu),
      context: contextOf(config, options),
      keep: { contexts: KEPT_CONTEXTS, bytes: keptBytes(gpu, total) },
      onProgress: (bytes) => onProgress?.('Loading', Math.min(bytes, total), total),
      onUploaded: () => onProgress?.('Compiling', total, total),
      tuning: this.#tuning,
      ...(signal && { signal }),
    });
    const session = await create.catch(async (error: unknown) => {
      throw await lossOr(gpu, error);
    });
    try {
      if (warmUp) {
        const words = held(this.#onHeld, id, () => firstWords(tokenizer, session.context));
        await session.warmUp(words, signal);
      }
      signal?.throwIfAborted();
    } catch (error) {
      session.destroy();
      throw await lossOr(gpu, error);
    }
    await this.#library.touch(id).catch(() => undefined);
    return { gpu, session, tokenizer };
  }

  /** Frees the loaded model's memory. */
  async unload(): Promise<void> {
    const loading = this.#loading;
    this.#loading = undefined;
    const model = await loading?.model.catch(() => undefined);
    model?.session.destroy();
  }

  /** Frees everything. */
  async close(): Promise<void> {
    await this.unload();
    const opening = this.#gpu;
    this.#gpu = undefined;
    const gpu = await opening?.catch(() => undefined);
    gpu?.device.destroy();
  }
}

/** Bytes for conversations beside the one in use: of what the weights leave on a small device, a quarter. */
function keptBytes({ device, software }: Gpu, weights: number): number {
  const all = gpuBudget(device.limits.maxBufferSize, software) ?? Infinity;
  return Math.max(0, Math.min(MOST_KEPT_BYTES, Math.floor((all - weights) / 4)));
}

function contextOf(config: ModelConfig, { context, beyondTrained = false }: LoadOptions): number {
  const { contextLength, learnedPositions } = config;
  if (context !== undefined && beyondTrained && !learnedPositions) return context;
  return Math.min(context ?? DEFAULT_CONTEXT, contextLength);
}

/** Ids that most conversations begin with: the chat template's own words, read before the first question. */
function firstWords(tokenizer: Tokenizer, context: number): readonly number[] {
  try {
    const { ids } = encodePrompt(tokenizer, { kind: 'chat', messages: [{ role: 'user', content: 'Hi' }] }, context, 1);
    return ids.length < context - 2 ? ids : [0];
  } catch {
    return [0]; // a broken template is the first message's problem
  }
}
