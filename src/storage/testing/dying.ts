// Pages that are closed at a bad moment.
import type { Store } from '../store';

/** A store whose `n`-th operation of those that change it dies, and every one after it: the page is gone. */
export function dyingAt(store: Store, n: number): Store {
  let count = 0;
  const guard =
    <A extends unknown[]>(run: (...args: A) => Promise<void>) =>
    async (...args: A) => {
      if (count++ >= n) throw new Error('The page is gone');
      await run(...args);
    };
  const { records, shards } = store;
  return {
    ...store,
    records: { ...records, set: guard(records.set), delete: guard(records.delete) },
    shards: { ...shards, put: guard(shards.put), delete: guard(shards.delete) },
  };
}
