// How a model can be computed, as it is offered and kept.
import type { PrecisionChoice } from '../../worker/contract';
import { isRecord } from './local-storage';

/** In the order that they are offered in. */
export const PRECISION_CHOICES = ['automatic', 'exact', 'fast', 'int8'] as const satisfies readonly PrecisionChoice[];

/** Choices by model; what is none is left out. */
export function parsePrecisions(stored: unknown): Record<string, PrecisionChoice> | undefined {
  if (!isRecord(stored)) return undefined;
  const known = (each: [string, unknown]): each is [string, PrecisionChoice] =>
    PRECISION_CHOICES.some((choice) => choice === each[1]);
  return Object.fromEntries(Object.entries(stored).filter(known));
}
