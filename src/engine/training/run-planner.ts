// What a run would take, before anything is trained: counts and memory, and by a part of a step how long one is.
import { PronkError } from '../../core/errors';
import { checkConfig } from '../../training/check-config';
import { type PreparedRun, prepareRun } from '../../training/prepare-run';
import type { RunRecord } from '../../training/run-record';
import { type PassWatch, timeStep } from './measure';
import { Paces } from './paces';
import type { TrainedDataset, TrainedModel, TrainingParts } from './parts';
import { brokenPlan, planRun } from './plan';
import type { RunInputs } from './run-inputs';
import type { TrainingPlan, TrainingRequest } from './types';

/** Told what is being done, and how much of what. */
export type MeasureProgress = (stage: string, done: number, total: number) => void;

export interface PlannerDeps {
  readonly parts: TrainingParts;
  readonly inputs: RunInputs;
  /** Stored runs, whose steps say how long one takes. */
  readonly runs: () => Promise<readonly RunRecord[]>;
  /** @throws PronkError `busy` while a run has the device */
  readonly checkFree: () => Promise<void>;
}

export class RunPlanner {
  readonly #deps: PlannerDeps;
  readonly #paces = new Paces();
  /** A step that is being measured: it gives way to whoever needs the device. */
  #measuring: { readonly controller: AbortController; readonly ended: Promise<unknown> } | undefined;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  /** What a run would take. What stands against it is in the plan's `problem`. @throws PronkError `missing-model`, `missing-dataset` */
  async plan(request: TrainingRequest): Promise<TrainingPlan> {
    const { parts, inputs, runs } = this.#deps;
    const { config, modelId } = request;
    const [model, dataset] = await inputs.open(request);
    const room = await parts.room(modelId).catch(() => undefined);
    try {
      checkConfig(config);
      const { data } = await this.#prepared(request, model, dataset);
      return await planRun(config, data, model, room, await this.#paces.of(request, runs));
    } catch (error) {
      return brokenPlan(error, dataset.rows, config, model.config.contextLength);
    }
  }

  /** Notes how long the steps of a run took. */
  learn(run: RunRecord): void {
    this.#paces.learn(run);
  }

  /**
   * Takes as much of a step as is needed to know how long it is; nothing of it is kept. It gives way to a run, to an answer,
   * and to another measurement.
   * @throws PronkError `bad-config`, `busy` while a run is trained, `cancelled`, …
   */
  async measure(request: TrainingRequest, onProgress: MeasureProgress): Promise<{ readonly secondsPerStep: number }> {
    checkConfig(request.config);
    const controller = new AbortController();
    const { signal } = controller;
    // it is known to others from here on, so that no two stand on the device at once
    const done = this.stopMeasuring().then(async () => {
      signal.throwIfAborted();
      await this.#deps.checkFree();
      return this.#measure(request, signal, onProgress);
    });
    const measuring = { controller, ended: done.catch(() => {}) };
    this.#measuring = measuring;
    try {
      return { secondsPerStep: await done };
    } finally {
      if (this.#measuring === measuring) this.#measuring = undefined;
    }
  }

  /** Ends a measurement, if there is one; resolves when its memory is free. */
  async stopMeasuring(): Promise<void> {
    const message =
      'The measurement was stopped, because the device was needed or the plan was changed. Measure again at any time.';
    this.#measuring?.controller.abort(new PronkError('cancelled', message));
    await this.#measuring?.ended;
  }

  async #measure(request: TrainingRequest, signal: AbortSignal, onProgress: MeasureProgress): Promise<number> {
    onProgress('Preparing', 0, 0);
    const [model, dataset] = await this.#deps.inputs.open(request);
    const { data, spec } = await this.#prepared(request, model, dataset);
    signal.throwIfAborted();
    const watch: PassWatch = { onSlice: () => {} };
    const onSlice = (share: number) => watch.onSlice(share);
    const trainer = await this.#deps.parts.trainer(request.modelId, spec, { signal, onSlice });
    try {
      const tell = (share: number) => onProgress('Timing a step', Math.round(100 * share), 100);
      const seconds = await timeStep(trainer, data.step(0), watch, tell);
      signal.throwIfAborted();
      this.#paces.set(request, seconds);
      return seconds;
    } finally {
      trainer.destroy();
    }
  }

  async #prepared(request: TrainingRequest, model: TrainedModel, dataset: TrainedDataset): Promise<PreparedRun> {
    return prepareRun(model, await this.#deps.inputs.tokens(request, model, dataset), request.config);
  }
}
