// The GPU memory that a model takes, and the contexts that it can be given.
import type { DeviceSummary, ImportPlan, ModelSummary, PrecisionChoice } from '../../worker/contract';
import { formatBytes } from '../shared/format';

type Choice = ImportPlan['choices'][number];

/**
 * Bytes of cache for a token on a device, by precision: half as many in 16 bits, where the device has f16, and about a
 * quarter in 8.
 */
export function cacheBytesOf(
  { int8, fast, exact }: ModelSummary['cacheBytes'],
  device: DeviceSummary | undefined,
  precision: PrecisionChoice = 'automatic',
): number {
  if (precision === 'int8') return int8;
  const half = precision === 'fast' || (precision === 'automatic' && device?.software === false);
  return half && device?.features.includes('f16') ? fast : exact;
}

/** Weights, and the cache for a context. */
export const memoryOf = (choice: Choice, cacheBytes: number, context: number): number =>
  choice.weightBytes + cacheBytes * context;

/** Why a choice cannot be made with a context, as a sentence; undefined where it can. */
export function problemOf(plan: ImportPlan, choice: Choice, memory: number): string | undefined {
  if (!choice.fits) return choice.problem ?? 'It does not fit on this device.';
  if (plan.gpuBytes === undefined || memory <= plan.gpuBytes) return undefined;
  const help = choice.weightBytes < plan.gpuBytes ? ' Choose a shorter context.' : '';
  return `Needs ${formatBytes(memory)} of GPU memory, and this device offers about ${formatBytes(plan.gpuBytes)}.${help}`;
}

/** Contexts to choose among: powers of two up to what the model was trained for, and the ones that are named. */
export function contextsFor(contextLength: number, ...named: (number | undefined)[]): number[] {
  const powers: number[] = [];
  for (let context = 256; context < contextLength; context *= 2) powers.push(context);
  const own = named.filter((each) => each !== undefined && each > 0 && each <= contextLength) as number[];
  return [...new Set([...powers, contextLength, ...own])].toSorted((a, b) => a - b);
}
