// A config as people write it: a JSON object with transformers', PEFT's and alpaca-lora's names.
import { LINEAR_MAPS } from '../core/adapter';
import { PronkError } from '../core/errors';
import { isObject, type JsonObject } from '../core/json';
import { checkConfig, FIELDS, fieldProblem } from './check-config';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';

export interface ReadConfig {
  readonly config: TrainingConfig;
  /** Fields that the person gave, by our names. */
  readonly given: ReadonlySet<string>;
  /** Sentences about what was ignored or changed. */
  readonly warnings: readonly string[];
}

/** alpaca-lora's names, and others in use, for one field each. */
const ALIASES: Readonly<Record<string, keyof TrainingConfig>> = {
  micro_batch_size: 'per_device_train_batch_size',
  num_epochs: 'num_train_epochs',
  lora_r: 'r',
  lora_target_modules: 'target_modules',
  max_length: 'cutoff_len',
  max_seq_length: 'cutoff_len',
};

/** What would change a run if it were heeded, by the values that ask for nothing. */
const UNSUPPORTED: Readonly<Record<string, readonly unknown[]>> = {
  use_dora: [false, null],
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
  const given: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    const field = (FIELDS as readonly string[]).includes(key) ? key : ALIASES[key];
    if (field === undefined) {
      if (key !== 'batch_size') warnings.push(...unknownKey(key, each));
      continue;
    }
    if (field in given && given[field] !== each) {
      throw new PronkError('bad-config', `${key} and another name of ${field} are both given. Keep one.`);
    }
    given[field] = normal(field, each);
  }
  // below 1 it is a share of the steps, as in transformers 5
  const share = given['warmup_steps'];
  if (typeof share === 'number' && share > 0 && share < 1) {
    Object.assign(given, { warmup_steps: 0, warmup_ratio: share });
  }
  for (const [field, each] of Object.entries(given)) {
    const problem = fieldProblem(field as keyof TrainingConfig, each);
    if (problem !== undefined) throw new PronkError('bad-config', problem);
  }
  Object.assign(given, batches(value, given, base, warnings));
  // a share that was asked for is not to be hidden by the default's number of steps
  if (Number(given['warmup_ratio'] ?? 0) > 0 && !('warmup_steps' in given)) given['warmup_steps'] = 0;
  const config = { ...base, ...given } as TrainingConfig;
  checkConfig(config);
  return { config, given: new Set(Object.keys(given)), warnings };
}

/** Values that are written in several ways. */
function normal(field: string, value: unknown): unknown {
  switch (field) {
    case 'target_modules':
      if (value === 'all-linear') return LINEAR_MAPS;
      return typeof value === 'string' ? [value] : Array.isArray(value) ? [...new Set(value)] : value;
    case 'layers_to_transform':
      return typeof value === 'number' ? [value] : value;
    case 'max_steps':
      return value === -1 ? 0 : value;
    case 'loraplus_lr_ratio':
      return value === 0 ? null : value;
    default:
      return value;
  }
}

/** alpaca-lora gives the whole batch and the micro-batch, and accumulates batch_size // micro_batch_size times. */
function batches(
  { batch_size, micro_batch_size }: JsonObject,
  given: Readonly<Record<string, unknown>>,
  base: TrainingConfig,
  warnings: string[],
): Partial<TrainingConfig> {
  if ('gradient_accumulation_steps' in given) {
    if (batch_size === undefined) return {};
    throw new PronkError('bad-config', 'batch_size and gradient_accumulation_steps are both given. Keep one.');
  }
  if (batch_size === undefined && micro_batch_size === undefined) return {};
  const batch = batch_size ?? base.per_device_train_batch_size * base.gradient_accumulation_steps;
  if (!Number.isInteger(batch) || Number(batch) < 1) {
    throw new PronkError('bad-config', `batch_size must be a whole number from 1, not ${JSON.stringify(batch)}.`);
  }
  const asked = Number(given['per_device_train_batch_size'] ?? base.per_device_train_batch_size);
  const rows = Math.min(asked, Number(batch));
  if (rows < asked && 'per_device_train_batch_size' in given) {
    throw new PronkError('bad-config', `batch_size is ${batch}, less than the micro-batch of ${asked} rows. Raise it.`);
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
    throw new PronkError('bad-config', `${key} is not supported. Leave it out of the config.`);
  }
  const where = ELSEWHERE[key];
  return [where ? `${key} in the config is ignored: ${where}.` : `${key} in the config is not known and is ignored.`];
}
