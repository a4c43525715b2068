// The list of a store's own files, also where a process or a disk gave up within a line.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreNames } from './store-names';

let folder: string;
let list: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pronk-names-'));
  list = join(folder, 'pronk-store.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const namesNow = async () => [...(await new StoreNames(folder).all())];

test('names that are added at the same time are listed once, under one head', async () => {
  const names = new StoreNames(folder);
  const added = ['models/model.json', 'shards/ä', 'shards/b', 'shards/b'];
  await Promise.all(added.map((name) => names.add(name)));
  expect(await namesNow()).toEqual(added.slice(0, 3));
  expect(readFileSync(list, 'utf8').split('\n')).toHaveLength(5);
});

test('a line that was cut off does not become a part of the next one', async () => {
  await new StoreNames(folder).add('shards/ä');
  appendFileSync(list, '"shards/to');
  expect(await namesNow()).toEqual(['shards/ä']);
  await new StoreNames(folder).add('shards/c');
  expect(await namesNow()).toEqual(['shards/ä', 'shards/c']);
});

test('a list whose head was cut off is begun again', async () => {
  await new StoreNames(folder).add('shards/a');
  truncateSync(list, 7);
  expect(await namesNow()).toEqual([]);
  await new StoreNames(folder).add('shards/b');
  expect(await namesNow()).toEqual(['shards/b']);
});

test('a list that is not ours, or damaged within, is refused', async () => {
  writeFileSync(list, 'notes of mine');
  await expect(namesNow()).rejects.toMatchObject({ code: 'corrupt-file' });
  writeFileSync(list, '{"pronkStore":1}\n"shards/a"shards/b"\n');
  await expect(namesNow()).rejects.toMatchObject({ code: 'corrupt-file' });
  writeFileSync(list, '{"mine":1}\n');
  await expect(namesNow()).rejects.toMatchObject({ code: 'foreign-folder' });
  rmSync(list);
  mkdirSync(join(folder, 'photos'));
  await expect(namesNow()).rejects.toMatchObject({ code: 'foreign-folder' });
});
