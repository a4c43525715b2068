// Going on from an adapter that was trained before.
import type { Adapter, LoraPair } from '../core/adapter';
import { PronkError } from '../core/errors';
import type { LoraSpec } from '../model/lora-types';
import type { TrainingConfig } from './config';

/**
 * The adapter's pairs, if a run of this config trains exactly such.
 * @throws PronkError `adapter-mismatch`, its message naming what differs
 */
export function startPairs(adapter: Adapter, config: TrainingConfig, spec: LoraSpec): readonly LoraPair[] {
  const { pairs } = adapter;
  const compared: readonly [what: string, there: unknown, here: unknown][] = [
    ['r', adapter.config.r, config.r],
    ['lora_alpha', adapter.config.lora_alpha, config.lora_alpha],
    ['use_dora', pairs.some(({ magnitude }) => magnitude), config.use_dora],
    ['use_rslora', adapter.config.use_rslora, config.use_rslora],
    ['target_modules', list(pairs.map(({ map }) => map)), list(config.target_modules)],
    ['layers', list(pairs.map(({ layer }) => layer)), list(spec.targets.map(({ layer }) => layer))],
    // what single maps have of their own
    ['maps', pairs.length, spec.targets.length],
    ['ranks', list(pairs.map(({ rank }) => rank)), list([spec.rank])],
    ['scales', list(pairs.map(({ scale }) => scale)), list([spec.scale])],
  ];
  if (pairs.some(({ bias }) => bias) || adapter.whole?.length) {
    const message = `${adapter.name} is more than pairs (biases or whole modules), and training goes on from pairs alone. Merge it into its model, and train on that.`;
    throw new PronkError('adapter-mismatch', message);
  }
  const difference = compared.find(([, there, here]) => there !== here);
  if (!difference) return pairs;
  const [what, there, here] = difference;
  const message = `${adapter.name} has ${what} ${String(there)}, and the config asks for ${String(here)}. Use the adapter's value in the config, or start a new one.`;
  throw new PronkError('adapter-mismatch', message);
}

/** Each once, in an order of their own. */
function list(values: readonly (string | number)[]): string {
  return [...new Set(values)]
    .toSorted((a, b) => (typeof a === 'number' ? a - Number(b) : a < String(b) ? -1 : 1))
    .join(', ');
}
