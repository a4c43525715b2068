// Running out of room, as each store says it.
import 'fake-indexeddb/auto';
import { IDBObjectStore } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import { indexedDbStore } from './indexeddb';
import { memoryStore } from './memory';
import { noRoom } from './quota';

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
    'There is no room to store 1.5 GB more: 20 MB are missing. Remove a model or free disk space, and try again.',
  );
  expect(noRoom(4000, undefined)).toContain('the browser refused it');
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
