// Settings of a run: presets, and what is kept of them between visits.
import type { TrainingConfig } from '../../worker/contract';
import { FIELD_NAMES, fieldProblem, type Preset, PRESETS } from '../../worker/contract/training-presets';
import { isRecord } from '../shared/local-storage';

/** What suits whoever tries this for the first time comes first. */
export const trainingPresets: readonly Preset[] = PRESETS.toSorted(
  (a, b) => Number(b.id === 'small-data') - Number(a.id === 'small-data'),
);

export const initialConfig: TrainingConfig = trainingPresets[0].config;

/** Whatever was stored, as settings: what is unknown or broken falls back to the first preset's. */
export function parseConfig(stored: unknown): TrainingConfig | undefined {
  if (!isRecord(stored)) return undefined;
  const entries = FIELD_NAMES.map((key) => [
    key,
    fieldProblem(key, stored[key]) === undefined ? stored[key] : initialConfig[key],
  ]);
  return Object.fromEntries(entries) as TrainingConfig;
}

const isSame = (a: TrainingConfig, b: TrainingConfig): boolean =>
  FIELD_NAMES.every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key]));

/** The preset that a config equals, if any. */
export const presetOf = (config: TrainingConfig): Preset | undefined =>
  trainingPresets.find((preset) => isSame(preset.config, config));
