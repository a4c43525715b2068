// What may stand in a config, field by field.
import { LINEAR_MAPS } from '../core/adapter';
import { PronkError } from '../core/errors';
import { DEFAULT_CONFIG, type Schedule, type TrainingConfig } from './config';

const SCHEDULES: readonly Schedule[] = ['constant', 'constant_with_warmup', 'linear', 'cosine'];

type Field = keyof TrainingConfig;

/** Whether a value may stand, and the rest of the sentence “FIELD must be …”. */
interface Rule {
  readonly allows: (value: unknown) => boolean;
  readonly must: string;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const number = (must: string, allows: (value: number) => boolean): Rule => ({
  must,
  allows: (value) => isNumber(value) && allows(value),
});
const whole = (least: number, most?: number): Rule =>
  number(`a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`, (value) => {
    return Number.isInteger(value) && value >= least && value <= (most ?? 2 ** 31);
  });
const flag: Rule = { must: 'true or false', allows: (value) => typeof value === 'boolean' };
const positive = number('a number above 0', (value) => value > 0);
const atLeastZero = number('a number of at least 0', (value) => value >= 0);
const share = number('from 0 to below 1', (value) => value >= 0 && value < 1);
const orNull = ({ must, allows }: Rule): Rule => ({
  must: `${must}, or null`,
  allows: (value) => value === null || allows(value),
});
const listOf = (each: (value: unknown) => boolean, must: string): Rule => ({
  must,
  allows: (value) => Array.isArray(value) && value.length > 0 && value.every(each),
});
const isLinearMap = (value: unknown) => (LINEAR_MAPS as readonly unknown[]).includes(value);

const RULES: Readonly<Record<Field, Rule>> = {
  r: whole(1, 1024),
  lora_alpha: positive,
  lora_dropout: share,
  target_modules: listOf(isLinearMap, `a list of ${LINEAR_MAPS.join(', ')}`),
  layers_to_transform: orNull(
    listOf((value) => Number.isInteger(value) && Number(value) >= 0, 'a list of layer numbers'),
  ),
  use_rslora: flag,
  loraplus_lr_ratio: orNull(positive),

  learning_rate: positive,
  lr_scheduler_type: {
    must: `one of ${SCHEDULES.join(', ')}`,
    allows: (value) => (SCHEDULES as readonly unknown[]).includes(value),
  },
  warmup_steps: whole(0),
  warmup_ratio: number('from 0 to 1', (value) => value >= 0 && value <= 1),
  num_train_epochs: positive,
  max_steps: whole(0),
  per_device_train_batch_size: whole(1, 65_536),
  gradient_accumulation_steps: whole(1),
  max_grad_norm: atLeastZero,
  weight_decay: atLeastZero,
  adam_beta1: share,
  adam_beta2: share,
  adam_epsilon: positive,
  seed: whole(0, 2 ** 32 - 1),

  cutoff_len: whole(2),
  packing: flag,
  group_by_length: flag,
  train_on_inputs: flag,
  add_eos_token: flag,
  prompt_template_name: {
    must: 'the name of a template',
    allows: (value) => typeof value === 'string' && value !== '',
  },

  val_set_size: number('a number of rows, or a share of them below 1', (value) => {
    return value >= 0 && (value < 1 || Number.isInteger(value));
  }),
  eval_steps: whole(1),
  eval_on_start: flag,
  save_steps: whole(0),
  logging_steps: whole(1),
  load_best_model_at_end: flag,
  early_stopping_patience: whole(0),
  gradient_checkpointing: {
    must: 'true, false, or a number of layers that are recomputed together',
    allows: (value) => typeof value === 'boolean' || (Number.isInteger(value) && Number(value) >= 1),
  },
};

/** Every field of a config, in its order. */
export const FIELDS = Object.keys(DEFAULT_CONFIG) as readonly Field[];

/** Why embeddings and the output matrix are not trained. */
const NOT_TRAINED: Readonly<Record<string, string>> = {
  lm_head:
    'target_modules has lm_head, which Pronk does not train: many models share it with their embedding, where a change would ' +
    `reach their input too. Leave it out; ${LINEAR_MAPS.join(', ')} can be trained.`,
  embed_tokens: `target_modules has embed_tokens, which Pronk does not train. Leave it out; ${LINEAR_MAPS.join(', ')} can be trained.`,
};

/** What is wrong with a value of a field, as a sentence; undefined for nothing. */
export function fieldProblem(field: Field, value: unknown): string | undefined {
  if (RULES[field].allows(value)) return undefined;
  if (field === 'target_modules' && Array.isArray(value)) {
    const refused = value.map((each) => NOT_TRAINED[String(each)]).find(Boolean);
    if (refused) return refused;
    const unknown: unknown = value.find((each) => !isLinearMap(each));
    if (unknown !== undefined) return `target_modules has ${show(unknown)}; it must be ${RULES[field].must}.`;
  }
  return `${field} must be ${RULES[field].must}, not ${show(value)}.`;
}

/** @throws PronkError `bad-config`, its message naming the first field that is wrong */
export function checkConfig(config: TrainingConfig): void {
  for (const field of FIELDS) {
    const problem = fieldProblem(field, config[field]);
    if (problem !== undefined) throw new PronkError('bad-config', problem);
  }
}

function show(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
