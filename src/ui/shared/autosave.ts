// Keeps records in the worker's store: soon while text streams, at once where it matters, and safely when the page is
// closed or dies in the middle.
import type { Stored } from '../../worker/contract';
import { isRecord, readStored, storedKeys, writeStored } from './local-storage';

export interface Saver {
  /** Saves the record's latest state within `delay`. */
  schedule(id: string): void;
  /** Saves it now; resolves when it is stored, or cannot be. Should the page die before, the next visit finds it. */
  now(id: string): Promise<void>;
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
  /** Records in local storage, which outlives a crash. */
  const secured = new Set<string>();
  // windows that close at once do not take each other's place
  const place = `${leftover}.${crypto.randomUUID()}`;
  const count = (id: string, by: number) => {
    const left = (underWay.get(id) ?? 0) + by;
    if (left > 0) underWay.set(id, left);
    else underWay.delete(id);
  };

  async function save(id: string): Promise<void> {
    clearTimeout(timers.get(id));
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

  const secure = (ids: Iterable<string>) => {
    const records = [...ids].map(read).filter(Boolean);
    writeStored(place, records.length > 0 ? records : undefined);
  };

  // A worker may be gone before it has written: local storage is synchronous, and read by takeLeftovers.
  globalThis.addEventListener?.('pagehide', () => {
    const ids = new Set([...timers.keys(), ...underWay.keys()]);
    if (ids.size === 0) return;
    secure(ids);
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
    async now(id) {
      secured.add(id);
      secure(secured);
      await save(id);
      secured.delete(id);
      secure(secured);
    },
    async remove(id) {
      clearTimeout(timers.get(id));
      timers.delete(id);
      await remove(id);
    },
  };
}

const later = (kept: Stored, left: Stored) => (left.updatedAt >= kept.updatedAt ? left : kept);

/**
 * Stored records, joined with the states that closing pages left behind.
 * @param join of a stored record and what was left of it; without it the later one takes the other's place
 */
export function takeLeftovers(
  key: string,
  records: readonly Stored[],
  join: (kept: Stored, left: Stored) => Stored = later,
): { records: Stored[]; newer: Stored[] } {
  const places = storedKeys(key).filter((place) => place === key || place.startsWith(`${key}.`));
  const left = places.flatMap((place) => {
    const value = readStored(place);
    writeStored(place, undefined);
    return Array.isArray(value) ? (value as unknown[]) : [];
  });
  const known = new Map(records.map((record) => [record.id, record]));
  const newer = new Map<string, Stored>();
  for (const record of left) {
    if (!isRecord(record) || typeof record['id'] !== 'string' || typeof record['updatedAt'] !== 'number') continue;
    const each = record as unknown as Stored;
    const kept = known.get(each.id);
    const joined = kept ? join(kept, each) : each;
    if (joined === kept) continue;
    known.set(each.id, joined);
    newer.set(each.id, joined);
  }
  return { records: [...known.values()], newer: [...newer.values()] };
}
