// How answers are drawn: the same controls for Chat and for Instruct, each with its own values, and presets with where they
// come from.
import { type Accessor, createMemo } from 'solid-js';
import type { SamplingOptions } from '../../worker/contract';
import { createStored, isRecord } from '../shared/local-storage';

/** Without a seed, each answer gets one of its own. */
export type Settings = Omit<SamplingOptions, 'seed'> & { readonly seed: number | null };

export interface Preset {
  readonly name: string;
  readonly source: string;
  readonly values: Omit<Settings, 'seed'>;
}

export const presets: readonly [Preset, ...Preset[]] = [
  {
    name: 'Balanced',
    source: 'Pronk’s default: varied, and rarely off topic.',
    values: { temperature: 0.5, topK: 0, topP: 1, minP: 0.1, repetitionPenalty: 1, maxTokens: 512 },
  },
  {
    name: 'Precise',
    source: 'Always the most likely token, so the same question gets the same answer.',
    values: { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, maxTokens: 512 },
  },
  {
    name: 'Point-Alpaca',
    source: 'chat.py of point-alpaca.',
    values: { temperature: 0.5, topK: 50, topP: 1, minP: 0, repetitionPenalty: 1.1, maxTokens: 200 },
  },
  {
    name: 'Alpaca-LoRA',
    source:
      'The sliders of alpaca-lora’s generate.py. They had no effect there, because it used beam search with four beams; here they do.',
    values: { temperature: 0.1, topK: 40, topP: 0.75, minP: 0, repetitionPenalty: 1, maxTokens: 128 },
  },
  {
    name: 'OpenAlpaca',
    source: 'The example in OpenAlpaca’s README.',
    values: { temperature: 1, topK: 50, topP: 0.9, minP: 0, repetitionPenalty: 1, maxTokens: 128 },
  },
];

/** A number that is chosen within bounds. */
export interface Range {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly explanation: string;
}

export interface Control extends Range {
  readonly key: keyof Preset['values'];
}

export const controls: readonly Control[] = [
  {
    key: 'temperature',
    label: 'Temperature',
    min: 0,
    max: 2,
    step: 0.05,
    explanation:
      'How random the choice of each token is. 0 always takes the most likely one; above 1, answers become erratic.',
  },
  {
    key: 'topK',
    label: 'Top-k',
    min: 0,
    max: 200,
    step: 1,
    explanation: 'Samples from the k most likely tokens only. 0 turns it off.',
  },
  {
    key: 'topP',
    label: 'Top-p',
    min: 0.05,
    max: 1,
    step: 0.05,
    explanation: 'Samples from the fewest tokens whose probabilities add up to p (nucleus sampling). 1 turns it off.',
  },
  {
    key: 'minP',
    label: 'Min-p',
    min: 0,
    max: 0.5,
    step: 0.01,
    explanation:
      'Leaves out tokens whose probability is below this fraction of the most likely token’s. 0 turns it off.',
  },
  {
    key: 'repetitionPenalty',
    label: 'Repetition penalty',
    min: 1,
    max: 2,
    step: 0.05,
    explanation: 'Makes tokens that have already occurred less likely. 1 turns it off.',
  },
  {
    key: 'maxTokens',
    label: 'Max tokens',
    min: 1,
    max: 2048,
    step: 1,
    explanation:
      'The answer ends after this many tokens at the latest. A token is about three quarters of an English word.',
  },
];

const initial: Settings = { ...presets[0].values, seed: null };
const clamp = (value: number, { min, max }: Control) => Math.min(max, Math.max(min, value));

/** Whatever was stored, as settings: unknown or broken fields fall back to the first preset's. */
export function parseSettings(stored: unknown): Settings | undefined {
  if (!isRecord(stored)) return undefined;
  const values = controls.map((control) => {
    const value = stored[control.key];
    const known = typeof value === 'number' && Number.isFinite(value);
    return [control.key, known ? clamp(value, control) : initial[control.key]];
  });
  const { seed } = stored;
  return { ...Object.fromEntries(values), seed: Number.isInteger(seed) ? seed : null } as Settings;
}

export interface SettingsState {
  readonly values: Accessor<Settings>;
  /** The preset that the values equal, if any. */
  readonly preset: Accessor<Preset | undefined>;
  set(key: Control['key'], value: number): void;
  setSeed(seed: number | null): void;
  usePreset(preset: Preset): void;
  /** What one answer is drawn with; without a seed, one is drawn now. */
  sampling(): SamplingOptions;
}

const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] & 0x7fffffff;

/** @param key where they are kept @param first what they begin with */
export function createSettings(key = 'settings', first = initial): SettingsState {
  const [values, store] = createStored(key, first, parseSettings);
  const preset = createMemo(() =>
    presets.find((each) => controls.every(({ key }) => each.values[key] === values()[key])),
  );
  return {
    values,
    preset,
    set: (field, value) => {
      const control = controls.find((each) => each.key === field);
      if (control && Number.isFinite(value)) store({ ...values(), [field]: clamp(value, control) });
    },
    setSeed: (seed) => store({ ...values(), seed }),
    usePreset: ({ values: chosen }) => store({ ...values(), ...chosen }),
    sampling: () => ({ ...values(), seed: values().seed ?? randomSeed() }),
  };
}

/** The settings of whichever place is open. */
export const settingsOf = (which: Accessor<SettingsState>): SettingsState => ({
  values: () => which().values(),
  preset: () => which().preset(),
  set: (key, value) => which().set(key, value),
  setSeed: (seed) => which().setSeed(seed),
  usePreset: (preset) => which().usePreset(preset),
  sampling: () => which().sampling(),
});
