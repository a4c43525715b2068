// The options of every command that loads a model.
import type { ModelConfig } from '../../core/model-config';
import { DEFAULT_CONTEXT } from '../../engine/models/defaults';
import { PRECISIONS } from '../../ops/tuning';
import { choice, number, type OptionTypes, type Options } from '../arguments';
import { QUANTIZE } from './model';
import { sayNotes } from '../messages';

/** The precision of commands whose speed matters more than their last digits. */
export const FAST = choice(PRECISIONS, 'fast');

/** Options of every command that loads a model. */
export const LOAD_OPTIONS = {
  model: 'text',
  quantize: choice(QUANTIZE, 'keep'),
  precision: choice(PRECISIONS, 'exact'),
  context: number({ min: 1, whole: true }),
  adapter: 'list',
} as const satisfies OptionTypes;

/** Options of a model's load, checked. */
export function checkedOptions({ quantize, precision, context }: Options<typeof LOAD_OPTIONS>) {
  /** Positions of the cache; says so where they are more than the model was trained for. */
  const contextFor = (config: ModelConfig) => {
    if (context !== undefined && context > config.contextLength) sayNotes([beyondTrained(context, config)]);
    if (config.learnedPositions) return Math.min(config.contextLength, context ?? DEFAULT_CONTEXT);
    return context ?? Math.min(config.contextLength, DEFAULT_CONTEXT);
  };
  return { quantize, precision, contextFor };
}

function beyondTrained(context: number, { contextLength, ropeScaling, learnedPositions }: ModelConfig): string {
  const trained = `The model was trained for ${contextLength} positions, and --context asks for ${context}.`;
  if (learnedPositions)
    return `${trained} It has learned its positions one by one, and no more than those: ${contextLength} are used.`;
  return ropeScaling?.type === 'dynamic'
    ? `${trained} Longer texts are rotated by the model's dynamic scaling.`
    : `${trained} What it says beyond them is rarely of use.`;
}
