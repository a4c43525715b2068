// A config as people write it: a JSON object with transformers', PEFT's and alpaca-lora's names.
import { PronkError } from '../core/errors';
import { isObject, type JsonObject } from '../core/json';
import { checkConfig, checkField } from './check-config';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';
import { FIELD_NAMES, type FieldName, FIELDS } from './fields';

export interface ReadConfig {
  readonly config: TrainingConfig;
  /** Fields that the person gave, by our names. */
  readonly given: ReadonlySet<string>;
  /** Sentences about what was ignored or changed. */
  readonly warnings: readonly string[];
}

/** The setting of each name that a config may use. */
const SETTINGS: ReadonlyMap<string, FieldName> = new Map(
  FIELD_NAMES.flatMap((name) => [name, ...(FIELDS[name].aliases ?? [])].map((key) => [key, name] as const)),
);

/** What would change a run if it were heeded, by the values that ask for nothing. */
const UNSUPPORTED: Readonly<Record<string, readonly unknown[]>> = {
  bias: ['none', null],
  modules_to_save: [null],
  rank_pattern: [null],
  alpha_pattern: [null],
  label_smoothing_factor: [0, null],
  neftune_noise_alpha: [null],
  fan_in_fan_out: [false, null],
  init_lora_weights: [true, null],
  task_type: ['CAUSAL_LM', null],
  peft_type: ['LORA', null],
  optim: ['adamw_torch', 'adamw_torch_fused', 'adamw_hf', null],
  lr_scheduler_kwargs: [null],
  train_sampling_strategy: ['random', null],
};

/** AdamW by other programs or with its moments kept in fewer bits: what it computes is AdamW, up to that rounding. */
const ADAMW =
  /^(adamw_(torch_(xla|npu_fused|4bit|8bit)|apex_fused|anyprecision|bnb_8bit|8bit|32bit)|paged_adamw(_(8|32)bit)?)$/;

/** Names that say where things are: the command line or the page does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  base_model: '--model names the model',
  data_path: '--data names the data',
  output_dir: '--out names the folder',
  resume_from_checkpoint: '--resume goes on with a run',
};

/**
 * Reads a config; what is not given takes Alpaca-LoRA's value.
 * @throws PronkError `bad-config`, its message naming the field
 */
export function readConfig(value: unknown, base: TrainingConfig = DEFAULT_CONFIG): ReadConfig {
  if (!isObject(value)) throw new PronkError('bad-config', 'The config must be a JSON object of names and values.');
  const warnings: string[] = [];
  const given: Partial<Record<FieldName, unknown>> = {};
  for (const [key, each] of Object.entries(value)) {
    const name = SETTINGS.get(key);
    if (name === undefined) {
      if (key !== 'batch_size') warnings.push(...unknownKey(key, each));
      continue;
    }
    if (name in given && given[name] !== each) {
      throw refused(name, `${key} and another name of ${name} are both given. Keep one.`);
    }
    const { fromConfig } = FIELDS[name];
    given[name] = fromConfig ? fromConfig(each) : each;
  }
  // below 1 it is a share of the steps, as in transformers 5
  const { warmup_steps: share } = given;
  if (typeof share === 'number' && share > 0 && share < 1) {
    Object.assign(given, { warmup_steps: 0, warmup_ratio: share });
  }
  for (const name of Object.keys(given) as FieldName[]) checkField(name, given[name]);
  Object.assign(given, batches(value, given, base, warnings));
  // a share that was asked for is not to be hidden by the default's number of steps
  if (Number(given.warmup_ratio ?? 0) > 0 && !('warmup_steps' in given)) given.warmup_steps = 0;
  const config = { ...base, ...given } as TrainingConfig;
  checkConfig(config);
  return { config, given: new Set(Object.keys(given)), warnings };
}

function refused(field: string, message: string): PronkError {
  return new PronkError('bad-config', message, { field });
}

/** alpaca-lora gives the whole batch and the micro-batch, and accumulates batch_size // micro_batch_size times. */
function batches(
  { batch_size, micro_batch_size }: JsonObject,
  given: Readonly<Partial<Record<FieldName, unknown>>>,
  base: TrainingConfig,
  warnings: string[],
): Partial<TrainingConfig> {
  if ('gradient_accumulation_steps' in given) {
    if (batch_size === undefined) return {};
    throw refused('batch_size', 'batch_size and gradient_accumulation_steps are both given. Keep one.');
  }
  if (batch_size === undefined && micro_batch_size === undefined) return {};
  const batch = batch_size ?? base.per_device_train_batch_size * base.gradient_accumulation_steps;
  if (!Number.isInteger(batch) || Number(batch) < 1) {
    throw refused('batch_size', `batch_size must be a whole number from 1, not ${JSON.stringify(batch)}.`);
  }
  const asked = Number(given.per_device_train_batch_size ?? base.per_device_train_batch_size);
  const rows = Math.min(asked, Number(batch));
  if (rows < asked && 'per_device_train_batch_size' in given) {
    throw refused('batch_size', `batch_size is ${batch}, less than the micro-batch of ${asked} rows. Raise it.`);
  }
  const times = Math.floor(Number(batch) / rows);
  if (times * rows !== batch) {
    warnings.push(
      `batch_size ${batch} is not a multiple of the micro-batch of ${rows}: ${times * rows} rows make an update.`,
    );
  }
  return { per_device_train_batch_size: rows, gradient_accumulation_steps: times };
}

function unknownKey(key: string, value: unknown): string[] {
  const harmless = UNSUPPORTED[key];
  if (harmless) {
    const isEmpty = isObject(value) && Object.keys(value).length === 0;
    if (isEmpty || harmless.includes(value)) return [];
    if (key === 'optim' && typeof value === 'string' && ADAMW.test(value)) {
      return [`optim ${value} is computed as AdamW with its moments in 32 bits.`];
    }
    throw refused(key, `${key} is not supported. Leave it out of the config.`);
  }
  const where = ELSEWHERE[key];
  return [where ? `${key} in the config is ignored: ${where}.` : `${key} in the config is not known and is ignored.`];
}
