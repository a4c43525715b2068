// Training as the engine offers it: plans, runs, their logs. One run at a time, in all tabs together.
import { PronkError } from '../../core/errors';
import type { Example } from '../../data/types';
import { type TokenizedDataset, tokenizeDataset } from '../../data/tokenize-dataset';
import { ifUnlocked, whenUnlocked, withLock } from '../../storage/locks';
import { checkConfig } from '../../training/check-config';
import { unpackCheckpoint } from '../../training/checkpoint';
import { DEFAULT_CONFIG } from '../../training/config';
import { loraSpec } from '../../training/lora-spec';
import { checkPositions, prepareData } from '../../training/prepare';
import { startPairs } from '../../training/start-adapter';
import type { FileContent } from '../export/file';
import { trlFiles } from '../export/trl';
import { numbered } from '../../core/numbered';
import { ActiveRun, keepAdapter } from './active-run';
import { type PassWatch, timeStep } from './measure';
import { Paces } from './paces';
import type { TrainedDataset, TrainedModel, TrainingParts } from './parts';
import { brokenPlan, planRun } from './plan';
import { markInterrupted, RUN_VERSION, runDetail, type RunRecord, runSummary } from '../../training/run-record';
import { RunStore } from '../../training/run-store';
import { readTrainerState, writeTrainerState } from '../../training/trainer-state';
import type { RunDetail, RunSummary, TrainingEvent, TrainingPlan, TrainingRequest } from './types';

/** Told what is being done, and how much of what. */
type MeasureProgress = (stage: string, done: number, total: number) => void;

/** Held by whoever trains, in whichever tab. */
const LOCK = 'pronk-training';

export class Trainings {
  readonly #parts: TrainingParts;
  readonly #runs: RunStore<RunRecord>;
  readonly #listeners = new Set<(event: TrainingEvent) => void>();
  #active: ActiveRun | undefined;
  #running: Promise<void> = Promise.resolve();
  /** A step that is being measured: it gives way to whoever needs the device. */
  #measuring: { readonly controller: AbortController; readonly ended: Promise<unknown> } | undefined;
  /** Rows as tokens, of the plan before: a plan is made at every change of a setting. */
  #tokens: { readonly key: string; readonly tokens: Promise<TokenizedDataset> } | undefined;
  readonly #paces = new Paces();

  constructor(parts: TrainingParts) {
    this.#parts = parts;
    this.#runs = new RunStore(parts.store);
  }

  /** Calls a listener with everything that happens; the result ends that. */
  on(listener: (event: TrainingEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The model that is being trained beside: it must stay on the device. */
  get model(): string | undefined {
    return this.#active?.record.request.modelId;
  }

  /** The run that is trained here, or rests here for want of room. */
  get activeId(): string | undefined {
    return this.#active?.record.id;
  }

  /** Whether some tab trains beside a model. */
  async uses(modelId: string): Promise<boolean> {
    if (this.model === modelId) return true;
    if (await this.#nobodyTrains()) return false;
    return (await this.#runs.list()).some(({ state, request }) => state === 'running' && request.modelId === modelId);
  }

  /** Whether another tab trains. */
  async elsewhere(): Promise<boolean> {
    return !this.#active && !(await this.#nobodyTrains());
  }

  /** Resolves when nobody trains any more, in any tab. */
  async ended(): Promise<void> {
    await this.#running;
    await withLock(LOCK, () => Promise.resolve());
  }

  /** What a run would take. What stands against it is in the plan's `problem`. @throws PronkError `missing-model`, `missing-dataset` */
  async plan(request: TrainingRequest): Promise<TrainingPlan> {
    const { config, modelId } = request;
    const [model, dataset] = await this.#inputs(request);
    const room = await this.#parts.room(modelId).catch(() => undefined);
    try {
      checkConfig(config);
      const data = prepareData(await this.#tokenized(request, model, dataset), model.tokenizer, config);
      checkPositions(data, model.config);
      return await planRun(config, data, model, room, await this.#paces.of(request, () => this.#runs.list()));
    } catch (error) {
      return brokenPlan(error, dataset.rows, config, model.config.contextLength);
    }
  }

  /**
   * Takes as much of a step as is needed to know how long it is; nothing of it is kept. It gives way to a run, to an answer,
   * and to another measurement.
   * @throws PronkError `bad-config`, `busy` while a run is trained, `cancelled`, …
   */
  async measure(
    request: TrainingRequest,
    onProgress: MeasureProgress = () => {},
  ): Promise<{ readonly secondsPerStep: number }> {
    checkConfig(request.config);
    const controller = new AbortController();
    const { signal } = controller;
    // it is known to others from here on, so that no two stand on the device at once
    const done = this.stopMeasuring().then(async () => {
      signal.throwIfAborted();
      if (this.#active || !(await this.#nobodyTrains())) throw this.#busy();
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
    const { config, modelId } = request;
    onProgress('Preparing', 0, 0);
    const [model, dataset] = await this.#inputs(request);
    const data = prepareData(await this.#tokenized(request, model, dataset), model.tokenizer, config);
    checkPositions(data, model.config);
    signal.throwIfAborted();
    const watch: PassWatch = { onSlice: () => {} };
    const onSlice = (share: number) => watch.onSlice(share);
    const spec = loraSpec(config, model.config.numLayers, data.maxBatchTokens);
    const trainer = await this.#parts.trainer(modelId, spec, { signal, onSlice });
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

  /**
   * Begins a run, which goes on until it ends or is ended; the id by which events speak of it.
   * @throws PronkError `bad-config`, `busy`, `missing-model`, `missing-dataset`
   */
  async start(request: TrainingRequest): Promise<string> {
    checkConfig(request.config);
    const [model, dataset] = await this.#inputs(request);
    const record: RunRecord = {
      version: RUN_VERSION,
      id: crypto.randomUUID(),
      name: numbered(
        request.name ?? `${model.name} on ${dataset.name}`,
        (await this.#runs.list()).map(({ name }) => name),
      ),
      request,
      modelName: model.name,
      datasetName: dataset.name,
      state: 'running',
      steps: 0,
      startedAt: Date.now(),
      seconds: 0,
      log: [],
      validations: [],
      samples: [],
    };
    await this.#begin(record);
    return record.id;
  }

  /** Goes on with a run that was paused, cut off or failed. @throws PronkError `missing-run`, `run-ended`, `busy` */
  async resume(id: string): Promise<void> {
    if (this.#active?.record.id === id) {
      this.#active.goOn();
      return;
    }
    const record = await this.#get(id);
    if (record.state === 'done' || record.state === 'stopped') {
      throw new PronkError(
        'run-ended',
        `${record.name} has ended. To train further, start a new run from its adapter.`,
      );
    }
    await this.#parts.model(record.request.modelId).catch((cause: unknown) => {
      if (!(cause instanceof PronkError) || cause.code !== 'missing-model') throw cause;
      const message = `${record.modelName}, which ${record.name} is trained on, was removed. End the run to keep its adapter as it is.`;
      throw new PronkError('missing-model', message, { cause });
    });
    await this.#begin(markInterrupted(record));
  }

  /** Ends a run for now, at the last whole step; resolves when it is kept. @throws PronkError `busy` for another tab's */
  async pause(id: string): Promise<void> {
    if (this.#active?.record.id !== id) {
      const { state } = await this.get(id);
      if (state === 'running') throw new PronkError('busy', 'The run is being trained in another tab. Pause it there.');
      return;
    }
    await Promise.race([this.#running, this.#active.end('pause')]);
  }

  /** Ends a run for good and keeps its adapter. @throws PronkError `missing-run` */
  async stop(id: string): Promise<void> {
    if (this.#active?.record.id === id) {
      await Promise.race([this.#running, this.#active.end('stop')]);
      return;
    }
    await this.#locked(async () => {
      const record = await this.#get(id);
      if (record.state === 'done' || record.state === 'stopped') return;
      const kept = record.checkpoint && unpackCheckpoint(await this.#runs.load(record));
      const adapterId =
        kept && kept.state.updates > 0 ? await keepAdapter(this.#parts, record, kept.pairs, kept.state) : undefined;
      const stopped: RunRecord = {
        ...markInterrupted(record),
        state: 'stopped',
        ...(adapterId !== undefined && { adapterId }),
      };
      await this.#runs.put(stopped);
      this.#emit({ type: 'run', run: runSummary(stopped) });
    });
  }

  /** Keeps whatever runs, now. */
  async checkpoint(): Promise<void> {
    await this.#active?.checkpoint();
  }

  /** All runs, the newest first. */
  async list(): Promise<RunSummary[]> {
    const interrupted = await this.#nobodyTrains();
    const runs = await this.#runs.list();
    return runs.map((run) => runSummary(this.#current(run, interrupted))).toSorted((a, b) => b.startedAt - a.startedAt);
  }

  /** @throws PronkError `missing-run` */
  async get(id: string): Promise<RunDetail> {
    return runDetail(this.#current(await this.#get(id), await this.#nobodyTrains()));
  }

  /** @throws PronkError `busy` while it runs */
  async remove(id: string): Promise<void> {
    if (this.#active?.record.id === id)
      throw new PronkError('busy', 'The run is in progress. Stop it before removing it.');
    const run = await this.#runs.get(id);
    if (run?.state === 'running' && !(await this.#nobodyTrains()))
      throw new PronkError('busy', 'The run is in progress in another tab. Stop it before removing it.');
    await this.#runs.remove(id);
    this.#emit({ type: 'removed', runId: id });
  }

  /** A run's log as `trainer_state.json`. @throws PronkError `missing-run` */
  async exportState(id: string): Promise<string> {
    return writeTrainerState(this.#current(await this.#get(id), false));
  }

  /** Such a file from elsewhere. @throws PronkError `not-a-trainer-state` */
  openState(text: string, name: string): RunDetail {
    return readTrainerState(text, name);
  }

  /**
   * A run as a folder that TRL trains, begun or not.
   * @throws PronkError `bad-config`, `no-labels`, `missing-model`, `missing-dataset`, `missing-adapter`
   */
  async export(request: TrainingRequest): Promise<FileContent[]> {
    checkConfig(request.config);
    const [model, dataset] = await this.#inputs(request);
    return this.#trl(request, model, await this.#tokenized(request, model, dataset));
  }

  /** A stored run as such a folder, with its own rows. @throws PronkError `no-run` where it is not known any more */
  async exportRun(id: string | undefined): Promise<FileContent[]> {
    const run = id === undefined ? undefined : await this.#runs.get(id);
    if (!run) {
      const message =
        'The adapter was not trained here, or its run was removed: its rows and settings are not known. Plan a run from it instead.';
      throw new PronkError('missing-run', message);
    }
    // a run of before may lack a setting
    const request = { ...run.request, config: { ...DEFAULT_CONFIG, ...run.request.config } };
    const rows = await this.#runs.rows(run);
    if (!rows) return this.export(request);
    const model = await this.#parts.model(request.modelId);
    const { config, template } = request;
    const tokens = await this.#parts.held(request.modelId, () =>
      tokenizeDataset(rows as Example[], model.tokenizer, { ...config, template }),
    );
    return this.#trl(request, model, tokens);
  }

  async #trl(
    { config, template, adapterId }: TrainingRequest,
    model: TrainedModel,
    tokens: TokenizedDataset,
  ): Promise<FileContent[]> {
    const data = prepareData(tokens, model.tokenizer, config);
    const start = adapterId === undefined ? undefined : await this.#parts.adapter(adapterId);
    if (start) startPairs(start, config, loraSpec(config, model.config.numLayers, data.maxBatchTokens));
    const run = { config, data, model: model.config, base: model.name };
    return trlFiles({ ...run, ...(start && { start }), ...(template && { template }) });
  }

  /** Ends what runs, as a pause does: for a page or a process that ends. */
  async close(): Promise<void> {
    this.#active?.leave();
    await this.#running;
  }

  async #begin(record: RunRecord): Promise<void> {
    await this.stopMeasuring();
    if (this.#active) throw this.#busy();
    const active = new ActiveRun(record, this.#parts, this.#runs, (event) => this.#emit(event));
    this.#active = active;
    const ended = () => {
      this.#paces.learn(active.record);
      this.#active = undefined;
    };
    await new Promise<void>((begun, refused) => {
      this.#running = whenUnlocked(LOCK, async () => {
        await this.#runs.sweep().catch(() => {});
        begun();
        await active.run();
        return true;
      })
        .then((ran) => (ran ? undefined : refused(this.#busy())), refused)
        .finally(ended);
    });
  }

  /** Runs a task while nobody trains. @throws PronkError `busy` */
  async #locked<T extends object | void>(task: () => Promise<T>): Promise<T> {
    if (this.#active) throw this.#busy();
    const done = await whenUnlocked(LOCK, async () => ({ result: await task() }));
    if (!done) throw this.#busy();
    return done.result;
  }

  /** Whether no tab trains: a run that says that it is running was then cut off. */
  async #nobodyTrains(): Promise<boolean> {
    if (this.#active) return false;
    return (await ifUnlocked(LOCK, () => Promise.resolve(true))) ?? false;
  }

  #current(run: RunRecord, nobodyTrains: boolean): RunRecord {
    if (this.#active?.record.id === run.id) return this.#active.record;
    return nobodyTrains || this.#active ? markInterrupted(run) : run;
  }

  async #get(id: string): Promise<RunRecord> {
    const run = await this.#runs.get(id);
    if (run?.version !== RUN_VERSION) throw new PronkError('missing-run', 'This run is no longer here.');
    return run;
  }

  #inputs({ modelId, datasetId }: TrainingRequest): Promise<[TrainedModel, TrainedDataset]> {
    return Promise.all([this.#parts.model(modelId), this.#parts.dataset(datasetId)]);
  }

  #tokenized(
    { modelId, datasetId, config, template }: TrainingRequest,
    { tokenizer }: TrainedModel,
    { examples, editedAt }: TrainedDataset,
  ): Promise<TokenizedDataset> {
    const { cutoff_len, train_on_inputs, prompt_template_name: name } = config;
    const key = JSON.stringify([modelId, datasetId, editedAt, cutoff_len, train_on_inputs, name, template]);
    if (this.#tokens?.key !== key) {
      this.#tokens = {
        key,
        tokens: examples().then((rows) =>
          this.#parts.held(modelId, () => tokenizeDataset(rows, tokenizer, { ...config, template })),
        ),
      };
    }
    return this.#tokens.tokens;
  }

  #busy(): PronkError {
    if (this.#active?.rests) {
      const message = `${this.#active.record.name} is only in the memory of this page, as there is no space to save it. Free some space and resume it, or end it, first.`;
      return new PronkError('busy', message);
    }
    const message =
      'Another run is being trained, here or in another tab. Pause or stop it first, or wait for its end.';
    return new PronkError('busy', message);
  }

  #emit(event: TrainingEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
