// What is saved without a folder: one file as it is, several in one archive, which holds what was written to the byte.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { textFile, writeFiles } from '../engine/export/file';
import { blobSource } from '../core/source';
import { dataStart, readZip } from '../formats/torch/zip';
import { failed } from '../engine/save';
import { Saves } from './saves';
import { Directory } from './testing/directory';

let root: Directory;
const told: string[] = [];
beforeEach(() => {
  root = new Directory();
  told.length = 0;
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } });
});
afterEach(() => vi.unstubAllGlobals());

const saves = () => new Saves(() => (stage) => told.push(stage));
const save = (names: readonly string[], archive = 'Rows (2): PEFT') =>
  saves().save('id', undefined, archive, (folder, options) =>
    writeFiles(
      folder,
      names.map((name, i) => textFile(name, `${name} `.repeat(1000 * i + 1))),
      options,
    ),
  );

test('several files are one archive with a name of its own', async () => {
  const names = ['adapter_config.json', 'adapter_model.safetensors', 'leer ü.md'];
  const saved = await save(names);
  expect(saved.map(({ name, ok }) => [name, ok])).toEqual(names.map((name) => [name, true]));
  const [file] = new Set(saved.map((each) => each.file));
  expect([file?.name, new Set(saved.map((each) => each.file)).size]).toEqual(['Rows (2)- PEFT.zip', 1]);
  const source = blobSource(file!);
  const entries = await readZip(source);
  expect([...entries.keys()]).toEqual(names);
  for (const [i, name] of names.entries()) {
    const { size, packed } = entries.get(name)!;
    const start = await dataStart(source, entries.get(name)!);
    const text = new TextDecoder().decode(await source.read(start, start + size));
    expect([text, packed]).toEqual([`${name} `.repeat(1000 * i + 1), false]);
  }
  // what lies in it does not take the disk twice
  const [folder] = (root.entries.get('downloads') as Directory).entries.values();
  expect([...(folder as Directory).entries.keys()]).toEqual(['Rows (2)- PEFT.zip']);
  expect(told).toContain('Putting the files together');
});

test('one file comes as it is, and one that failed comes not at all', async () => {
  const [single] = await save(['model.gguf']);
  expect(single?.file?.name).toBe('model.gguf');
  const saved = await saves().save('id', undefined, 'Both', async function* (folder, options) {
    yield* writeFiles(folder, [textFile('good.json', '{}')], options);
    yield failed('bad.json', new Error('It is damaged.'));
  });
  expect(saved.map(({ ok, file }) => [ok, file?.name])).toEqual([
    [true, 'good.json'],
    [false, undefined],
  ]);
});

test('a disk that has no room for the archive hands the files over one by one', async () => {
  root.fullFor = '.zip';
  const saved = await save(['a.json', 'b.json']);
  expect(saved.map(({ file }) => file?.name)).toEqual(['a.json', 'b.json']);
  expect(await saved[0]?.file?.text()).toBe('a.json ');
});

test('cancelled while the files are put together, nothing is handed over', async () => {
  const made = new Saves(() => (stage) => stage.startsWith('Putting') && made.cancel('id'));
  const saving = made.save('id', undefined, 'Both', (folder, options) =>
    writeFiles(folder, [textFile('a', 'a'), textFile('b', 'b')], options),
  );
  await expect(saving).rejects.toMatchObject({ name: 'AbortError' });
});
