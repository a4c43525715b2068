// Ranges that readers ask for during the one pass over a source, and hashes, against the source itself.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createHasher, type HasherFactory } from '../../core/hash';
import { bytesSource, type Source } from '../../core/source';
import { SequentialSource } from './sequential';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 2654435761) >>> 13);
const expected = { sha256: createHash('sha256').update(bytes).digest('hex') };
const file = bytesSource(bytes, 'model.gguf');

/** A source whose `n`-th read has one bit wrong. */
function lying(n: number): Source {
  let reads = 0;
  return {
    ...file,
    async read(start, end) {
      const result = await file.read(start, end);
      if (reads++ === n) result[result.length >> 1] ^= 1;
      return result;
    },
  };
}

const options = { expected, hashers: createHasher, window: 64 };
const mismatch = expect.objectContaining({ code: 'hash-mismatch' });

test('a directory that was read before the pass must be the one that passes', async () => {
  for (const [start, end] of [
    [0, 100],
    [900, 1000],
    [60, 70],
  ] as const) {
    const source = new SequentialSource(lying(0), options);
    await source.read(start, end);
    await source.begin();
    await expect(source.finish()).rejects.toEqual(mismatch);
  }
});

test('what is read again must be what has passed, in a later part of the pass too', async () => {
  const first = new SequentialSource(file, options);
  await first.begin();
  await first.read(0, 500);
  await expect(first.read(10, 400)).resolves.toEqual(bytes.slice(10, 400));
  const saved = await first.saveHash();
  first.close();
  expect(saved.at).toBe(512);

  const honest = new SequentialSource(file, options);
  honest.resumeFrom(structuredClone(saved));
  await expect(honest.read(500, 1000)).resolves.toEqual(bytes.slice(500));
  await honest.begin();
  await expect(honest.read(100, 700)).resolves.toEqual(bytes.slice(100, 700));
  await honest.finish();
  const ended = await honest.saveHash();
  expect(ended).toMatchObject({ at: 1000, states: {} });

  const wrong = new SequentialSource(lying(0), options);
  wrong.resumeFrom(saved);
  await expect(wrong.read(10, 20)).rejects.toEqual(mismatch);
  // a file that was found right is not hashed once more, and still is not believed
  const again = new SequentialSource(lying(0), options);
  again.resumeFrom(ended);
  await again.begin();
  await expect(again.read(950, 1000)).rejects.toEqual(mismatch);
});

test('a state of other windows, or of another digest, is begun anew', async () => {
  const first = new SequentialSource(file, options);
  await first.begin();
  await first.read(0, 500);
  const saved = await first.saveHash();
  for (const from of [
    { ...saved, window: 32 },
    { ...saved, states: {} },
    { ...saved, sums: [] },
  ]) {
    const source = new SequentialSource(file, options);
    source.resumeFrom(from);
    await source.begin();
    expect(source.position).toBe(0);
    await source.finish();
  }
});

test('hashers start with the first byte and end with the last', async () => {
  let [saves, under] = [0, 0];
  const hashers: HasherFactory = async (algorithm, state) => {
    const hasher = await createHasher(algorithm, state);
    under++;
    return {
      ...hasher,
      save: () => (saves++, hasher.save()),
      digest: () => (under--, hasher.digest()),
    };
  };
  const source = new SequentialSource(file, { ...options, hashers });
  await source.begin();
  expect(await source.saveHash()).toMatchObject({ at: 0, states: {} });
  expect(saves).toBe(0);
  await source.read(0, 1000);
  expect(under).toBe(0);
  await source.finish();
});

test('hashers that never answer are not waited for once the pass is cut off', async () => {
  const never = () => new Promise<never>(() => {});
  const outcome = (promise: Promise<unknown>, milliseconds: number) =>
    Promise.race([
      promise.then(
        () => 'done',
        (error: unknown) => error,
      ),
      new Promise((resolve) => setTimeout(() => resolve('nothing'), milliseconds)),
    ]);
  for (const silent of ['update', 'save', 'digest'] as const) {
    const hashers: HasherFactory = async (name) => ({ ...(await createHasher(name)), [silent]: never });
    const controller = new AbortController();
    const source = new SequentialSource(file, { ...options, hashers, signal: controller.signal });
    await source.begin();
    if (silent === 'save') await source.read(0, 500);
    const waiting = silent === 'save' ? source.saveHash() : source.finish();
    // negative control: as long as it goes on, they are waited for
    expect(await outcome(waiting, 100), silent).toBe('nothing');
    controller.abort('paused');
    expect(await outcome(waiting, 4000), silent).toBe('paused');
    source.close();
  }
});

test('a state that comes soon after a pause is kept', async () => {
  const hashers: HasherFactory = async (name) => {
    const hasher = await createHasher(name);
    return { ...hasher, save: () => new Promise((resolve) => setTimeout(() => resolve(hasher.save()), 50)) };
  };
  const controller = new AbortController();
  const source = new SequentialSource(file, { ...options, hashers, signal: controller.signal });
  await source.begin();
  await source.read(0, 500);
  controller.abort();
  expect((await source.saveHash()).at).toBe(512);
  source.close();
});
