// The constants of training that the page shows; plain values, so that it need not ask a worker for them.
export { LINEAR_MAPS } from '../../core/adapter';
export { fieldProblem } from '../../training/check-config';
export { type Field, type Group, GROUPS } from '../../training/field';
export { FIELD_NAMES, type FieldName, FIELDS } from '../../training/fields';
export { type Preset, PRESETS } from '../../training/presets';
