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

/** Puts records where the page keeps them; it finds them after a reload. */
export const storeIn = (page: Page, kind: string, records: readonly { id: string }[]): Promise<void> =>
  page.evaluate(
    ([store, all]) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(`pronk-${store}`);
        opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(store));
        opening.addEventListener('error', () => reject(new Error(`pronk-${store} does not open`)));
        opening.addEventListener('success', () => {
          const db = opening.result;
          const writing = db.transaction(store, 'readwrite');
          for (const record of all) writing.objectStore(store).put(record, record.id);
          writing.addEventListener('complete', () => {
            db.close();
            resolve();
          });
        });
      }),
    [kind, records] as const,
  );

/** A stored conversation: questions and answers by turns. `last` is what else is known of the last answer. */
export function talk(id: string, said: readonly string[], last: object = {}) {
  const turns = said.map((content, i) => ({
    id: `${id}-${i}`,
    parent: i === 0 ? null : `${id}-${i - 1}`,
    role: i % 2 === 0 ? 'user' : 'assistant',
    content,
    createdAt: i,
    ...(i % 2 === 1 && { state: 'stop', model: 'Pronk 6M', ...(i === said.length - 1 && last) }),
  }));
  return { id, title: said[0], createdAt: 1, updatedAt: 1, system: '', turns, shown: {} };
}
