// A run that is being trained now, from its start or its checkpoint to its end, a pause or a failure.
import { fromStoredConfig, toStoredConfig } from '../../core/model-config';
import { PronkError } from '../../core/errors';
import type { Adapter, LoraPair } from '../../core/adapter';
import type { Example } from '../../data/types';
import { templateOf } from '../../data/tokenize';
import { tokenizeDataset } from '../../data/tokenize-dataset';
import { unlessAborted } from '../../gpu/cut-off';
import type { LoraSpec, LoraTrainer } from '../../model/lora-types';
import { type Checkpoint, identityMismatch, type RunIdentity, unpackCheckpoint } from '../../training/checkpoint';
import { pairsFingerprint } from '../../training/fingerprint';
import { FRESH, type LoopEvent, type LoopState } from '../../training/loop';
import { loraSpec, peftConfig } from '../../training/lora-spec';
import { checkPositions, type PreparedData, prepareData } from '../../training/prepare';
import { totalSteps } from '../../training/schedules';
import { startPairs } from '../../training/start-adapter';
import { RunDriver, type DriverEnd } from '../../training/run-driver';
import type { TrainingParts } from './parts';
import { asOfCheckpoint, type RunRecord, runSummary } from '../../training/run-record';
import type { RunStore } from '../../training/run-store';
import type { RunState, TrainingEvent } from './types';

const STATES: Readonly<Record<DriverEnd, RunState>> = { done: 'done', early: 'done', pause: 'paused', stop: 'stopped' };

/** Times that a device may be lost before the next checkpoint. */
const LOSSES = 4;

/** The device was lost, or there is none for now. */
const isDeviceGone = (error: unknown) =>
  error instanceof PronkError && (error.code === 'device-lost' || error.code === 'no-adapter');

export class ActiveRun {
  #record: RunRecord;
  readonly #parts: TrainingParts;
  readonly #runs: RunStore<RunRecord>;
  readonly #emit: (event: TrainingEvent) => void;
  #drive: RunDriver | undefined;
  #wanted: 'pause' | 'stop' | undefined;
  /** Ends samples that are being made. */
  #controller = new AbortController();
  /** Ends a rest. */
  #wake: ((how: 'go' | 'stop' | 'leave') => void) | undefined;
  #onRest = () => {};
  readonly #bases = new Map<string, string>();
  #kind: Example['kind'] = 'instruct';
  #since = performance.now();

  constructor(
    record: RunRecord,
    parts: TrainingParts,
    runs: RunStore<RunRecord>,
    emit: (event: TrainingEvent) => void,
  ) {
    this.#record = asOfCheckpoint(record);
    this.#parts = parts;
    this.#runs = runs;
    this.#emit = emit;
  }

  get record(): RunRecord {
    return { ...this.#record, seconds: this.#seconds() };
  }

  /** Whether it rests, since there is no room to keep what it learned. */
  get rests(): boolean {
    return this.#wake !== undefined;
  }

  /** Tries again to keep what it learned, and trains on. */
  goOn(): void {
    this.#wake?.('go');
  }

  /** Ends it as a pause does; what rests for want of room is lost, back to its checkpoint. */
  leave(): void {
    if (this.#wake) this.#wake('leave');
    else void this.end('pause');
  }

  /** Ends it soon; resolves only where it comes to rest instead, for want of room. */
  end(how: 'pause' | 'stop'): Promise<void> {
    const rested = new Promise<void>((resolve) => (this.#onRest = resolve));
    if (this.#wake) {
      if (how === 'stop') this.#wake('stop');
      else this.#onRest();
      return rested;
    }
    this.#wanted = how;
    this.#controller.abort(new DOMException('The run was ended', 'AbortError'));
    this.#drive?.end(how);
    return rested;
  }

  async checkpoint(): Promise<void> {
    if (!this.#wake) await this.#drive?.checkpoint();
  }

  /** Trains to whatever end it comes to; the record says which. Never throws. */
  async run(): Promise<void> {
    this.#since = performance.now();
    try {
      await this.#change({ state: 'running', problem: undefined, unkept: undefined });
      for (let reached = -1, losses = 0; ; ) {
        try {
          await this.#train();
          return;
        } catch (error) {
          // a lost device takes nothing along but the steps since the last checkpoint; one that is lost again and again
          // before the next checkpoint is broken
          const step = this.#record.checkpoint?.state.step ?? 0;
          losses = step > reached ? 1 : losses + 1;
          if (!isDeviceGone(error) || losses > LOSSES) throw error;
          reached = step;
          this.#parts.forgetDevice();
          this.#record = asOfCheckpoint(this.#record);
        }
      }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      await this.#change({ state: 'failed', problem }).catch(() => {});
    }
  }

  async #train(): Promise<void> {
    const { request } = this.#record;
    const { config, modelId } = request;
    const model = await this.#parts.model(modelId);
    const examples = await this.#examples();
    this.#kind = examples.find(({ kind }) => kind !== 'unread')?.kind ?? 'instruct';
    const form = { ...config, template: request.template };
    const data = prepareData(await tokenizeDataset(examples, model.tokenizer, form), model.tokenizer, config);
    checkPositions(data, model.config);
    const spec = loraSpec(config, model.config.numLayers, data.maxBatchTokens);
    const start = request.adapterId === undefined ? undefined : await this.#parts.adapter(request.adapterId);
    const pairs = start && startPairs(start, config, spec);
    const identity = await this.#identity(model.fingerprint, await data.fingerprint(), pairs);
    await this.#change({
      identity,
      modelName: model.name,
      model: toStoredConfig(model.config),
      template: this.#kind === 'instruct' ? templateOf(form) : undefined,
      steps: totalSteps(config, data.stepsPerEpoch),
    });
    const trainer = await this.#trainer(modelId, spec);
    if (!trainer) {
      await this.#endWithout();
      return;
    }
    try {
      if (pairs) trainer.setPairs(pairs);
      const state = await this.#restore(trainer);
      await this.#toItsEnd(trainer, data, state);
    } finally {
      trainer.destroy();
      this.#drive = undefined;
    }
  }

  /** A trainer, for which a device may be waited for; undefined where the run is ended meanwhile. */
  async #trainer(modelId: string, spec: LoraSpec): Promise<LoraTrainer | undefined> {
    const { signal } = this.#controller;
    const made = this.#parts.trainer(modelId, spec);
    try {
      return await unlessAborted(made, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      void made.then(
        (late) => late.destroy(),
        () => {},
      );
      return undefined;
    }
  }

  /** Ends a run that has no trainer: what its checkpoint has is kept. */
  async #endWithout(): Promise<void> {
    if (this.#wanted !== 'stop') {
      await this.#change({ state: 'paused' });
      return;
    }
    const kept = this.#record.checkpoint && unpackCheckpoint(await this.#runs.load(this.#record));
    const learned = kept && kept.state.updates > 0 && this.#record.adapterId === undefined;
    const adapterId = learned ? await keepAdapter(this.#parts, this.#record, kept.pairs, kept.state) : undefined;
    await this.#change({ state: 'stopped', ...(adapterId !== undefined && { adapterId }) });
  }

  /** The rows, as they were when the run was begun: they may be edited or removed meanwhile. */
  async #examples(): Promise<readonly Example[]> {
    const kept = await this.#runs.rows(this.#record);
    if (kept) return kept as Example[];
    const dataset = await this.#parts.dataset(this.#record.request.datasetId);
    const examples = await dataset.examples();
    this.#record = await this.#runs.keepRows({ ...this.#record, datasetName: dataset.name }, examples);
    return examples;
  }

  /** What the run is; one that is gone on with must be what it was. */
  async #identity(model: string, data: string, start: readonly LoraPair[] | undefined): Promise<RunIdentity> {
    const { identity: then, checkpoint, request } = this.#record;
    const now = { config: request.config, data, model, ...(start && { start: await pairsFingerprint(start) }) };
    const why = then && checkpoint && identityMismatch(then, now);
    if (why !== undefined) {
      const message = `The run cannot be resumed: ${why}. Undo the change, or stop the run to keep its adapter as it is.`;
      throw new PronkError('checkpoint-mismatch', message);
    }
    return now;
  }

  async #restore(trainer: LoraTrainer): Promise<LoopState> {
    if (!this.#record.checkpoint) return { ...FRESH };
    const { state, optimizer } = unpackCheckpoint(await this.#runs.load(this.#record));
    trainer.restore(optimizer);
    return state;
  }

  /** Trains, and keeps what came of it. Where there is no room to keep anything it rests, until there is. */
  async #toItsEnd(trainer: LoraTrainer, data: PreparedData, state: LoopState): Promise<void> {
    let end: DriverEnd | undefined;
    for (;;) {
      try {
        end ??= await this.#driven(trainer, data, state);
        await this.#finish(STATES[end], trainer, state);
        return;
      } catch (error) {
        if (!(error instanceof PronkError && error.code === 'quota-exceeded')) throw error;
        // its checkpoint is there, and after a reload it is taken for one that was cut off
        if (end === 'pause') return;
        const how = await this.#rest(error.message, state.step);
        if (how === 'leave') return;
        // one that has come to its end is only to be kept
        if (end !== 'done' && end !== 'early') end = how === 'stop' ? 'stop' : undefined;
        await this.#change({ state: 'running', problem: undefined, unkept: undefined }).catch(() => {});
        // what was accumulated of a step is cleared: it begins anew
        trainer.restore(await trainer.state());
      }
    }
  }

  async #driven(trainer: LoraTrainer, data: PreparedData, state: LoopState): Promise<DriverEnd> {
    this.#drive = new RunDriver({
      trainer,
      data,
      config: this.#record.request.config,
      state,
      kept: this.#record.checkpoint?.state.step ?? 0,
      save: (checkpoint) => this.#save(checkpoint),
      onEvent: (event) => this.#note(event, trainer, state),
    });
    if (this.#wanted) this.#drive.end(this.#wanted);
    return this.#drive.run();
  }

  /** Waits beside its trainer, which alone has what was learned. */
  async #rest(reason: string, step: number): Promise<'go' | 'stop' | 'leave'> {
    const kept = this.#record.checkpoint?.state.step ?? 0;
    const since = kept < step ? `what it learned since step ${kept}` : 'what it learned';
    const problem = `${reason} The run is paused, and ${since} is only in the memory of this page. Keep the page open, and press Resume once there is space.`;
    const woken = new Promise<'go' | 'stop' | 'leave'>((wake) => (this.#wake = wake));
    await this.#change({ state: 'paused', problem, unkept: true }).catch(() => {});
    this.#onRest();
    const how = await woken;
    this.#wake = undefined;
    this.#wanted = undefined;
    this.#controller = new AbortController();
    return how;
  }

  async #save(checkpoint: Checkpoint): Promise<void> {
    const { record } = this;
    // what keeping it takes is time of the run as well
    const since = performance.now();
    this.#record = await this.#runs.save(record, checkpoint);
    this.#since = since;
    this.#emit({ type: 'checkpoint', runId: this.#record.id, step: checkpoint.state.step });
  }

  async #note(event: LoopEvent, trainer: LoraTrainer, state: LoopState): Promise<void> {
    const { id: runId, log, validations } = this.#record;
    switch (event.type) {
      case 'step':
        this.#record = { ...this.#record, log: [...log, event.record] };
        this.#emit({ type: 'step', runId, record: event.record });
        return;
      case 'validation':
        // the one before the first step is taken again by a run that begins again
        this.#record = {
          ...this.#record,
          validations: [...validations.filter(({ step }) => step < event.record.step), event.record],
        };
        this.#emit({ type: 'validation', runId, record: event.record });
        this.#emit({ type: 'run', run: runSummary(this.record) });
        return;
      case 'boundary':
        await this.#sample(trainer, state.step);
    }
  }

  /** Answers the fixed prompts, where it is time to; a sample that fails is left out. */
  async #sample(trainer: LoraTrainer, step: number): Promise<void> {
    const { id: runId, request, samples, steps } = this.#record;
    const { prompts, sampleSteps, config, modelId } = request;
    const due = step >= steps || (sampleSteps > 0 && step % sampleSteps === 0);
    if (!due || prompts.length === 0 || samples.some((sample) => sample.step === step)) return;
    const { signal } = this.#controller;
    const adapter: Adapter = {
      name: 'in training',
      config: peftConfig(config, this.#record.modelName),
      pairs: await trainer.pairs(),
    };
    for (const prompt of prompts) {
      const asked = { modelId, prompt, kind: this.#kind, template: this.#record.template };
      try {
        const base = this.#bases.get(prompt) ?? (await this.#parts.answer(asked, signal));
        this.#bases.set(prompt, base);
        const record = { step, prompt, base, adapter: await this.#parts.answer({ ...asked, adapter }, signal) };
        this.#record = { ...this.#record, samples: [...this.#record.samples, record] };
        this.#emit({ type: 'sample', runId, record });
      } catch (error) {
        if (isDeviceGone(error)) throw error;
        if (signal.aborted) return;
      }
    }
  }

  async #finish(state: RunState, trainer: LoraTrainer, loop: LoopState): Promise<void> {
    const keeps = state !== 'paused' && loop.updates > 0 && this.#record.adapterId === undefined;
    if (keeps) {
      const adapterId = await keepAdapter(this.#parts, this.#record, await trainer.pairs(), loop);
      // whatever comes now, it is not kept twice
      this.#record = { ...this.#record, adapterId };
    }
    await this.#change({ state });
  }

  async #change(change: { readonly [K in keyof RunRecord]?: RunRecord[K] | undefined }): Promise<void> {
    const merged = { ...this.record, ...change };
    const known = Object.entries(merged).filter(([, value]) => value !== undefined);
    this.#record = Object.fromEntries(known) as unknown as RunRecord;
    this.#since = performance.now();
    try {
      await this.#runs.put(this.#record);
    } finally {
      this.#emit({ type: 'run', run: runSummary(this.#record) });
    }
  }

  #seconds(): number {
    return this.#record.seconds + (this.#record.state === 'running' ? (performance.now() - this.#since) / 1000 : 0);
  }
}

/** Stores the adapter of a run: the best by validation where that is wanted and known, else the last. */
export function keepAdapter(
  parts: TrainingParts,
  { id, name, request, modelName, model, template }: RunRecord,
  last: readonly LoraPair[],
  { best }: LoopState,
): Promise<string> {
  const { config, modelId } = request;
  const pairs = config.load_best_model_at_end && best ? best.pairs : last;
  const adapter: Adapter = { name, config: peftConfig(config, modelName), pairs };
  return parts.keep(adapter, { modelId, runId: id, modelName, model: model && fromStoredConfig(model), template });
}
