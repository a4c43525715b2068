// Datasets, training and adapters without a worker: rows in memory, steps by the clock, losses by a formula.
import type {
  AdapterSummary,
  ColumnMapping,
  DatasetSummary,
  Example,
  RunDetail,
  RunSummary,
  TrainingApi,
  TrainingConfig,
  TrainingEvent,
  TrainingPlan,
  TrainingRequest,
  Warning,
} from '../../worker/training-api';
import type { ClientEvent } from '../../worker/client';
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

const textOf = (row: Example): readonly [asked: string, answered: string] => {
  switch (row.kind) {
    case 'instruct':
      return [
        `### Instruction:\n${row.instruction}\n\n${row.input && `### Input:\n${row.input}\n\n`}### Response:\n`,
        row.output,
      ];
    case 'messages':
      return ['', row.messages.map(({ role, content }) => `${role}: ${content}`).join('\n')];
    case 'completion':
      return [row.prompt, row.completion];
    case 'text':
      return ['', row.text];
    case 'tokens':
      return ['', row.ids.join(' ')];
  }
};
const pieces = (text: string) => text.match(/\s?[\p{L}\p{N}]{1,5}|\s?[^\p{L}\p{N}\s]|\s/gu) ?? [];
const lengthOf = (row: Example) => textOf(row).reduce((sum, text) => sum + pieces(text).length, 2);

function readRows(text: string, name: string, mapping?: ColumnMapping): Example[] | string[] {
  if (/\.csv$/i.test(name)) {
    const [head, ...lines] = text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    if (!mapping && !head.includes('instruction')) return head;
    const at = (line: readonly string[], field: keyof ColumnMapping) =>
      line[head.indexOf(mapping?.[field] ?? field)] ?? '';
    return lines.map(
      (line): Example => ({
        kind: 'instruct',
        instruction: at(line, 'instruction'),
        input: at(line, 'input'),
        output: at(line, 'output'),
      }),
    );
  }
  const parsed = (
    text.trim().startsWith('[')
      ? JSON.parse(text)
      : text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown)
  ) as Record<string, string>[];
  return parsed.map(({ instruction = '', input = '', output = '' }, i): Example => {
    if (instruction === '') throw coded('bad-dataset', `Row ${i + 1} has no instruction. Add one, or remove the row.`);
    return { kind: 'instruct', instruction, input, output };
  });
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

export function fakeTraining({ emit, step: pace, seeded }: Options): TrainingApi {
  const datasets = new Map<string, { summary: DatasetSummary; rows: Example[] }>();
  const runs = new Map<string, RunDetail>();
  let adapters: AdapterSummary[] = [];
  let measured: number | undefined;
  const timers = new Map<string, ReturnType<typeof setInterval>>();
  const tell = (event: TrainingEvent) => emit({ type: 'training', event });
  const tellAdapters = () => emit({ type: 'adapters', adapters });

  function put(name: string, format: string, rows: Example[]): DatasetSummary {
    const now = Date.now();
    const summary = { id: crypto.randomUUID(), name, format, rows: rows.length, addedAt: now, editedAt: now };
    datasets.set(summary.id, { summary, rows });
    return summary;
  }
  if (seeded) {
    put('An alpaca’s manners.json', 'Alpaca JSON', fakeExamples());
    for (const run of [fakeRun('done'), fakeRun('stopped'), fakeRun('interrupted')]) runs.set(run.id, run);
    adapters = [fakeAdapter('adapter-done', 'Manners, 20 epochs')];
  }

  const whole = ['request', 'log', 'validations', 'samples', 'checkpointStep'];
  const summaryOf = (run: RunDetail) =>
    Object.fromEntries(Object.entries(run).filter(([key]) => !whole.includes(key))) as unknown as RunSummary;
  function change(id: string, values: Partial<RunDetail>): void {
    const run = { ...runs.get(id)!, ...values };
    runs.set(id, { ...run, spark: run.log.filter((_, i) => i % 5 === 0).map(({ loss }) => loss) });
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
    adapters = [adapter, ...adapters];
    change(id, { state, adapterId: adapter.id });
    tellAdapters();
  }
  const go = (id: string) =>
    timers.set(
      id,
      setInterval(() => take(id), pace),
    );

  function plan({ datasetId, config }: TrainingRequest): TrainingPlan {
    const { rows } = datasets.get(datasetId)!;
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

  return {
    datasets: async () => [...datasets.values()].map(({ summary }) => summary),
    async addDataset(file, options) {
      await wait(50);
      const rows = readRows(await file.text(), file.name, options?.mapping);
      if (rows.length > 0 && typeof rows[0] === 'string') {
        const columns = rows as string[];
        return {
          kind: 'columns',
          columns,
          sample: [Object.fromEntries(columns.map((name) => [name, `some ${name}`]))],
        };
      }
      const format = /\.csv$/i.test(file.name) ? 'CSV' : 'Alpaca JSON';
      return { kind: 'stored', dataset: put(file.name, format, rows as Example[]), dropped: 0, notes: [] };
    },
    createDataset: async (name) => put(name, 'Written here', []),
    datasetRows: async (id, from, to) => datasets.get(id)?.rows.slice(from, to) ?? [],
    async editDataset(id, at, remove, rows) {
      const dataset = datasets.get(id);
      if (!dataset) throw coded('no-dataset', 'That dataset is not here any more.');
      dataset.rows.splice(at, remove, ...rows);
      dataset.summary = { ...dataset.summary, rows: dataset.rows.length, editedAt: Date.now() };
      return dataset.summary;
    },
    async renameDataset(id, name) {
      const dataset = datasets.get(id);
      if (dataset) dataset.summary = { ...dataset.summary, name };
    },
    removeDataset: async (id) => void datasets.delete(id),
    async reportDataset(id, _, config) {
      const { rows } = datasets.get(id)!;
      const lengths = rows.map(lengthOf);
      const longest = Math.max(0, ...lengths);
      const width = Math.max(8, 2 ** Math.ceil(Math.log2(longest / 16)));
      const buckets = Array.from({ length: Math.ceil((longest + 1) / width) }, (__, i) => ({
        from: i * width,
        to: (i + 1) * width,
        rows: lengths.filter((length) => length >= i * width && length < (i + 1) * width).length,
      }));
      const tokens = lengths.reduce((sum, length) => sum + length, 0);
      const kept = lengths.reduce((sum, length) => sum + Math.min(length, config.cutoff_len), 0);
      const empty = rows.flatMap((row, i) => (textOf(row)[1].trim() === '' ? [i] : []));
      return {
        rows: rows.length,
        problems: empty.map((row) => ({
          row,
          code: 'empty-output',
          message: 'The output is empty: there is nothing to learn. Write one, or delete the row.',
        })),
        tokens: kept,
        labelled: Math.round(kept * 0.4),
        histogram: buckets,
        longest,
        ended: lengths.filter((length) => length <= config.cutoff_len).length,
        coverage: {
          rows: lengths.filter((length) => length <= config.cutoff_len).length / Math.max(1, lengths.length),
          tokens: tokens === 0 ? 1 : kept / tokens,
        },
      };
    },
    async previewRow(id, at, _, config) {
      const [asked, answered] = textOf(datasets.get(id)!.rows[at]);
      const token = (text: string, inLoss: boolean, special = false) => ({ id: text.length, text, inLoss, special });
      const all = [
        token('<s>', false, true),
        ...pieces(asked).map((text) => token(text, config.train_on_inputs)),
        ...pieces(answered).map((text) => token(text, true)),
        token('</s>', true, true),
      ];
      return { tokens: all.slice(0, config.cutoff_len), truncated: all.length > config.cutoff_len };
    },
    exportDataset: async (id) => new File([JSON.stringify(datasets.get(id)!.rows)], 'dataset.json'),

    planTraining: async (request) => plan(request),
    async measureStep() {
      await wait(pace * 4);
      measured = pace / 1000;
      return { secondsPerStep: measured };
    },
    async startTraining(request) {
      const dataset = datasets.get(request.datasetId)!.summary;
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
      runs.set(id, { ...begun, modelId: request.modelId, log: [], validations: [], samples: [], spark: [] });
      change(id, {});
      go(id);
      return id;
    },
    async pauseTraining(id) {
      clearInterval(timers.get(id));
      checkpoint(id);
      change(id, { state: 'paused' });
    },
    async resumeTraining(id) {
      change(id, { state: 'running' });
      go(id);
    },
    stopTraining: async (id) => end(id, 'stopped'),
    async checkpointTraining() {
      for (const { id, state } of runs.values()) if (state === 'running') checkpoint(id);
    },
    runs: async () => [...runs.values()].map(summaryOf),
    async run(id) {
      const run = runs.get(id);
      if (!run) throw coded('no-run', 'That run is not here any more.');
      return run;
    },
    exportTrainerState: async (id) => new File([JSON.stringify(runs.get(id)!.log)], 'trainer_state.json'),
    async openTrainerState(file) {
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
    removeRun: async (id) => void runs.delete(id),
    exportTraining: async () => [{ name: 'train.py', bytes: 1, ok: true, file: new File(['x'], 'train.py') }],

    adapters: async () => adapters,
    isAdapter: async (file) => /lora.*\.gguf$/i.test(file.name),
    async importAdapter(files, modelId) {
      await wait(50);
      if (files.some(({ file }) => file.size === 443)) {
        throw coded('adapter-empty', 'adapter_model.bin is an empty adapter: it holds no weights.');
      }
      const adapter = {
        ...fakeAdapter(crypto.randomUUID(), files[0].path.split('/')[0]),
        modelId,
        source: 'imported' as const,
      };
      adapters = [adapter, ...adapters];
      tellAdapters();
      return adapter;
    },
    useAdapters: async () => {},
    async renameAdapter(id, name) {
      adapters = adapters.map((adapter) => (adapter.id === id ? { ...adapter, name } : adapter));
      tellAdapters();
    },
    async removeAdapter(id) {
      adapters = adapters.filter((adapter) => adapter.id !== id);
      tellAdapters();
    },
    async exportAdapter(_, format) {
      await wait(300);
      const name = format === 'gguf' ? 'adapter.gguf' : 'adapter_model.safetensors';
      return [{ name, bytes: 4096, sha256: 'a'.repeat(64), ok: true, file: new File(['x'], name) }];
    },
    async mergeAdapter(id, _, { format }) {
      for (let i = 0; i < 20; i++) {
        emit({ type: 'progress', task: 'save', id, stage: 'Merging', done: i * 380_000, total: 7_600_000 });
        await wait(60);
      }
      const name = format === 'gguf' ? 'model-f16.gguf' : 'model.safetensors';
      return [{ name, bytes: 7_600_000, sha256: 'a'.repeat(64), ok: true, file: new File(['x'], name) }];
    },
  };
}
