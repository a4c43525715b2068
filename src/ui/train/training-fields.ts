// The table of training settings as the form shows it: in groups, the usual settings apart from the advanced ones.
import {
  type Field,
  FIELD_NAMES,
  type FieldName,
  FIELDS,
  type Group,
  GROUPS,
} from '../../worker/contract/training-presets';
import type { Bounds } from '../shared/typed-number';

export interface TrainingField extends Field<unknown> {
  readonly key: FieldName;
}

export interface FieldGroup {
  readonly title: Group;
  readonly fields: readonly TrainingField[];
}

const fields: readonly TrainingField[] = FIELD_NAMES.map((key) => ({ ...FIELDS[key], key }));

/** Every setting, in the order of the form. */
export const fieldGroups: readonly FieldGroup[] = GROUPS.map((title) => ({
  title,
  fields: fields.filter(({ group }) => group === title),
}));

/** The groups with their usual fields, or with their advanced ones; groups that have none are left out. */
export const groupsOf = (advanced: boolean): readonly FieldGroup[] =>
  fieldGroups
    .map((group) => ({ ...group, fields: group.fields.filter((field) => (field.advanced ?? false) === advanced) }))
    .filter((group) => group.fields.length > 0);

/** What can be typed for a number. A bound that is not allowed itself is refused by `fieldProblem`. */
export const typedBounds = ({ bounds = {}, nullable = false }: TrainingField): Bounds => ({
  min: bounds.min ?? bounds.above,
  max: bounds.max ?? bounds.below,
  whole: bounds.whole ?? false,
  mayBeEmpty: nullable,
});
