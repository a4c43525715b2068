// Conversion in parallel with reading: several batches in progress, answered in any order, are stored as in a
// conversion one by one.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PronkError } from '../../core/errors';
import { bytesSource } from '../../core/source';
import { memoryStore } from '../../storage/memory';
import { dyingAt } from '../../storage/testing/dying';
import { TALES, TALES_FILES } from '../../testing/fixtures';
import { type Batch, type ConverterFactory, convertBatch } from './converter';
import { Imports } from './index';

const SIZES = { batchBytes: 20_000, shardBytes: 50_000, smallBytes: 0 };
const files = TALES_FILES.map((name) => {
  const path = `tales/${name}`;
  return { path, source: bytesSource(readFileSync(`${TALES}/${name}`), path) };
});

/** A converter that answers later, every other batch before the one ahead of it, and counts the batches in progress. */
function beside(ahead: number, convert = convertBatch) {
  const seen = { batches: 0, most: 0, underWay: 0, ended: 0 };
  const converters: ConverterFactory = () => ({
    ahead,
    async convert(batch: Batch) {
      const wait = seen.batches++ % 2 ? 1 : 6;
      seen.most = Math.max(seen.most, ++seen.underWay);
      await new Promise((resolve) => setTimeout(resolve, wait));
      seen.underWay--;
      return convert(batch);
    },
    end: () => seen.ended++,
  });
  return { seen, converters };
}

async function imported(converters?: ConverterFactory) {
  const store = memoryStore();
  const imports = new Imports({ store, converters });
  await imports.plan('a', { kind: 'files', files });
  const { shards, quality } = await imports.start('a', { quantize: 'q8' }, undefined, SIZES);
  return { sums: shards.map(({ bytes, checksums }) => [bytes, checksums]), quality };
}

test('the same shards and errors, with as many batches under way as it takes ahead', async () => {
  const here = await imported();
  expect(here.sums.length).toBeGreaterThan(3);
  for (const ahead of [0, 2]) {
    const { seen, converters } = beside(ahead);
    expect(await imported(converters)).toEqual(here);
    expect(seen).toMatchObject({ most: ahead + 1, underWay: 0, ended: 1 });
  }
});

test('negative control: a converter that loses values stores something else', async () => {
  const { converters } = beside(2, (batch) => convertBatch({ ...batch, bytes: batch.bytes.map(() => 0) }));
  const [lossy, here] = [await imported(converters), await imported()];
  expect(lossy.sums).not.toEqual(here.sums);
  expect(lossy.quality).not.toEqual(here.quality);
});

test('an import that is cut off with batches under way becomes the same', async () => {
  const here = await imported();
  for (let n = 4; n < 14; n += 3) {
    const store = memoryStore();
    const { converters } = beside(2);
    const imports = new Imports({ store: dyingAt(store, n), converters });
    await imports.plan('a', { kind: 'files', files });
    await expect(imports.start('a', { quantize: 'q8' }, undefined, SIZES)).rejects.toThrow();
    const resumed = new Imports({ store, converters });
    const { shards, quality } = await resumed.resume('a', { files }, undefined, SIZES);
    const sums = shards.map(({ bytes, checksums }) => [bytes, checksums]);
    expect({ sums, quality }, `cut off at ${n}`).toEqual(here);
  }
});

test('what it finds wrong ends the import, and it', async () => {
  let batches = 0;
  const { seen, converters } = beside(2, (batch) => {
    if (++batches === 5) throw new PronkError('nan-weights', 'not a number');
    return convertBatch(batch);
  });
  await expect(imported(converters)).rejects.toMatchObject({ code: 'nan-weights' });
  expect(seen.ended).toBe(1);
});

/** The outcome of an import whose converter never answers, after `ask`; `nothing` if it does not end in that time. */
async function silent(ask: (imports: Imports) => unknown, milliseconds: number) {
  const converters: ConverterFactory = () => ({ ahead: 2, convert: () => new Promise(() => {}), end: () => {} });
  const imports = new Imports({ store: memoryStore(), converters });
  await imports.plan('a', { kind: 'files', files });
  const ended = imports.start('a', { quantize: 'q8' }, undefined, SIZES).then(
    () => 'whole',
    (error: Error) => (error instanceof PronkError ? error.code : error.name),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  ask(imports);
  return Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve('nothing'), milliseconds))]);
}

test('a converter that never answers does not keep an import from being paused or cancelled', async () => {
  expect(await silent((imports) => imports.pause('a'), 4000)).toBe('paused');
  expect(await silent((imports) => imports.cancel('a'), 4000)).toBe('AbortError');
  // negative control: nothing else ends it
  expect(await silent(() => {}, 300)).toBe('nothing');
});
