// Records of two windows: joined, told of, deleted in both; what is late does not bring a deleted one back.
import { createRoot } from 'solid-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RecordVerbs, Stored } from '../../worker/contract';
import { fakeLocks } from '../testing/web-locks';
import { createCollection } from './collection';

interface Note extends Stored {
  text: string;
  marks: string[];
}

function sharedStore(): RecordVerbs & { readonly stored: Map<string, Stored> } {
  const stored = new Map<string, Stored>();
  return {
    stored,
    list: async () => structuredClone([...stored.values()]),
    get: async (_, id) => structuredClone(stored.get(id)),
    put: async (_, record) => void stored.set(record.id, structuredClone(record)),
    delete: async (_, id) => void stored.delete(id),
  };
}

const disposers: (() => void)[] = [];
beforeEach(() => vi.stubGlobal('navigator', { locks: fakeLocks().locks }));
afterEach(() => {
  vi.unstubAllGlobals();
  for (const dispose of disposers.splice(0)) dispose();
});

const openWindow = (records: RecordVerbs) =>
  createRoot((dispose) => {
    disposers.push(dispose);
    return createCollection<Note>({
      records,
      kind: 'chats',
      leftover: 'unsaved-notes',
      parse: (stored) => (Array.isArray(stored['marks']) ? (stored as Note) : undefined),
      merge: (mine, theirs) => ({
        ...(theirs.updatedAt > mine.updatedAt ? theirs : mine),
        marks: [...new Set([...mine.marks, ...theirs.marks])].toSorted(),
      }),
      onUnsaved: (error) => expect.unreachable(String(error)),
      onUndeleted: (error) => expect.unreachable(String(error)),
    });
  });

const note = (id: string, updatedAt = 1): Note => ({ id, updatedAt, text: 'first', marks: [] });

test('two windows that change one record keep the changes of both', async () => {
  const store = sharedStore();
  const [a, b] = [openWindow(store), openWindow(store)];
  a.add(note('n'));
  await a.save('n');
  await vi.waitFor(() => expect(b.find('n')?.text).toBe('first'));
  a.change('n', (record) => record.marks.push('a'));
  b.change('n', (record) => record.marks.push('b'));
  await Promise.all([a.save('n'), b.save('n')]);
  await vi.waitFor(() =>
    expect([a.find('n')?.marks, b.find('n')?.marks]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]),
  );
  expect(store.stored.get('n')).toMatchObject({ marks: ['a', 'b'] });
});

test('a record that is deleted in one window goes in the other, and Undo brings it back in both', async () => {
  const store = sharedStore();
  const [a, b] = [openWindow(store), openWindow(store)];
  a.add(note('n'));
  await a.save('n');
  await vi.waitFor(() => expect(b.find('n')).toBeDefined());
  const undo = a.remove('n');
  expect(a.find('n')).toBeUndefined();
  await vi.waitFor(() => expect(b.find('n')).toBeUndefined());
  expect(store.stored.size).toBe(0);
  undo();
  await vi.waitFor(() => expect(b.find('n')?.text).toBe('first'));
  expect(store.stored.has('n')).toBe(true);
});

test('an earlier state that comes after the deletion does not bring a record back', async () => {
  const store = sharedStore();
  const [a, b] = [openWindow(store), openWindow(store)];
  a.add(note('n'));
  a.add(note('other'));
  await a.save('n');
  await vi.waitFor(() => expect(b.find('n')).toBeDefined());
  a.remove('n');
  await vi.waitFor(() => expect(b.find('n')).toBeUndefined());
  // a third window had it on its way
  const late = new BroadcastChannel('pronk-records-chats');
  late.postMessage({ saved: note('n', 2) });
  await a.save('other');
  await vi.waitFor(() => expect(b.find('other')).toBeDefined());
  expect([a.find('n'), b.find('n')]).toEqual([undefined, undefined]);
  // control: a state from after the deletion does
  late.postMessage({ saved: note('n', Date.now() + 1000) });
  await vi.waitFor(() => expect(b.find('n')).toBeDefined());
  late.close();
});

test('what is no record of the kind is left out', async () => {
  const store = sharedStore();
  store.stored.set('odd', { id: 'odd', updatedAt: 1 });
  store.stored.set('n', note('n'));
  const a = openWindow(store);
  await a.read();
  expect(a.all.map(({ id }) => id)).toEqual(['n']);
});
