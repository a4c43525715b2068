// Running out of room, as each store says it.
import 'fake-indexeddb/auto';
import { IDBObjectStore } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import { indexedDbStore } from './indexeddb';
import { memoryStore } from './memory';
import { noRoom, roomOf, roomWarning } from './quota';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const fail = (name: string) =>
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('no', name);
  });

test('a sentence names what is needed and what is missing, in decimal units', () => {
  expect(noRoom(1.5e9, 20e6)).toBe(
    'There is not enough space to store 1.5 GB more: 20 MB are missing. Remove a model or free disk space, and try again. (A private window has little space, however large the disk.)',
  );
  expect(noRoom(4000, undefined)).toContain('the browser refused it');
});

const GiB = 2 ** 30;

test.each([
  // Chromium: the same whatever the disk, and in private windows
  [
    { used: 123_456_789, quota: 123_456_789 + 10 * GiB },
    { bytes: 10 * GiB, told: false, small: false },
  ],
  [
    { used: 0, quota: 4 * GiB },
    { bytes: 4 * GiB, told: false, small: false },
  ],
  // a figure of the disk's own
  [
    { used: 7_000_000, quota: 10 * GiB },
    { bytes: 10 * GiB - 7_000_000, told: true, small: false },
  ],
  [
    { used: 5e9, quota: 162e9 },
    { bytes: 157e9, told: true, small: false },
  ],
  [
    { used: 10, quota: 1.5e9 },
    { bytes: 1.5e9 - 10, told: true, small: true },
  ],
  [
    { used: 2e9, quota: 1.5e9 },
    { bytes: 0, told: true, small: true },
  ],
  [{ used: 5, quota: undefined }, undefined],
])('%j: %j', (estimate, room) => {
  expect(roomOf(estimate)).toEqual(room);
});

test('what may not find room is warned of: by the figure, or by what cannot be known', () => {
  const told = roomOf({ used: 0, quota: 12e9 + 1 });
  expect(roomWarning(11e9, told)).toBeUndefined();
  expect(roomWarning(13.5e9, told)).toMatch(/^It needs 14 GB of disk space, and the browser allows about 13 GB more\./);
  expect(roomWarning(13.5e9, roomOf({ used: 0, quota: 10 * GiB }))).toMatch(/does not tell pages.*private window/);
  expect(roomWarning(2e9, roomOf({ used: 0, quota: 1.5e9 }))).toMatch(/A private window has that little space/);
  expect(roomWarning(2e9, undefined)).toBeUndefined();
});

test('memory: what is over the quota is refused, what replaces itself is not', async () => {
  const { shards } = memoryStore(10_000);
  await shards.put('a', new Uint8Array(8000));
  await shards.put('a', new Uint8Array(9000));
  await expect(shards.put('b', new Uint8Array(2000))).rejects.toMatchObject({
    code: 'quota-exceeded',
    message: expect.stringContaining('1 kB are missing'),
  });
  expect(await shards.keys()).toEqual(['a']);
});

test('IndexedDB: the quota error becomes a sentence with what is missing', async () => {
  vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 9e9, quota: 9.5e9 }) } });
  const store = indexedDbStore('quota');
  fail('QuotaExceededError');
  const { size } = new Blob([new Uint8Array(2e6)]);
  await expect(store.shards.put('a', new Uint8Array(size))).rejects.toMatchObject({ code: 'quota-exceeded' });
  vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 9e9, quota: 9e9 }) } });
  await expect(store.shards.put('a', new Uint8Array(size))).rejects.toMatchObject({
    message: expect.stringContaining('2 MB are missing'),
  });
  await expect(store.records.set('chats', 'a', {})).rejects.toMatchObject({
    code: 'quota-exceeded',
    message: expect.not.stringContaining('0 kB'),
  });
});

test('IndexedDB: other errors stay what they are', async () => {
  const store = indexedDbStore('other');
  fail('InvalidStateError');
  await expect(store.shards.put('a', new Uint8Array(1))).rejects.toMatchObject({ name: 'InvalidStateError' });
});

test('IndexedDB: where Blobs are refused, their bytes are stored', async () => {
  const store = indexedDbStore('webkit');
  const put = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
    if (value instanceof Blob) throw new DOMException('no Blobs here', 'DataCloneError');
    return put.call(this, value, key);
  });
  await store.shards.put('a', Uint8Array.of(1, 2, 3));
  await store.shards.put('b', Uint8Array.of(4));
  const source = await store.shards.get('a');
  expect([...(await source!.read(1, 3))]).toEqual([2, 3]);
  expect(await store.shards.keys()).toEqual(['a', 'b']);
});
