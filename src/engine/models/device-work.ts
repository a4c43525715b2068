// Work on the device as several ask for it at once: turns, loads that are cut off for others, and a device that the browser gives
// late or takes away. It knows nothing of prompts or runs.
import { PronkError } from '../../core/errors';
import type { Gpu } from '../../gpu/device';
import type { Scheduler } from '../scheduler';
import { DeviceWait, isNoAdapter, type Waiting } from './device-wait';
import type { Host, HostedModel, LoadOptions } from './host';

/** Times that a device may be lost in a row, at one place. */
export const LOSSES = 3;

export interface DeviceWorkParts {
  readonly host: Host;
  readonly scheduler: Scheduler;
  /** Told of each pause between two requests for a device; without it the first refusal is an error. */
  readonly onDeviceWait?: ((waiting: Waiting | undefined) => void) | undefined;
  /**
   * Called in its turn before a model is loaded; it returns how the model may be loaded.
   * @throws PronkError `training`
   */
  readonly beforeLoad: (model: string, options: LoadOptions) => Promise<LoadOptions>;
}

export class DeviceWork {
  readonly #host: Host;
  readonly #scheduler: Scheduler;
  readonly #wait: DeviceWait | undefined;
  readonly #beforeLoad: DeviceWorkParts['beforeLoad'];
  /** The latest load that no question waits for. */
  #loading: { readonly model: string; readonly options: LoadOptions; readonly controller: AbortController } | undefined;
  /** The models of the generations under way, one entry each. */
  #asked: string[] = [];

  constructor({ host, scheduler, onDeviceWait, beforeLoad }: DeviceWorkParts) {
    this.#host = host;
    this.#scheduler = scheduler;
    this.#beforeLoad = beforeLoad;
    if (onDeviceWait) this.#wait = new DeviceWait(() => host.gpu(), onDeviceWait);
  }

  /** The device, once there is one: an adapter is waited for. @throws PronkError `no-webgpu` */
  device(): Promise<Gpu> {
    return this.run(() => this.#host.gpu());
  }

  /** Asks for the adapter that is waited for now. */
  askNow(): void {
    this.#wait?.now();
  }

  /**
   * Does what needs the device, and does it again when the browser gave no adapter, or took it away, in between. A turn is
   * part of the task, so that nobody is kept from theirs meanwhile.
   */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let losses = 0; ; ) {
      try {
        const done = await task();
        this.#wait?.seen();
        return done;
      } catch (error) {
        signal?.throwIfAborted();
        const lost = error instanceof PronkError && error.code === 'device-lost';
        if (!this.#wait || !(isNoAdapter(error) || (lost && ++losses <= LOSSES))) throw error;
        if (lost) this.#host.forget();
        else await this.#wait.device(signal);
      }
    }
  }

  /** A model on the device; to be called in a turn. @throws PronkError `training`, and as `Host.load` */
  async hosted(model: string, options: LoadOptions = {}): Promise<HostedModel> {
    return this.#host.load(model, await this.#beforeLoad(model, options));
  }

  /**
   * Loads a model in its turn. A load before it that is under way is cut off, unless a generation waits for that model.
   * @throws PronkError `not-wanted` when it was cut off itself
   */
  async load(model: string, options: LoadOptions): Promise<HostedModel> {
    const other = (asked: unknown, before: unknown) => asked !== undefined && asked !== before;
    this.dropLoad((before, { context, precision }) => {
      return before !== model || other(options.context, context) || other(options.precision, precision);
    });
    const loading = { model, options, controller: new AbortController() };
    this.#loading = loading;
    const { signal } = loading.controller;
    try {
      return await this.run(async () => {
        const release = await this.#scheduler.turn('prefill', signal);
        try {
          return await this.hosted(model, { ...options, signal });
        } finally {
          release();
        }
      }, signal);
    } finally {
      if (this.#loading === loading) this.#loading = undefined;
    }
  }

  /** Cuts off a load that is not wanted any more. */
  dropLoad(isOld: (model: string, options: LoadOptions) => boolean): void {
    const loading = this.#loading;
    if (!loading || !isOld(loading.model, loading.options) || this.#asked.includes(loading.model)) return;
    loading.controller.abort(
      new PronkError('not-wanted', 'Another model was chosen, so that this one is not loaded any further.'),
    );
  }

  /** Keeps loads of a model from being cut off; the result ends that. */
  asking(model: string): () => void {
    this.#asked.push(model);
    return () => void this.#asked.splice(this.#asked.indexOf(model), 1);
  }

  /** A model on the device, and the turn that was waited for; the turn is given back where loading fails. */
  async decodeTurn(model: string, options: LoadOptions): Promise<{ hosted: HostedModel; release: () => void }> {
    const { signal } = options;
    return this.run(async () => {
      const release = await this.#scheduler.turn('decode', signal);
      try {
        return { hosted: await this.hosted(model, options), release };
      } catch (error) {
        // others have their turn while an adapter is waited for
        release();
        throw error;
      }
    }, signal ?? undefined);
  }

  /** Leaves a device that is known to be lost: its own message may come later than that. */
  forget(): void {
    this.#host.forget();
  }
}
