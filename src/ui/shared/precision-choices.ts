// The precisions that a model can be computed in, as they are offered and kept.
import type { PrecisionChoice } from '../../worker/contract';
import { isRecord } from './local-storage';

/** All precisions, in the order that they are offered in. */
export const PRECISION_CHOICES = ['automatic', 'exact', 'fast', 'int8'] as const satisfies readonly PrecisionChoice[];

/** Chosen precisions by model; invalid ones are left out. */
export function parsePrecisions(stored: unknown): Record<string, PrecisionChoice> | undefined {
  if (!isRecord(stored)) return undefined;
  const known = (each: [string, unknown]): each is [string, PrecisionChoice] =>
    PRECISION_CHOICES.some((choice) => choice === each[1]);
  return Object.fromEntries(Object.entries(stored).filter(known));
}
