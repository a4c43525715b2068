// Training without a worker: steps by the clock, losses by a formula.
import type {
  Contract,
  RunDetail,
  RunSummary,
  TrainingConfig,
  TrainingEvent,
  TrainingPlan,
  TrainingRequest,
  Warning,
} from '../../worker/contract';
import type { ClientEvent } from '../../worker/client';
import { fakeAdapters } from './fake-adapters';
import { fakeDatasets, lengthOf } from './fake-datasets';
import { fakeAdapter, fakeExamples, fakeLog, fakeRun, lossAt } from './fake-runs';

const wait = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));
const coded = (name: string, message: string) => Object.assign(new Error(message), { name });

interface Options {
  readonly emit: (event: ClientEvent) => void;
  /** Milliseconds of a step. */
  readonly step: number;
  /** Rows, runs and an adapter are there already, one run cut off by a closed page. */
  readonly seeded: boolean;
}

function warningsFor(config: TrainingConfig, steps: number, validationRows: number): Warning[] {
  const warnings: Warning[] = [];
  if (steps < 50) {
    warnings.push({
      code: 'few-steps',
      message: `Only ${steps} steps: too few to learn from. More epochs, or less accumulation, give more.`,
      fix: { gradient_accumulation_steps: 1, num_train_epochs: 20 },
    });
  }
  if (config.warmup_steps >= steps) {
    warnings.push({
      code: 'long-warmup',
      message: `The warmup takes ${config.warmup_steps} steps and the training ${steps}: the learning rate never arrives.`,
      fix: { warmup_steps: 0, warmup_ratio: 0.05 },
    });
  }
  if (config.val_set_size > 0 && validationRows === 0) {
    warnings.push({
      code: 'large-validation',
      message: 'There are too few rows for so many validation rows; none are kept aside.',
      fix: { val_set_size: 0.1 },
    });
  }
  return warnings;
}

export function fakeTraining({ emit, step: pace, seeded }: Options): Pick<Contract, 'datasets' | 'adapters' | 'runs'> {
  const datasets = fakeDatasets();
  const runs = new Map<string, RunDetail>();
  const adapters = fakeAdapters(emit);
  let measured: number | undefined;
  let cutMeasuring = () => {};
  const timers = new Map<string, ReturnType<typeof setInterval>>();
  const tell = (event: TrainingEvent) => emit({ type: 'training', event });

  if (seeded) {
    datasets.put('An alpaca’s manners.json', 'Alpaca JSON', fakeExamples());
    for (const run of [fakeRun('done'), fakeRun('stopped'), fakeRun('interrupted')]) runs.set(run.id, run);
    adapters.add(fakeAdapter('adapter-done', 'Manners, 20 epochs'));
  }

  const whole = ['request', 'log', 'validations', 'samples', 'checkpointStep'];
  const summaryOf = (run: RunDetail) =>
    Object.fromEntries(Object.entries(run).filter(([key]) => !whole.includes(key))) as unknown as RunSummary;
  function change(id: string, values: Partial<RunDetail>): void {
    const run = { ...runs.get(id)!, ...values };
    runs.set(id, { ...run, lossSparkline: run.log.filter((_, i) => i % 5 === 0).map(({ loss }) => loss) });
    tell({ type: 'run', run: summaryOf(runs.get(id)!) });
  }

  function take(id: string): void {
    const run = runs.get(id)!;
    const { config, prompts, sampleSteps } = run.request;
    const record = fakeLog(run.step + 1, run.steps, config.learning_rate);
    const log = [...run.log, record];
    runs.set(id, { ...run, log, step: record.step, loss: record.loss, seconds: run.seconds + record.seconds });
    tell({ type: 'step', runId: id, record });
    if (record.step % config.eval_steps === 0) {
      const before = runs.get(id)!.validations;
      const loss = lossAt(record.step, run.steps) + 0.1 + (record.step / run.steps) ** 4 * 0.4;
      const validation = { step: record.step, loss, best: before.every((each) => each.loss > loss) };
      runs.set(id, { ...runs.get(id)!, validations: [...before, validation], validationLoss: loss });
      tell({ type: 'validation', runId: id, record: validation });
    }
    if (sampleSteps > 0 && record.step % sampleSteps === 0) {
      for (const prompt of prompts) {
        const share = record.step / run.steps;
        const adapter =
          share < 0.3 ? 'Alpacas are animals.' : `Hum. ${prompt.replace('?', '')}, you ask: of course. Pronk!`;
        const sample = { step: record.step, prompt, base: 'Alpacas are animals.', adapter };
        runs.set(id, { ...runs.get(id)!, samples: [...runs.get(id)!.samples, sample] });
        tell({ type: 'sample', runId: id, record: sample });
      }
    }
    if (record.step % config.save_steps === 0) checkpoint(id);
    if (record.step >= run.steps) end(id, 'done');
  }
  function checkpoint(id: string): void {
    const { step } = runs.get(id)!;
    runs.set(id, { ...runs.get(id)!, checkpointStep: step });
    tell({ type: 'checkpoint', runId: id, step });
  }
  function end(id: string, state: 'done' | 'stopped'): void {
    clearInterval(timers.get(id));
    const run = runs.get(id)!;
    const adapter = fakeAdapter(`adapter-${id}`, run.name, run);
    change(id, { state, adapterId: adapter.id });
    adapters.add(adapter);
  }
  const go = (id: string) =>
    timers.set(
      id,
      setInterval(() => take(id), pace),
    );

  function plan({ datasetId, config }: TrainingRequest): TrainingPlan {
    const { rows } = datasets.get(datasetId);
    const { val_set_size: wanted } = config;
    const share = wanted < 1 ? Math.round(rows.length * wanted) : wanted;
    const validationRows = share >= rows.length ? 0 : share;
    const batch = config.per_device_train_batch_size * config.gradient_accumulation_steps;
    const stepsPerEpoch = Math.max(1, Math.ceil((rows.length - validationRows) / batch));
    const steps = config.max_steps > 0 ? config.max_steps : Math.ceil(stepsPerEpoch * config.num_train_epochs);
    const tokens = rows.reduce((sum, row) => sum + Math.min(config.cutoff_len, lengthOf(row)), 0);
    const parameters = config.r * config.target_modules.length * 6 * 900;
    const kept = config.gradient_checkpointing === false ? 30_000 : 4200;
    const parts = [
      { name: 'Weights', bytes: 7_600_000 },
      { name: 'Adapter', bytes: parameters * 4 },
      { name: 'Optimizer', bytes: parameters * 12 },
      { name: 'Activations', bytes: config.per_device_train_batch_size * config.cutoff_len * kept },
      { name: 'Workspace', bytes: 18_000_000 },
      { name: 'Samples', bytes: 9_400_000 },
    ];
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    const limit = 256_000_000;
    const problem = total > limit && 'It needs more memory than this device has.';
    const fix = { gradient_checkpointing: true, per_device_train_batch_size: 1, cutoff_len: 256 };
    const tooLarge = { code: 'out-of-memory', message: `${problem} Use a cutoff of 256, a row at a time.`, fix };
    return {
      rows: rows.length - validationRows,
      validationRows,
      skippedRows: 0,
      tokens,
      labelled: Math.round(tokens * (config.train_on_inputs ? 1 : 0.4)),
      steps,
      stepsPerEpoch,
      effectiveBatch: batch,
      warmupSteps: config.warmup_steps || Math.ceil(config.warmup_ratio * steps),
      trainableParameters: parameters,
      memory: { parts, total, limit, fits: total <= limit },
      ...(measured !== undefined && { secondsPerStep: measured }),
      warnings: [...(problem ? [tooLarge] : []), ...warningsFor(config, steps, validationRows)],
      ...(problem && { problem }),
    };
  }

  const runVerbs: Contract['runs'] = {
    plan: async (request) => plan(request),
    async measure({ datasetId }) {
      const tell = (done: number) => {
        emit({ type: 'progress', task: 'measure', id: datasetId, stage: 'Timing a step', done, total: 4 });
      };
      let cut = false;
      cutMeasuring = () => (cut = true);
      for (let done = 0; done < 4 && !cut; done++) {
        tell(done);
        await wait(pace);
      }
      if (cut) throw coded('cancelled', 'Measuring was ended.');
      measured = pace / 1000;
      return { secondsPerStep: measured };
    },
    stopMeasuring: async () => cutMeasuring(),
    async start(request) {
      cutMeasuring();
      const dataset = datasets.get(request.datasetId).summary;
      const id = crypto.randomUUID();
      const { steps } = plan(request);
      const name = request.name ?? `Run ${runs.size + 1}`;
      const names = { modelName: 'Pronk 6M', datasetName: dataset.name };
      const begun = {
        ...fakeRun('running'),
        ...names,
        id,
        name,
        request,
        steps,
        step: 0,
        seconds: 0,
        startedAt: Date.now(),
      };
      runs.set(id, { ...begun, modelId: request.modelId, log: [], validations: [], samples: [], lossSparkline: [] });
      change(id, {});
      go(id);
      return id;
    },
    async pause(id) {
      clearInterval(timers.get(id));
      checkpoint(id);
      change(id, { state: 'paused' });
    },
    async resume(id) {
      change(id, { state: 'running' });
      go(id);
    },
    stop: async (id) => end(id, 'stopped'),
    async checkpoint() {
      for (const { id, state } of runs.values()) if (state === 'running') checkpoint(id);
    },
    list: async () => [...runs.values()].map(summaryOf),
    async get(id) {
      const run = runs.get(id);
      if (!run) throw coded('no-run', 'That run is not here any more.');
      return run;
    },
    exportState: async (id) => new File([JSON.stringify(runs.get(id)!.log)], 'trainer_state.json'),
    async openState(file) {
      const { log_history: history } = JSON.parse(await file.text()) as { log_history: Record<string, number>[] };
      const log = history
        .filter(({ loss }) => loss !== undefined)
        .map(({ step, loss, epoch, learning_rate: learningRate }) => {
          return { step, loss, epoch, learningRate, gradNorm: Number.NaN, tokens: 0, seconds: 0 };
        });
      return {
        ...fakeRun('done'),
        id: file.name,
        name: file.name,
        log,
        validations: [],
        samples: [],
        steps: log.length,
        step: log.length,
      };
    },
    async remove(id) {
      runs.delete(id);
      tell({ type: 'removed', runId: id });
    },
    export: async () => [{ name: 'train.py', bytes: 1, ok: true, file: new File(['x'], 'train.py') }],
  };
  return { datasets: datasets.api, adapters: adapters.api, runs: runVerbs };
}
