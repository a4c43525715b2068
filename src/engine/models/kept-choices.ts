// Kernel shapes that were chosen for a device, as records of a store.
import type { Choices, KeptChoices } from '../../model/inference/autotune';
import type { Store } from '../../storage/store';

/** Choices in a store; a record that is none counts as absent. */
export function keptIn({ records }: Pick<Store, 'records'>): KeptChoices {
  return {
    async get(key) {
      const value = await records.get<unknown>('tuning', key);
      return isChoices(value) ? value : undefined;
    },
    set: (key, choices) => records.set('tuning', key, choices),
  };
}

function isChoices(value: unknown): value is Choices {
  return typeof value === 'object' && value !== null && Object.values(value).every((name) => typeof name === 'string');
}
