// Kernel shapes that were chosen for a device, as records of a store.
import type { Asked, KeptChoices } from '../../model/inference/autotune';
import type { Store } from '../../storage/store';

/** Kernel shapes kept in a store; an invalid record counts as absent. */
export function keptIn({ records }: Pick<Store, 'records'>): KeptChoices {
  return {
    async get(key) {
      const value = await records.get<unknown>('tuning', key);
      return isAsked(value) ? value : undefined;
    },
    set: (key, asked) => records.set('tuning', key, asked),
  };
}

function isAsked(value: unknown): value is Asked {
  if (!isRecord(value)) return false;
  const { choices, tried, attempts } = value;
  return (
    isRecord(choices) &&
    Object.values(choices).every(isString) &&
    isRecord(tried) &&
    Object.values(tried).every((names) => Array.isArray(names) && names.every(isString)) &&
    typeof attempts === 'number'
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isString = (value: unknown) => typeof value === 'string';
