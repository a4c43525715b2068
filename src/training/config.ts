// What a training run is told: a value for each setting of the table in fields.ts.
import { FIELD_NAMES, type FieldName, FIELDS } from './fields';

export type TrainingConfig = { readonly [K in FieldName]: (typeof FIELDS)[K]['default'] };

/** Names of learning-rate schedules, as in transformers. */
export type Schedule = TrainingConfig['lr_scheduler_type'];

/** The value that each setting has where none is given: alpaca-lora's. */
export const DEFAULT_CONFIG = Object.fromEntries(
  FIELD_NAMES.map((name) => [name, FIELDS[name].default]),
) as TrainingConfig;
