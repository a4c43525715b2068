// How models that can think are asked in Chat: whether they think first, and how long at most.
import type { Accessor } from 'solid-js';
import { createStored, isRecord } from '../shared/local-storage';
import type { Range } from './settings';

interface ThinkingSettings {
  /** Models whose template has a switch think first. */
  readonly on: boolean;
  /** Tokens that a thought may take. */
  readonly budget: number;
}

/** The budget as a control. */
export const budgetControl: Range = {
  label: 'Thinking budget',
  min: 0,
  max: 8192,
  step: 64,
  explanation:
    'After this many tokens the thought is closed, and the model answers with what it has. They do not count towards max tokens.',
};

const initial: ThinkingSettings = { on: true, budget: 1024 };
const within = (budget: number) => Math.round(Math.min(budgetControl.max, Math.max(budgetControl.min, budget)));

function parseThinking(stored: unknown): ThinkingSettings | undefined {
  if (!isRecord(stored)) return undefined;
  const { on, budget } = stored;
  return {
    on: typeof on === 'boolean' ? on : initial.on,
    budget: typeof budget === 'number' && Number.isFinite(budget) ? within(budget) : initial.budget,
  };
}

export interface ThinkingState {
  readonly values: Accessor<ThinkingSettings>;
  turn(on: boolean): void;
  setBudget(tokens: number): void;
}

export function createThinking(): ThinkingState {
  const [values, store] = createStored('thinking', initial, parseThinking);
  return {
    values,
    turn: (on) => store({ ...values(), on }),
    setBudget: (tokens) => void (Number.isFinite(tokens) && store({ ...values(), budget: within(tokens) })),
  };
}
