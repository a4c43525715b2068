// The run that trains now as the page keeps it: its record in the store, its log, its samples, its events.
import { fromStoredConfig, toStoredConfig } from '../../core/model-config';
import type { Adapter, LoraPair } from '../../core/adapter';
import type { Example } from '../../data/types';
import { templateOf } from '../../data/tokenize';
import { tokenizeDataset } from '../../data/tokenize-dataset';
import type { LoraTrainer } from '../../model/lora-types';
import { type Checkpoint, checkIdentity } from '../../training/checkpoint';
import type { LoopEvent, LoopState } from '../../training/loop';
import { peftConfig } from '../../training/lora-spec';
import { type PreparedRun, prepareRun, resultPairs } from '../../training/prepare-run';
import { asOfCheckpoint, type RunRecord, runSummary } from '../../training/run-record';
import type { TrainingState } from '../../training/run-state';
import type { RunStore } from '../../training/run-store';
import { isDeviceGone, TrainingRun, type TrainingRunDeps } from '../../training/training-run';
import type { TrainingParts } from './parts';
import type { TrainingEvent } from './types';

/** The change of a record that a state makes; undefined takes a field away. */
type Change = { readonly [K in keyof RunRecord]?: RunRecord[K] | undefined };

const REMEDY = 'Undo the change, or stop the run to keep its adapter as it is.';

export class RecordedRun {
  /** The training itself; its own methods end, resume and close it. */
  readonly run: TrainingRun;
  #record: RunRecord;
  readonly #parts: TrainingParts;
  readonly #runs: RunStore<RunRecord>;
  readonly #emit: (event: TrainingEvent) => void;
  /** Answers of the base model, by prompt. */
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
    const deps: TrainingRunDeps = {
      prepare: () => this.#prepare(),
      trainer: (spec) => parts.trainer(record.request.modelId, spec),
      checkpoint: async () => (this.#record.checkpoint ? runs.load(this.#record) : undefined),
      save: (checkpoint) => this.#save(checkpoint),
      keep: (state, last) => this.#keep(state, last),
      onState: (state) => this.#onState(state),
      onEvent: (event, trainer, state) => this.#note(event, trainer, state),
      forgetDevice: () => {
        parts.forgetDevice();
        this.#record = asOfCheckpoint(this.#record);
      },
      awaitsStorage: true,
    };
    this.run = new TrainingRun(deps, record.checkpoint?.state.step);
  }

  get record(): RunRecord {
    return { ...this.#record, seconds: this.#seconds() };
  }

  /** Trains to whatever end it comes to; the record says which. Never throws. */
  async train(): Promise<void> {
    this.#since = performance.now();
    await this.run.train();
  }

  /** Prepares the run and writes down what it is; one that is resumed must be what it was. */
  async #prepare(): Promise<PreparedRun> {
    const { request } = this.#record;
    const { config, modelId, adapterId } = request;
    const model = await this.#parts.model(modelId);
    const examples = await this.#examples();
    this.#kind = examples.find(({ kind }) => kind !== 'unread')?.kind ?? 'instruct';
    const form = { ...config, template: request.template };
    const tokens = await tokenizeDataset(examples, model.tokenizer, form);
    const start = adapterId === undefined ? undefined : await this.#parts.adapter(adapterId);
    const run = prepareRun(model, tokens, config, start);
    const identity = await run.identity(model.fingerprint);
    const { identity: then, checkpoint } = this.#record;
    if (then && checkpoint) checkIdentity(then, identity, 'The run', REMEDY);
    await this.#change({
      identity,
      modelName: model.name,
      model: toStoredConfig(model.config),
      template: this.#kind === 'instruct' ? templateOf(form) : undefined,
      steps: run.steps,
    });
    return run;
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

  async #save(checkpoint: Checkpoint): Promise<void> {
    const { record } = this;
    // what keeping it takes is time of the run as well
    const since = performance.now();
    this.#record = await this.#runs.save(record, checkpoint);
    this.#since = since;
    this.#emit({ type: 'checkpoint', runId: this.#record.id, step: checkpoint.state.step });
  }

  async #keep(state: LoopState, last: () => Promise<readonly LoraPair[]>): Promise<void> {
    if (state.updates === 0 || this.#record.adapterId !== undefined) return;
    const adapterId = await keepAdapter(this.#parts, this.#record, state, last);
    // whatever comes now, it is not kept twice
    this.#record = { ...this.#record, adapterId };
  }

  async #onState(state: TrainingState): Promise<void> {
    const change = changeOf(state, this.#record);
    if (change) await this.#change(change);
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
    const { signal } = this.run;
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

  async #change(change: Change): Promise<void> {
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

/** What the record of a run says in a state; undefined where it says what it said. */
function changeOf(to: TrainingState, { unkept, checkpoint }: RunRecord): Change | undefined {
  const running: Change = { state: 'running', problem: undefined, unkept: undefined };
  switch (to.state) {
    case 'preparing':
      return running;
    case 'training':
      return unkept ? running : undefined;
    case 'awaitingStorage': {
      const kept = checkpoint?.state.step ?? 0;
      const since = kept < to.step ? `what it learned since step ${kept}` : 'what it learned';
      const problem = `${to.reason} The run is paused, and ${since} is only in the memory of this page. Keep the page open, and press Resume once there is space.`;
      return { state: 'paused', problem, unkept: true };
    }
    case 'paused':
      return { state: 'paused' };
    case 'finished':
      return { state: 'done' };
    case 'stopped':
      return { state: 'stopped' };
    case 'failed':
      return { state: 'failed', problem: to.error instanceof Error ? to.error.message : String(to.error) };
    default:
      return undefined;
  }
}

/**
 * Stores the adapter of a run; its id.
 * @param last reads the pairs as they are now
 */
export async function keepAdapter(
  parts: TrainingParts,
  { id, name, request, modelName, model, template }: RunRecord,
  state: LoopState,
  last: () => Promise<readonly LoraPair[]>,
): Promise<string> {
  const { config, modelId } = request;
  const adapter = { name, config: peftConfig(config, modelName), pairs: await resultPairs(config, state, last) };
  return parts.keep(adapter, { modelId, runId: id, modelName, model: model && fromStoredConfig(model), template });
}
