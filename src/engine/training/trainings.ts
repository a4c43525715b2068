// Training as the engine offers it: runs are begun, ended, listed and removed here, one at a time in all tabs together. Plans,
// measurements and exports are made beside it.
import { PronkError } from '../../core/errors';
import { numbered } from '../../core/numbered';
import { checkConfig } from '../../training/check-config';
import { unpackCheckpoint } from '../../training/checkpoint';
import { markInterrupted, RUN_VERSION, runDetail, type RunRecord, runSummary } from '../../training/run-record';
import { RunStore } from '../../training/run-store';
import { readTrainerState, writeTrainerState } from '../../training/trainer-state';
import type { FileContent } from '../export/file';
import type { TrainingParts } from './parts';
import { keepAdapter, RecordedRun } from './recorded-run';
import { RunExport } from './run-export';
import { RunInputs } from './run-inputs';
import { type MeasureProgress, RunPlanner } from './run-planner';
import { nobodyTrains, untilNobodyTrains, whileNobodyTrains } from './training-lock';
import type { RunDetail, RunSummary, TrainingEvent, TrainingPlan, TrainingRequest } from './types';

export class Trainings {
  readonly #parts: TrainingParts;
  readonly #runs: RunStore<RunRecord>;
  readonly #listeners = new Set<(event: TrainingEvent) => void>();
  readonly #inputs: RunInputs;
  readonly #planner: RunPlanner;
  readonly #export: RunExport;
  #active: RecordedRun | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: TrainingParts) {
    this.#parts = parts;
    this.#runs = new RunStore(parts.store);
    this.#inputs = new RunInputs(parts);
    this.#export = new RunExport(parts, this.#inputs, this.#runs);
    this.#planner = new RunPlanner({
      parts,
      inputs: this.#inputs,
      runs: () => this.#runs.list(),
      checkFree: async () => {
        if (!(await this.#nobodyTrains())) throw this.#busy();
      },
    });
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

  /** The run that is trained here, or waits here for storage. */
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
    await untilNobodyTrains();
  }

  /** What a run would take. What stands against it is in the plan's `problem`. @throws PronkError `missing-model`, `missing-dataset` */
  plan(request: TrainingRequest): Promise<TrainingPlan> {
    return this.#planner.plan(request);
  }

  /**
   * Takes as much of a step as is needed to know how long it is; nothing of it is kept.
   * @throws PronkError `bad-config`, `busy` while a run is trained, `cancelled` where the device was needed, …
   */
  measure(
    request: TrainingRequest,
    onProgress: MeasureProgress = () => {},
  ): Promise<{ readonly secondsPerStep: number }> {
    return this.#planner.measure(request, onProgress);
  }

  /** Ends a measurement, if there is one; resolves when its memory is free. */
  stopMeasuring(): Promise<void> {
    return this.#planner.stopMeasuring();
  }

  /**
   * Begins a run, which goes on until it ends or is ended; the id by which events speak of it.
   * @throws PronkError `bad-config`, `busy`, `missing-model`, `missing-dataset`
   */
  async start(request: TrainingRequest): Promise<string> {
    checkConfig(request.config);
    const [model, dataset] = await this.#inputs.open(request);
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

  /** Resumes a run that was paused, interrupted or failed. @throws PronkError `missing-run`, `run-ended`, `busy` */
  async resume(id: string): Promise<void> {
    if (this.#active?.record.id === id) {
      this.#active.run.resume();
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
    await Promise.race([this.#running, this.#active.run.end('pause')]);
  }

  /** Ends a run for good and keeps its adapter. @throws PronkError `missing-run` */
  async stop(id: string): Promise<void> {
    if (this.#active?.record.id === id) {
      await Promise.race([this.#running, this.#active.run.end('stop')]);
      return;
    }
    await this.#locked(async () => {
      const record = await this.#get(id);
      if (record.state === 'done' || record.state === 'stopped') return;
      const kept = record.checkpoint && unpackCheckpoint(await this.#runs.load(record));
      const adapterId =
        kept && kept.state.updates > 0
          ? await keepAdapter(this.#parts, record, kept.state, async () => kept.pairs)
          : undefined;
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
    await this.#active?.run.checkpoint();
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

  /** Reads such a file from elsewhere. @throws PronkError `not-a-trainer-state` */
  openState(text: string, name: string): RunDetail {
    return readTrainerState(text, name);
  }

  /** A planned run as a folder that TRL trains. @throws PronkError `bad-config`, `no-labels`, `missing-model`, … */
  export(request: TrainingRequest): Promise<FileContent[]> {
    return this.#export.planned(request);
  }

  /** A run that was begun, with its own rows, as such a folder. @throws PronkError `missing-run` */
  exportRun(id: string | undefined): Promise<FileContent[]> {
    return this.#export.begun(id);
  }

  /** Ends what runs, as a pause does: for a page or a process that ends. */
  async close(): Promise<void> {
    this.#active?.run.close();
    await this.#running;
  }

  async #begin(record: RunRecord): Promise<void> {
    await this.stopMeasuring();
    if (this.#active) throw this.#busy();
    const active = new RecordedRun(record, this.#parts, this.#runs, (event) => this.#emit(event));
    this.#active = active;
    const ended = () => {
      this.#planner.learn(active.record);
      this.#active = undefined;
    };
    await new Promise<void>((begun, refused) => {
      this.#running = whileNobodyTrains(async () => {
        await this.#runs.sweep().catch(() => {});
        begun();
        await active.train();
        return true;
      })
        .then((ran) => (ran ? undefined : refused(this.#busy())), refused)
        .finally(ended);
    });
  }

  /** Runs a task while nobody trains. @throws PronkError `busy` */
  async #locked<T extends object | void>(task: () => Promise<T>): Promise<T> {
    if (this.#active) throw this.#busy();
    const done = await whileNobodyTrains(async () => ({ result: await task() }));
    if (!done) throw this.#busy();
    return done.result;
  }

  /** Whether no tab trains: a run that says that it is running was then interrupted. */
  async #nobodyTrains(): Promise<boolean> {
    return !this.#active && (await nobodyTrains());
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

  #busy(): PronkError {
    if (this.#active?.run.awaitsStorage) {
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
