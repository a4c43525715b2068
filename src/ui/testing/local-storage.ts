// localStorage for tests under Node, where there is none.
import { afterEach, beforeEach, vi } from 'vitest';

/** Stands in for `localStorage` in each test of a file, and is empty again after it. */
export function stubLocalStorage(): ReadonlyMap<string, string> & Pick<Map<string, string>, 'set'> {
  const storage = new Map<string, string>();
  beforeEach(() => {
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
      removeItem: (key: string) => void storage.delete(key),
      key: (at: number) => [...storage.keys()][at] ?? null,
      get length() {
        return storage.size;
      },
    });
  });
  afterEach(() => {
    storage.clear();
    vi.unstubAllGlobals();
  });
  return storage;
}
