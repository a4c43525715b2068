// OpenAI's penalties by count, which most people never touch: beside the settings of a preset, and off at first.
import type { Accessor } from 'solid-js';
import type { GenerateRequest } from '../../worker/contract';
import { createStored, isRecord } from '../shared/local-storage';
import type { Range } from './settings';

type Penalties = { readonly presencePenalty: number; readonly frequencyPenalty: number };

interface Penalty extends Range {
  readonly key: keyof Penalties;
}

export const penaltyControls: readonly Penalty[] = [
  {
    key: 'presencePenalty',
    label: 'Presence penalty',
    min: -2,
    max: 2,
    step: 0.1,
    explanation:
      'Taken off the score of each token that the answer has already. 0 turns it off; below 0 it repeats more.',
  },
  {
    key: 'frequencyPenalty',
    label: 'Frequency penalty',
    min: -2,
    max: 2,
    step: 0.1,
    explanation: 'Taken off a token’s score for each time that the answer has it already. 0 turns it off.',
  },
];

const none: Penalties = { presencePenalty: 0, frequencyPenalty: 0 };
const clamp = (value: unknown, { min, max }: Range) =>
  typeof value === 'number' && Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : 0;

function parsePenalties(stored: unknown): Penalties | undefined {
  if (!isRecord(stored)) return undefined;
  return Object.fromEntries(penaltyControls.map((each) => [each.key, clamp(stored[each.key], each)])) as Penalties;
}

export interface PenaltiesState {
  readonly values: Accessor<Penalties>;
  set(key: keyof Penalties, value: number): void;
  /** What generations are asked with; undefined where none is on. */
  adjustments(): GenerateRequest['adjustments'];
}

/** @param key where they are kept */
export function createPenalties(key: string): PenaltiesState {
  const [values, store] = createStored(key, none, parsePenalties);
  return {
    values,
    set(field, value) {
      const control = penaltyControls.find((each) => each.key === field);
      if (control && Number.isFinite(value)) store({ ...values(), [field]: clamp(value, control) });
    },
    adjustments() {
      const { presencePenalty, frequencyPenalty } = values();
      return presencePenalty === 0 && frequencyPenalty === 0 ? undefined : { presencePenalty, frequencyPenalty };
    },
  };
}
