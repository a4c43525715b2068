import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { WeightTensor } from '../../core/weight-kinds';
import { packRows } from '../../quant/repack';
import { listModels, openStoredModel, removeModel, sweep, writeModel } from '../../storage/stored-model';
import { fileStore, holdsModel, removePartials } from './file-store';
import { modelFiles } from './files';
import { directory } from './folder';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-files-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(scratch, 'case-'));
});

const bytes = (...values: number[]) => new Uint8Array(values);

test('a split model’s parts come together, whichever of them is named', async () => {
  for (const name of [
    'm-00001-of-00002.gguf',
    'm-00002-of-00002.gguf',
    'm-00001-of-00003.gguf',
    'n-00002-of-00002.gguf',
  ]) {
    writeFileSync(join(path, name), 'GGUF');
  }
  const names = async (name: string) => (await modelFiles(join(path, name))).map((file) => file.name);
  const both = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];
  expect(await names(both[0])).toEqual(both);
  expect(await names(both[1])).toEqual(both);
  expect(await names('m-00001-of-00003.gguf')).toEqual(['m-00001-of-00003.gguf']);
  await expect(names('o.gguf')).rejects.toMatchObject({ code: 'no-file' });
});

test('a folder’s files, linked ones too', async () => {
  mkdirSync(join(path, 'model/inner'), { recursive: true });
  writeFileSync(join(path, 'blob'), 'abc');
  symlinkSync(join(path, 'blob'), join(path, 'model/b.bin'));
  symlinkSync(join(path, 'gone'), join(path, 'model/c.bin'));
  writeFileSync(join(path, 'model/a.bin'), 'ab');
  const files = await modelFiles(join(path, 'model'));
  expect(files.map(({ name, size }) => [name, size])).toEqual([
    ['model/a.bin', 2],
    ['model/b.bin', 3],
  ]);
  await expect(files[0].read(0, 3)).rejects.toMatchObject({ code: 'corrupt-file' });
});

test('Meta’s folders have their tokenizer in the folder above', async () => {
  for (const folder of ['7B', '13B', 'hf']) mkdirSync(join(path, folder));
  writeFileSync(join(path, 'tokenizer.model'), 'above');
  writeFileSync(join(path, '7B/params.json'), '{}');
  writeFileSync(join(path, '13B/params.json'), '{}');
  writeFileSync(join(path, '13B/tokenizer.model'), 'own');
  writeFileSync(join(path, 'hf/config.json'), '{}');
  const filesOf = async (folder: string) =>
    (await modelFiles(join(path, folder))).map(({ name, size }) => [name, size] as const);
  expect(await filesOf('7B')).toEqual([
    ['7B/params.json', 2],
    ['7B/tokenizer.model', 5],
  ]);
  expect(await filesOf('13B')).toContainEqual(['13B/tokenizer.model', 3]);
  expect(await filesOf('hf')).toEqual([['hf/config.json', 2]]);
});

test('a saved file is there once it is whole, and not at all when it is given up', async () => {
  const folder = await directory(join(path, 'a/b'));
  const sink = await folder.create('x.bin');
  await sink.write(bytes(1, 2));
  await sink.write(bytes(3));
  expect(readdirSync(join(path, 'a/b'))).not.toContain('x.bin');
  await sink.close();
  expect([...readFileSync(join(path, 'a/b/x.bin'))]).toEqual([1, 2, 3]);
  const other = await folder.create('x.bin');
  await other.write(bytes(9));
  await other.abort();
  expect(readdirSync(join(path, 'a/b'))).toEqual(['x.bin']);
  expect([...readFileSync(join(path, 'a/b/x.bin'))]).toEqual([1, 2, 3]);
  await expect(folder.create('../x')).rejects.toThrow(RangeError);
  await expect(directory(join(path, 'a/b/x.bin'))).rejects.toMatchObject({ code: 'not-a-folder' });
});

test('the store keeps records and shards, whatever their keys', async () => {
  const store = fileStore(join(path, 'store'));
  expect([await store.shards.keys(), await store.records.keys('models'), await store.shards.get('x')]).toEqual([
    [],
    [],
    undefined,
  ]);
  expect((await store.estimate()).used).toBe(0);
  const key = 'a b/c@1:2';
  await store.records.set('chats', key, { text: 'Grüße' });
  await store.shards.put(key, new Blob([bytes(1, 2, 3)]));
  await store.shards.put('other', bytes(4));
  const again = fileStore(join(path, 'store'));
  expect(await again.records.get('chats', key)).toEqual({ text: 'Grüße' });
  expect(await again.records.keys('chats')).toEqual([key]);
  expect((await again.shards.keys()).toSorted()).toEqual([key, 'other']);
  const source = (await again.shards.get(key))!;
  expect([source.size, [...(await source.read(1, 3))]]).toEqual([3, [2, 3]]);
  expect((await again.estimate()).used).toBe(4);
  // what a killed process was writing is no shard, nor is what Pronk did not write
  writeFileSync(join(path, `store/shards/.partial-${crypto.randomUUID()}`), 'x');
  writeFileSync(join(path, 'store/shards/.partial-mine'), 'x');
  writeFileSync(join(path, 'store/shards/notes.txt'), 'x');
  writeFileSync(join(path, 'store/chats/other.json'), '{}');
  await again.shards.delete('other');
  await again.records.delete('chats', key);
  expect([await store.shards.keys(), await store.records.keys('chats')]).toEqual([[key], []]);
  await removePartials(join(path, 'store'));
  expect(readdirSync(join(path, 'store/shards')).toSorted()).toEqual(
    ['.partial-mine', encodeURIComponent(key), 'notes.txt'].toSorted(),
  );
  await removePartials(join(path, 'nowhere'));
});

test('a model is stored, opened, damaged, removed', async () => {
  const store = fileStore(path);
  const values = Float32Array.from({ length: 64 }, (_, i) => i / 7);
  const tensor: WeightTensor = {
    name: 'model.norm.weight',
    kind: 'f32',
    rows: 2,
    columns: 32,
    async *groups() {
      yield { ...packRows(values, 'f32', 2, 32), rowStart: 0 };
    },
  };
  const meta = {
    name: 'tiny',
    config: { architecture: 'llama' } as never,
    source: 'test',
    addedAt: 1,
    tokenizer: {
      definition: { kind: 'sentencepiece' as const, model: bytes(1, 2, 255) },
      eosIds: [2],
      addBos: true,
      specialTokens: {},
    },
  };
  expect(await holdsModel(path)).toBe(false);
  await writeModel(store, 'model', meta, [tensor]);
  expect(await holdsModel(path)).toBe(true);
  expect((await listModels(store)).map(({ name }) => name)).toEqual(['tiny']);
  const model = await openStoredModel(store, 'model');
  expect(model.tokenizer).toEqual(meta.tokenizer);
  for await (const group of model.tensors[0].groups()) {
    expect(new Float32Array(group.codes.slice().buffer)).toEqual(values);
  }
  const shard = readdirSync(join(path, 'shards')).find((name) => name.endsWith('000'))!;
  const damaged = readFileSync(join(path, 'shards', shard));
  damaged[10] ^= 1;
  writeFileSync(join(path, 'shards', shard), damaged);
  const [read] = (await openStoredModel(store, 'model')).tensors;
  await expect(read!.groups()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'corrupt-file' });
  await store.shards.put('lost', bytes(1));
  writeFileSync(join(path, 'shards/foreign'), 'x');
  expect(await sweep(store)).toBe(1);
  await removeModel(store, 'model');
  expect(readdirSync(join(path, 'shards'))).toEqual(['foreign']);
});

test.skipIf(!existsSync('/proc/self'))(
  'a folder that takes no folders is said to take none (skipped without /proc/self)',
  async () => {
    await expect(directory('/proc/pronk/inner')).rejects.toMatchObject({ code: 'no-permission' });
    await directory(join(path, 'one/two/three'));
    await directory(join(path, 'one/two/three'));
    writeFileSync(join(path, 'one/file'), '');
    await expect(directory(join(path, 'one/file/two'))).rejects.toMatchObject({ code: 'not-a-folder' });
  },
);
