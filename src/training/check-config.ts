// Whether a value may stand for a training setting, and the sentence that says why not.
import { LINEAR_MAPS } from '../core/adapter';
import { PronkError } from '../core/errors';
import type { TrainingConfig } from './config';
import { FIELD_NAMES, type FieldName, FIELDS } from './fields';

/** Why embeddings and the output matrix are not trained. */
const NOT_TRAINED: Readonly<Record<string, string>> = {
  lm_head:
    'target_modules has lm_head, which Pronk does not train: many models share it with their embedding, where a change would ' +
    `reach their input too. Leave it out; ${LINEAR_MAPS.join(', ')} can be trained.`,
  embed_tokens: `target_modules has embed_tokens, which Pronk does not train. Leave it out; ${LINEAR_MAPS.join(', ')} can be trained.`,
};

/** What is wrong with a value of a setting, as a sentence; undefined for nothing. */
export function fieldProblem(name: FieldName, value: unknown): string | undefined {
  const field = FIELDS[name];
  if (field.allows(value)) return undefined;
  if (name === 'target_modules' && Array.isArray(value)) {
    const refused = value.map((each) => NOT_TRAINED[String(each)]).find(Boolean);
    if (refused) return refused;
    const unknown: unknown = value.find((each) => !field.allows([each]));
    if (unknown !== undefined) return `target_modules has ${show(unknown)}; it must be ${field.takes}.`;
  }
  return `${name} must be ${field.takes}, not ${show(value)}.`;
}

/** @throws PronkError `bad-config` whose `field` and message name the setting, if the value may not stand for it */
export function checkField(name: FieldName, value: unknown): void {
  const problem = fieldProblem(name, value);
  if (problem !== undefined) throw new PronkError('bad-config', problem, { field: name });
}

/** @throws PronkError `bad-config` for the first setting that is wrong */
export function checkConfig(config: TrainingConfig): void {
  for (const name of FIELD_NAMES) checkField(name, config[name]);
}

function show(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
