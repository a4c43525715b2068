// A run that is being trained now, from its start or its checkpoint to its end, a pause or a failure.
import { PronkError } from '../../formats/errors';
import type { Adapter, LoraPair } from '../../formats/adapter';
import type { Example } from '../../data/types';
import { tokenizeDataset } from '../../data/tokenize-dataset';
import type { LoraTrainer } from '../../model/lora-types';
import { type Checkpoint, differs, type RunIdentity, unpackCheckpoint } from '../../training/checkpoint';
import { pairsFingerprint } from '../../training/fingerprint';
import { FRESH, type LoopEvent, type LoopState } from '../../training/loop';
import { loraSpec, peftConfig } from '../../training/lora-spec';
import { type PreparedData, prepareData } from '../../training/prepare';
import { totalSteps } from '../../training/schedules';
import { startPairs } from '../../training/start-adapter';
import { Drive, type DriveEnd } from './drive';
import type { TrainingParts } from './parts';
import { asOfCheckpoint, type RunRecord, runSummary } from './run-record';
import type { RunStore } from './run-store';
import type { RunState, TrainingEvent } from './types';

const STATES: Readonly<Record<DriveEnd, RunState>> = { done: 'done', early: 'done', pause: 'paused', stop: 'stopped' };

export class ActiveRun {
  #record: RunRecord;
  readonly #parts: TrainingParts;
  readonly #runs: RunStore<RunRecord>;
  readonly #emit: (event: TrainingEvent) => void;
  #drive: Drive | undefined;
  #wanted: 'pause' | 'stop' | undefined;
  /** Ends samples that are being made. */
  readonly #controller = new AbortController();
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

  end(how: 'pause' | 'stop'): void {
    this.#wanted = how;
    this.#controller.abort(new DOMException('The run was ended', 'AbortError'));
    this.#drive?.end(how);
  }

  async checkpoint(): Promise<void> {
    await this.#drive?.checkpoint();
  }

  /** Trains to whatever end it comes to; the record says which. Never throws. */
  async run(): Promise<void> {
    this.#since = performance.now();
    try {
      await this.#change({ state: 'running', problem: undefined });
      for (let reached = -1; ; ) {
        try {
          await this.#train();
          return;
        } catch (error) {
          // a lost device takes nothing along but the steps since the last checkpoint; one that is lost at once again is broken
          const step = this.#record.checkpoint?.state.step ?? 0;
          if (!(error instanceof PronkError && error.code === 'device-lost') || step <= reached) throw error;
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
    const [model, dataset] = await Promise.all([this.#parts.model(modelId), this.#parts.dataset(request.datasetId)]);
    const examples = await dataset.examples();
    this.#kind = examples[0]?.kind ?? 'instruct';
    const data = prepareData(await tokenizeDataset(examples, model.tokenizer, config), model.tokenizer, config);
    const spec = loraSpec(config, model.config.layers, data.largest);
    const start = request.adapterId === undefined ? undefined : await this.#parts.adapter(request.adapterId);
    const pairs = start && startPairs(start, config, spec);
    const identity = await this.#identity(model.fingerprint, await data.fingerprint(), pairs);
    await this.#change({
      identity,
      modelName: model.name,
      datasetName: dataset.name,
      steps: totalSteps(config, data.stepsPerEpoch),
    });
    const trainer = await this.#parts.trainer(modelId, spec);
    try {
      if (pairs) trainer.setPairs(pairs);
      const state = await this.#restore(trainer);
      const end = this.#wanted ?? (await this.#driven(trainer, data, state));
      await this.#finish(STATES[end], trainer, state, model.name);
    } finally {
      trainer.destroy();
      this.#drive = undefined;
    }
  }

  /** What the run is; one that is gone on with must be what it was. */
  async #identity(model: string, data: string, start: readonly LoraPair[] | undefined): Promise<RunIdentity> {
    const { identity: then, checkpoint, request } = this.#record;
    const now = { config: request.config, data, model, ...(start && { start: await pairsFingerprint(start) }) };
    const why = then && checkpoint && differs(then, now);
    if (why !== undefined) {
      const message = `The run cannot be gone on with: ${why}. Undo the change, or stop the run to keep its adapter as it is.`;
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

  /** Trains on. A store that is full ends no run: the checkpoint before stays, and training goes on. */
  async #driven(trainer: LoraTrainer, data: PreparedData, state: LoopState): Promise<DriveEnd> {
    const { config } = this.#record.request;
    for (;;) {
      this.#drive = new Drive({
        trainer,
        data,
        config,
        state,
        save: (checkpoint) => this.#save(checkpoint),
        onEvent: (event) => this.#note(event, trainer, state),
      });
      try {
        return await this.#drive.run();
      } catch (error) {
        if (!(error instanceof PronkError && error.code === 'quota-exceeded')) throw error;
        await this.#change({ problem: `No checkpoint could be kept: ${error.message}` }).catch(() => {});
        trainer.restore(await trainer.state());
      }
    }
  }

  async #save(checkpoint: Checkpoint): Promise<void> {
    this.#record = await this.#runs.save(this.record, checkpoint);
    this.#since = performance.now();
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
        this.#record = { ...this.#record, validations: [...validations, event.record] };
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
    const due = sampleSteps > 0 && (step % sampleSteps === 0 || step >= steps);
    if (!due || prompts.length === 0 || samples.some((sample) => sample.step === step)) return;
    const { signal } = this.#controller;
    const adapter: Adapter = {
      name: 'in training',
      config: peftConfig(config, this.#record.modelName),
      pairs: await trainer.pairs(),
    };
    for (const prompt of prompts) {
      const asked = { modelId, prompt, kind: this.#kind, template: config.prompt_template_name };
      try {
        const base = this.#bases.get(prompt) ?? (await this.#parts.answer(asked, signal));
        this.#bases.set(prompt, base);
        const record = { step, prompt, base, adapter: await this.#parts.answer({ ...asked, adapter }, signal) };
        this.#record = { ...this.#record, samples: [...this.#record.samples, record] };
        this.#emit({ type: 'sample', runId, record });
      } catch (error) {
        if (error instanceof PronkError && error.code === 'device-lost') throw error;
        if (signal.aborted) return;
      }
    }
  }

  async #finish(state: RunState, trainer: LoraTrainer, loop: LoopState, base: string): Promise<void> {
    const keeps = state !== 'paused' && loop.updates > 0;
    const adapterId = keeps ? await this.#keep(await trainer.pairs(), loop, base) : undefined;
    await this.#change({ state, ...(adapterId !== undefined && { adapterId }) });
  }

  #keep(last: readonly LoraPair[], loop: LoopState, base: string): Promise<string> {
    return keepAdapter(this.#parts, this.#record, last, loop, base);
  }

  async #change(change: { readonly [K in keyof RunRecord]?: RunRecord[K] | undefined }): Promise<void> {
    const merged = { ...this.record, ...change };
    const known = Object.entries(merged).filter(([, value]) => value !== undefined);
    this.#record = Object.fromEntries(known) as unknown as RunRecord;
    this.#since = performance.now();
    await this.#runs.put(this.#record);
    this.#emit({ type: 'run', run: runSummary(this.#record) });
  }

  #seconds(): number {
    return this.#record.seconds + (this.#record.state === 'running' ? (performance.now() - this.#since) / 1000 : 0);
  }
}

/** Stores the adapter of a run: the best by validation where that is wanted and known, else the last. */
export function keepAdapter(
  parts: TrainingParts,
  { id, name, request }: RunRecord,
  last: readonly LoraPair[],
  { best }: LoopState,
  base: string,
): Promise<string> {
  const { config, modelId } = request;
  const pairs = config.load_best_model_at_end && best ? best.pairs : last;
  return parts.keep({ name, config: peftConfig(config, base), pairs }, { modelId, runId: id });
}
