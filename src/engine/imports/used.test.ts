// Parts of a model that hold no tensor are a part of it all the same.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type GgufValue, readGguf } from '../../formats/gguf/gguf';
import { writeGguf } from '../../formats/gguf/writer';
import { bytesSource, type Source } from '../../core/source';
import { memoryStore } from '../../storage/memory';
import { Imports } from './index';
import { sourceOf } from '../../formats/testing/pieces';

const u16 = (value: number): GgufValue => ({ type: 'u16', value });

/** The bundled model in two parts, of which the first has the metadata alone (llama.cpp's --no-tensor-first-split). */
async function split(): Promise<Source[]> {
  const whole = bytesSource(readFileSync('public/demo-model/pronk-6m-q8_0.gguf'), 'whole.gguf');
  const { metadata, tensors } = await readGguf(whole);
  const contents = tensors.map(({ start, bytes, ...tensor }) => ({
    ...tensor,
    async *pieces() {
      yield await whole.read(start, start + bytes);
    },
  }));
  const numbered = (no: number) =>
    [
      ['split.no', u16(no)],
      ['split.count', u16(2)],
    ] as const;
  return Promise.all([
    sourceOf(writeGguf({ metadata: new Map([...metadata, ...numbered(0)]), tensors: [] }), 'm-00001-of-00002.gguf'),
    sourceOf(writeGguf({ metadata: new Map(numbered(1)), tensors: contents }), 'm-00002-of-00002.gguf'),
  ]);
}

test('a first part that has the metadata alone is one of the sources', async () => {
  const files = (await split()).map((part) => ({ path: part.name, source: part }));
  const notes = { path: 'notes.txt', source: bytesSource(new TextEncoder().encode('to do'), 'notes.txt') };
  const imports = new Imports({ store: memoryStore() });
  const plan = await imports.plan('a', { kind: 'files', files: [...files, notes] });
  expect(plan).toMatchObject({ unused: ['notes.txt'], files: files.map(({ path }) => ({ name: path })) });
  const { source: from, tensors } = await imports.start('a', { quantize: 'keep' });
  expect(from).toBe('m-00001-of-00002.gguf, m-00002-of-00002.gguf');
  expect(tensors.length).toBeGreaterThan(10);
});
