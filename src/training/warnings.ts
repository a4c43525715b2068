// What commonly makes a run worthless although it runs: each a sentence with what to do, and the change that does it.
import { countLabels } from '../data/micro-batch';
import type { TrainingConfig } from './config';
import type { PreparedData } from './prepare';
import { totalSteps, warmupSteps } from './schedules';

/** A setting or a row that something is wrong with; `fix` is what one click changes. */
export interface Warning {
  readonly code: string;
  /** A sentence: what is so, and what to do. */
  readonly message: string;
  readonly fix?: Partial<TrainingConfig>;
}

/** Fewer updates than this rarely change what a model says. */
const FEW_STEPS = 50;
/** Learning rates between which LoRA is usually trained. */
const USUAL_RATES = [1e-5, 2e-3] as const;
/** Shares of the rows from which something is worth saying. */
const MANY_CUT = 0.05;
const MUCH_HELD = 0.5;

type Facts = Pick<PreparedData, 'train' | 'validationRows' | 'skipped' | 'units' | 'ended' | 'stepsPerEpoch'>;

/** @param context positions that the model was trained for */
export function trainingWarnings(config: TrainingConfig, data: Facts, context: number): Warning[] {
  const steps = totalSteps(config, data.stepsPerEpoch);
  return [
    fewSteps(config, data, steps),
    longWarmup(config, steps),
    unusualRate(config),
    neverEnds(config, data, context),
    cutOff(config, data, context),
    beyondContext(config, data, context),
    noAnswer(data),
    muchHeldOut(config, data),
  ].flatMap((warning) => warning ?? []);
}

function fewSteps(config: TrainingConfig, { units }: Facts, steps: number): Warning | undefined {
  if (steps >= FEW_STEPS) return undefined;
  const { per_device_train_batch_size: rows, gradient_accumulation_steps: times } = config;
  const message = `The run has ${plural(steps, 'update')}, and fewer than ${FEW_STEPS} rarely change what a model says. Make the batch smaller, or train longer.`;
  if (config.max_steps > 0) return { code: 'few-steps', message, fix: { max_steps: FEW_STEPS } };
  // first a smaller batch, then more epochs, but not so many that it overfits
  const batch = Math.max(1, Math.min(rows * times, Math.floor((units * config.num_train_epochs) / FEW_STEPS)));
  const size = Math.min(rows, batch);
  const accumulated = Math.max(1, Math.floor(batch / size));
  const perEpoch = Math.ceil(units / (size * accumulated));
  const epochs = Math.min(10, Math.max(config.num_train_epochs, Math.ceil(FEW_STEPS / perEpoch)));
  const fix = { per_device_train_batch_size: size, gradient_accumulation_steps: accumulated, num_train_epochs: epochs };
  return { code: 'few-steps', message, ...(perEpoch * epochs > steps && { fix }) };
}

function longWarmup(config: TrainingConfig, steps: number): Warning | undefined {
  const warmup = warmupSteps(config, steps);
  if (warmup * 2 <= steps) return undefined;
  const fix = { warmup_steps: 0, warmup_ratio: 0.05 };
  const message =
    warmup >= steps
      ? `The warmup of ${plural(warmup, 'step')} is as long as the run of ${steps} or longer: the learning rate never reaches its set value. Use a fraction of the steps, such as warmup_ratio 0.05.`
      : `The warmup takes ${warmup} of ${steps} steps. Use a fraction of the steps, such as warmup_ratio 0.05.`;
  return { code: 'long-warmup', message, fix };
}

function unusualRate({ learning_rate: rate }: TrainingConfig): Warning | undefined {
  const [least, most] = USUAL_RATES;
  if (rate >= least && rate <= most) return undefined;
  const what = rate < least ? 'low: little will be learned' : 'high: the loss may go up instead of down';
  const message = `A learning_rate of ${rate} is unusually ${what}. LoRA is usually trained with ${least} to ${most}.`;
  return { code: 'unusual-learning-rate', message, fix: { learning_rate: 2e-4 } };
}

function neverEnds(config: TrainingConfig, data: Facts, context: number): Warning | undefined {
  if (data.ended > 0) return undefined;
  const cut = [...data.train, ...data.validationRows].some(({ truncated }) => truncated);
  return {
    code: 'eos-never-trained',
    message: cut
      ? `No row keeps its end within cutoff_len, so the model will not learn to stop. ${remedy(config, context)}`
      : 'No row ends with the end-of-text token in the loss, so the model will not learn to stop. Add it to the rows.',
    ...(cut && longer(config, context)),
  };
}

function cutOff(config: TrainingConfig, { train, validationRows }: Facts, context: number): Warning | undefined {
  const rows = [...train, ...validationRows];
  const cut = rows.filter(({ truncated }) => truncated).length;
  if (cut <= MANY_CUT * rows.length || cut === rows.length) return undefined;
  const message = `${cut} of ${rows.length} rows are longer than cutoff_len (${config.cutoff_len} tokens) and lose their end. ${remedy(config, context)}`;
  return { code: 'many-cut-off', message, ...longer(config, context) };
}

/** What helps rows that are cut off: never a cutoff beyond what the model was trained for. */
function remedy({ cutoff_len }: TrainingConfig, context: number): string {
  return cutoff_len < context
    ? 'Raise cutoff_len.'
    : `The model was trained for ${context} tokens, so a higher cutoff_len does not help: make the rows shorter, or split them.`;
}

function longer({ cutoff_len }: TrainingConfig, context: number): { fix?: Partial<TrainingConfig> } {
  const cutoff = Math.min(2 * cutoff_len, context);
  return cutoff > cutoff_len ? { fix: { cutoff_len: cutoff } } : {};
}

function beyondContext(config: TrainingConfig, { train }: Facts, context: number): Warning | undefined {
  const longest = train.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  if (longest <= context) return undefined;
  const message = `The longest row has ${longest} tokens, and the model was trained for ${context}. Lower cutoff_len to ${context}.`;
  return { code: 'beyond-context', message, fix: { cutoff_len: context } };
}

function noAnswer({ skipped }: Facts): Warning | undefined {
  const [first] = skipped;
  if (first === undefined) return undefined;
  const rows = skipped.length === 1 ? `Row ${first + 1} has` : `${skipped.length} rows have`;
  const where = skipped.length === 1 ? '' : ` (the first is row ${first + 1})`;
  return { code: 'rows-without-labels', message: `${rows} no token in the loss${where} and will be left out.` };
}

function muchHeldOut({ val_set_size }: TrainingConfig, { train, validationRows }: Facts): Warning | undefined {
  if (validationRows.length <= MUCH_HELD * (train.length + validationRows.length)) return undefined;
  const message = `val_set_size ${val_set_size} keeps ${validationRows.length} of ${train.length + validationRows.length} rows from training. A tenth is usual.`;
  return { code: 'large-validation', message, fix: { val_set_size: 0.1 } };
}

/** Labelled tokens of rows. */
export function labelledTokens(rows: Facts['train']): number {
  return rows.reduce((sum, row) => sum + countLabels(row), 0);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
