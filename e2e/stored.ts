// What a page has in IndexedDB, read from outside.
import type { Page } from 'playwright/test';

/** Records of a database's only store, or their keys; none where that store was never made. */
export const storedIn = <T>(page: Page, database: string, kind: string, keys = false): Promise<T[]> =>
  page.evaluate(
    ([name, store, onlyKeys]) =>
      new Promise<T[]>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.addEventListener('error', () => reject(new Error(`${name} does not open`)));
        opening.addEventListener('success', () => {
          const db = opening.result;
          if (!db.objectStoreNames.contains(store)) {
            db.close();
            resolve([]);
            return;
          }
          const records = db.transaction(store).objectStore(store);
          const request = onlyKeys ? records.getAllKeys() : records.getAll();
          request.addEventListener('success', () => {
            db.close();
            resolve(request.result as T[]);
          });
        });
      }),
    [database, kind, keys] as const,
  );
