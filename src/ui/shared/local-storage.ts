// Small settings kept in the browser's local storage, which may be full, forbidden or edited by hand.
import { type Accessor, createSignal } from 'solid-js';

const PREFIX = 'pronk.';

export function readStored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? 'null');
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // a setting that cannot be kept still holds until the page closes
  }
}

/** Keys that begin so. */
export function storedKeys(prefix: string): string[] {
  try {
    const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '');
    return keys.filter((key) => key.startsWith(PREFIX + prefix)).map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/**
 * A signal that survives a reload.
 * @param parse what is stored -> a value, or undefined where it is none
 */
export function createStored<T>(
  key: string,
  initial: T,
  parse: (stored: unknown) => T | undefined,
): [Accessor<T>, (value: T) => void] {
  const [value, set] = createSignal<T>(parse(readStored(key)) ?? initial);
  const store = (next: T) => {
    set(() => next);
    writeStored(key, next);
  };
  return [value, store];
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const asBoolean = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
export const asString = (value: unknown) => (typeof value === 'string' ? value : undefined);
