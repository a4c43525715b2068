// `train`: fine-tunes a LoRA from files into files, and goes on with a run that was cut off.
import type { ModelConfig } from '../../core/model-config';
import { tokenizeDataset } from '../../data/tokenize-dataset';
import type { Adapter } from '../../core/adapter';
import { writePeft } from '../../formats/adapters/index';
import { PronkError } from '../../core/errors';
import type { Model } from '../../engine/models/model';
import type { Session } from '../../model/inference/session';
import { createTokenizer } from '../../tokenizer/index';
import type { TrainingConfig } from '../../training/config';
import type { LoopEvent } from '../../training/loop';
import { peftConfig } from '../../training/lora-spec';
import { prepareRun, resultPairs } from '../../training/prepare-run';
import type { ReadConfig } from '../../training/read-config';
import { TrainingRun } from '../../training/training-run';
import { trainingWarnings } from '../../training/warnings';
import { adapterAt } from '../input/adapter';
import { parseOptions, required, UsageError } from '../arguments';
import { readConfigFile } from '../input/training-config';
import {
  checkedEncoding,
  counted,
  DATA_OPTIONS,
  printProblems,
  readData,
  readProblems,
  refuseUnread,
} from '../input/dataset';
import { directory } from '../node-store/folder';
import { openDevice } from '../engine';
import { checkedOptions, LOAD_OPTIONS } from '../input/load-options';
import { whileLocked } from '../node-store/lock';
import { checkStore } from '../node-store/store-names';
import { checkpointsIn, openCheckpoints } from './train-checkpoints';
import { openModel } from '../input/model';
import type { Print } from '../print';

const OPTIONS = {
  ...LOAD_OPTIONS,
  ...DATA_OPTIONS,
  out: 'text',
  config: 'text',
  'init-adapter': 'text',
  resume: 'flag',
} as const;

/** Positions of the model's own cache, which training does not use. */
const SMALLEST_CONTEXT = 16;

const warn = (message: string) => console.error(`Warning: ${message}`);

export async function trainCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, OPTIONS);
  const model = required(options.model, 'model');
  const data = required(options.data, 'data');
  const encoding = checkedEncoding(options.encoding);
  const out = required(options.out, 'out');
  if (options.adapter) throw new UsageError('train takes no --adapter: --init-adapter begins from one.');
  const { quantize, precision } = checkedOptions(options);
  if (precision !== 'exact') warn('training computes in f32 throughout, whatever --precision says.');

  const read = await readConfigFile(options.config);
  for (const message of read.warnings) warn(message);
  const opened = await openModel(model, quantize);
  const tokenizer = createTokenizer(opened.tokenizer);
  const rows = await readData(data, { encoding }, options);
  for (const note of rows.notes) warn(note);
  const tokens = await tokenizeDataset(rows.rows, tokenizer, read.config);
  const refused = tokens.refused.map((problem) => ({ ...problem, row: (rows.places[problem.row] ?? problem.row) + 1 }));
  const problems = [...readProblems(rows), ...refused].toSorted((a, b) => a.row - b.row);
  printProblems(problems, print);
  if (options.strict) refuseUnread(rows, data, refused);
  const config = fittedValidation(read, tokens.rows.length);
  const start = options['init-adapter'] === undefined ? undefined : await adapterAt(options['init-adapter'], opened);
  const prepared = prepareRun({ config: opened.config, tokenizer }, tokens, config, start);
  for (const { message } of trainingWarnings(config, prepared.data, opened.config.contextLength)) warn(message);
  const identity = await prepared.identity(await opened.fingerprint());

  await checkStore(checkpointsIn(out));
  await whileLocked(out, async () => {
    const given = { data, encoding, start: options['init-adapter'] };
    const checkpoints = await openCheckpoints(out, given, identity, options.resume === true);
    let closeSession = () => {};
    let release = () => {};
    const run: TrainingRun = new TrainingRun({
      prepare: async () => prepared,
      async trainer(spec) {
        const session = await openSession(opened);
        closeSession = () => session.destroy();
        return session.createTrainer(spec, async () => () => {});
      },
      checkpoint: checkpoints.load,
      save: checkpoints.save,
      onEvent: printEvent(print),
      async onState({ state }) {
        release();
        release = state === 'training' ? pauseOnSignals(run) : () => {};
      },
      async keep(state, last) {
        const pairs = await resultPairs(config, state, last);
        await writeAdapter(out, { name: 'adapter', config: peftConfig(config, model), pairs }, opened.config);
      },
    });
    const end = await run.train();
    closeSession();
    if (end.state === 'failed') throw end.error;
    if (end.state === 'paused') {
      const message = `The run was stopped after step ${end.step}. The same command with --resume goes on from there.`;
      throw new PronkError('interrupted', message);
    }
    await checkpoints.runs.sweep();
    print({
      done: true,
      adapter: out,
      ...(problems.length > 0 && { problems: counted(problems.map(({ code }) => code)) }),
    });
  });
}

/** The model on a device of its own, for training alone. */
async function openSession({ config, tensors }: Model): Promise<Session> {
  const gpu = await openDevice();
  const { createSession } = await import('../../model/inference/session');
  return createSession(gpu, config, tensors, { precision: 'exact', context: SMALLEST_CONTEXT });
}

/** A step, or a validation, as a line. */
function printEvent(print: Print): (event: LoopEvent) => void {
  return (event) => {
    if (event.type === 'validation') print({ validation: event.record });
    if (event.type !== 'step') return;
    const { step, loss, gradNorm, learningRate, tokens, skipped } = event.record;
    print({ step, loss, gradNorm, learningRate, tokens, ...(skipped && { skipped }) });
    if (skipped) warn(`the gradient of step ${step} was not finite, so the step changed nothing.`);
  };
}

/** The first Ctrl-C keeps the last whole step; a second one ends the process as usual. */
function pauseOnSignals(run: TrainingRun): () => void {
  const pause = () => {
    console.error('Stopping at the last whole step.');
    void run.end('pause');
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, pause);
  return () => {
    for (const signal of signals) process.off(signal, pause);
  };
}

/** Alpaca-LoRA keeps 2,000 rows from training; where nobody asked for that and there are no more, none are kept. */
function fittedValidation({ config, given }: ReadConfig, rows: number): TrainingConfig {
  if (given.has('val_set_size') || rows > config.val_set_size) return config;
  warn(
    `the data has ${rows} rows, so Alpaca-LoRA's ${config.val_set_size} rows for validation are not held out. ` +
      'Set val_set_size, for example to 0.1, to see when the model starts to overfit.',
  );
  return { ...config, val_set_size: 0 };
}

/** `adapter_config.json` and `adapter_model.safetensors`, each whole or not at all. */
async function writeAdapter(out: string, adapter: Adapter, config: ModelConfig): Promise<void> {
  const folder = await directory(out);
  for (const { name, pieces } of writePeft(adapter, config)) {
    const file = await folder.create(name);
    try {
      for (const piece of pieces) await file.write(piece);
      await file.close();
    } catch (error) {
      await file.abort();
      throw error;
    }
  }
}
