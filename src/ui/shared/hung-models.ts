// Models that held the worker for good: none of them is chosen by itself again, also after a reload.
import { createStored } from './local-storage';

export interface HungModels {
  has(id: string): boolean;
  add(id: string): void;
  /** A model that is chosen by a person gets another chance. */
  forgive(id: string): void;
  /** Forgets those that are not there any more. */
  keepOnly(there: (id: string) => boolean): void;
}

const parseIds = (stored: unknown) =>
  Array.isArray(stored) ? stored.filter((each): each is string => typeof each === 'string') : undefined;

export function createHungModels(): HungModels {
  const [ids, setIds] = createStored<readonly string[]>('hung-models', [], parseIds);
  const keepOnly = (keeps: (id: string) => boolean) => {
    if (!ids().every(keeps)) setIds(ids().filter(keeps));
  };
  return {
    has: (id) => ids().includes(id),
    add: (id) => setIds([...ids().filter((each) => each !== id), id]),
    forgive: (id) => keepOnly((each) => each !== id),
    keepOnly,
  };
}
