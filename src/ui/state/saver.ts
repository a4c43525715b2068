// Keeps records in the worker's store: soon while text streams, and safely when the page is closed in the middle.
import type { Stored } from '../../worker/api';
import { isRecord, readStored, writeStored } from './stored';

export interface Saver {
  /** Saves the record's latest state within `delay`. */
  schedule(id: string): void;
  /** Forgets what is scheduled, and deletes. */
  remove(id: string): Promise<void>;
}

export interface SaverOptions {
  /** The record as it is now; undefined when it is gone. */
  readonly read: (id: string) => Stored | undefined;
  readonly put: (record: Stored) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** Milliseconds. */
  readonly delay?: number;
  /** Where records that a closing page could not save wait for the next visit. */
  readonly leftover: string;
}

export function createSaver({ read, put, remove, onError, delay = 400, leftover }: SaverOptions): Saver {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Handed over and not yet confirmed. */
  const underWay = new Map<string, number>();
  const count = (id: string, by: number) => {
    const left = (underWay.get(id) ?? 0) + by;
    if (left > 0) underWay.set(id, left);
    else underWay.delete(id);
  };

  async function save(id: string): Promise<void> {
    timers.delete(id);
    const record = read(id);
    if (!record) return;
    count(id, 1);
    try {
      await put(record);
    } catch (error) {
      onError(error);
    } finally {
      count(id, -1);
    }
  }

  // A worker may be gone before it has written: local storage is synchronous, and read by takeLeftovers.
  globalThis.addEventListener?.('pagehide', () => {
    const ids = new Set([...timers.keys(), ...underWay.keys()]);
    if (ids.size === 0) return;
    writeStored(leftover, [...ids].map(read).filter(Boolean));
    for (const id of timers.keys()) void save(id);
  });

  return {
    schedule(id) {
      if (!timers.has(id))
        timers.set(
          id,
          setTimeout(() => void save(id), delay),
        );
    },
    async remove(id) {
      clearTimeout(timers.get(id));
      timers.delete(id);
      await remove(id);
    },
  };
}

/** Stored records, with newer states that a closing page left behind put in their place. */
export function takeLeftovers(key: string, records: readonly Stored[]): { records: Stored[]; newer: Stored[] } {
  const left = readStored(key);
  writeStored(key, undefined);
  const known = new Map(records.map((record) => [record.id, record]));
  const newer = (Array.isArray(left) ? left : []).filter(
    (record): record is Stored =>
      isRecord(record) &&
      typeof record['id'] === 'string' &&
      typeof record['updatedAt'] === 'number' &&
      record['updatedAt'] >= (known.get(record['id'])?.updatedAt ?? 0),
  );
  for (const record of newer) known.set(record.id, record);
  return { records: [...known.values()], newer };
}
