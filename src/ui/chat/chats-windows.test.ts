// One chat in two windows, and windows that die.
import { createRoot } from 'solid-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createToy, type ToyClient } from '../../worker/testing/toy-client';
import { stubLocalStorage } from '../testing/local-storage';
import { fakeLocks } from '../testing/web-locks';
import { createChats } from './chats';
import { createEngineState } from '../shared/engine-state';
import { createNotices } from '../shared/notices';
import { createSettings } from '../settings/settings';
import { createSaver, takeLeftovers } from '../shared/autosave';

const storage = stubLocalStorage();
let web = fakeLocks();
const disposals: (() => void)[] = [];
beforeEach(() => {
  web = fakeLocks();
  vi.stubGlobal('navigator', { locks: web.locks });
});
afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose();
});

/** A window with a worker of its own, on the store that all share. */
function openWindow(name: string, shared: ToyClient, delay = 0) {
  const fake = createToy({ delay, load: 0 });
  const { list, get, put, delete: remove } = shared.records;
  const client = { ...fake, records: { list, get, put, delete: remove } };
  return createRoot((end) => {
    disposals.push(end);
    const notices = createNotices();
    const engine = createEngineState(client, notices);
    const chats = web.window(name, () => createChats(engine, createSettings(), notices));
    return { client, chats, end };
  });
}

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000 });
const states = (turns: unknown) => (turns as { state?: string }[]).flatMap(({ state }) => state ?? []);

test('a question is stored before it is asked', async () => {
  const { client, chats } = openWindow('a', createToy());
  const order: string[] = [];
  const { put } = client.records;
  const { start } = client.generation;
  client.records.put = async (kind, record) => {
    await new Promise((settle) => setTimeout(settle, 50));
    await put(kind, record);
    order.push(`stored ${(record['turns'] as unknown[]).length}`);
  };
  client.generation.start = (request) => {
    order.push('asked');
    return start(request);
  };
  await until(() => expect(chats.ready()).toBe(true));
  chats.send('Hello');
  // a page that dies here has it in local storage
  const left = [...storage].filter(([key]) => key.startsWith('pronk.unsaved-chats'));
  expect(left.map(([, value]) => value).join()).toContain('Hello');
  await until(() => expect(order).toContain('asked'));
  expect(order.slice(0, 2)).toEqual(['stored 2', 'asked']);
  expect([...storage.keys()].filter((key) => key.startsWith('pronk.unsaved-chats'))).toEqual([]);
});

test('what cannot be stored is asked all the same', async () => {
  const { client, chats } = openWindow('a', createToy());
  client.records.put = () => Promise.reject(new Error('No room.'));
  chats.send('Hello');
  await until(() => expect(chats.path().at(-1)?.state).toBe('stop'));
});

test('two windows that send at once into one chat both get their answers, there and in the store', async () => {
  const shared = createToy();
  const first = openWindow('a', shared).chats;
  first.send('One');
  await until(() => expect(first.path().at(-1)?.state).toBe('stop'));
  const second = openWindow('b', shared).chats;
  await until(() => expect(second.path()).toHaveLength(2));
  first.send('From the first');
  second.send('From the second');
  await until(async () => {
    for (const { turns } of [first.current()!, second.current()!, (await shared.records.list('chats'))[0]]) {
      expect(turns).toHaveLength(6);
      expect(states(turns)).toEqual(['stop', 'stop', 'stop']);
    }
  });
});

test('an answer whose window is gone is marked as cut off in the other one, and in the store', async () => {
  const shared = createToy();
  const writing = openWindow('a', shared, 40);
  writing.chats.send('Write a long poem');
  const reading = openWindow('b', shared).chats;
  await until(() => expect(reading.list()).toHaveLength(1));
  reading.open(reading.list()[0].id);
  await until(() => expect(reading.path()[1]?.content).toMatch(/^Alpacas/));
  // it is being written elsewhere, and is not cut off
  expect(reading.path()[1]?.state).toBe('streaming');
  writing.end();
  // a window that is gone writes nothing, and holds no lock
  writing.client.records.put = () => Promise.reject(new Error('Gone.'));
  web.close('a');
  await until(() => expect(reading.path()[1]).toMatchObject({ state: 'failed', error: { code: 'interrupted' } }));
  await until(async () => expect(states((await shared.records.list('chats'))[0]?.['turns'])).toEqual(['failed']));
});

test('a chat that is deleted in one window while the other answers in it stays deleted', async () => {
  const shared = createToy();
  const writing = openWindow('a', shared, 40).chats;
  writing.send('Write a long poem');
  const deleting = openWindow('b', shared).chats;
  await until(() => expect(deleting.list()).toHaveLength(1));
  deleting.remove(deleting.list()[0].id);
  await until(() => expect(writing.list()).toEqual([]));
  await new Promise((settle) => setTimeout(settle, 900));
  expect(await shared.records.list('chats')).toEqual([]);
  expect(deleting.list()).toEqual([]);
});

test('what two windows leave behind does not take each other’s place', () => {
  const saver = () =>
    createSaver({
      read: (id) => ({ id, updatedAt: 1 }),
      put: () => new Promise(() => {}),
      remove: async () => {},
      onError: () => {},
      leftover: 'left',
    });
  void saver().now('a');
  void saver().now('b');
  expect(
    takeLeftovers('left', [])
      .records.map(({ id }) => id)
      .toSorted(),
  ).toEqual(['a', 'b']);
});
