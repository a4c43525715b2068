// Imports that are interrupted at awkward moments: whatever comes of them is whole, or nothing.
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { PronkError } from '../../core/errors';
import { bytesSource, type Source } from '../../core/source';
import { encSource, sha256Of } from '../../formats/patches/xor';
import { memoryStore } from '../../storage/memory';
import type { Store } from '../../storage/store';
import { sweep, verifyModel } from '../../storage/stored-model';
import { dyingAt } from '../../storage/testing/dying';
import type { GivenSource } from './identity';
import { Imports } from './index';
import { TALES, TALES_FILES } from '../../testing/fixtures';

const SIZES = { batchBytes: 20_000, shardBytes: 50_000, smallBytes: 0 };

function given(change: (source: Source) => Source = (source) => source): GivenSource[] {
  return TALES_FILES.map((path) => ({ path, source: change(bytesSource(readFileSync(`${TALES}/${path}`), path)) }));
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => (error instanceof PronkError ? error.code : error.name),
  );

/** All that is stored of a model but for names that are chosen by chance. */
async function contents(store: Store, id: string) {
  await verifyModel(store, id);
  const { addedAt: _, ...manifest } = (await store.records.get<Record<string, unknown>>('models', id))!;
  const text = JSON.stringify(manifest).replaceAll(/@[0-9a-f]{8}\//g, '@/');
  return { text, keys: (await store.shards.keys()).length };
}

/** Starts an import and pauses it after some batches. */
async function paused(store: Store, files: readonly GivenSource[], batches = 20): Promise<void> {
  const imports = new Imports({ store });
  await imports.plan('a', { kind: 'files', files });
  let count = 0;
  const pause = () => void (++count === batches && imports.pause('a'));
  expect(await code(imports.start('a', { quantize: 'q8' }, pause, SIZES))).toBe('paused');
}

describe('an import that is interrupted', () => {
  afterEach(() => vi.unstubAllGlobals());
  let whole: Awaited<ReturnType<typeof contents>>;
  beforeAll(async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    await imports.plan('a', { kind: 'files', files: given() });
    await imports.start('a', { quantize: 'q8' }, undefined, SIZES);
    whole = await contents(store, 'a');
  });

  test('what is asked to go on at once, wherever it was cut off, becomes the same, its quality too', async () => {
    for (let n = 1; n < 20; n++) {
      const store = memoryStore();
      const imports = new Imports({ store: dyingAt(store, n) });
      await imports.plan('a', { kind: 'files', files: given() });
      await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES));
      if (!(await store.records.keys('imports')).length) continue;
      await new Imports({ store }).resume('a', { files: given() }, undefined, SIZES);
      expect(await contents(store, 'a'), `cut off at ${n}`).toEqual(whole);
      expect(await store.records.keys('imports')).toEqual([]);
    }
  });

  test('a cancellation that is cut off leaves nothing that goes on to a part of a model', async () => {
    for (let n = 0; n < 6; n++) {
      const store = memoryStore();
      await paused(store, given());
      await code(new Imports({ store: dyingAt(store, n) }).cancel('a'));
      await sweep(store);
      const next = new Imports({ store });
      if ((await next.pending()).length) {
        await next.resume('a', { files: given() }, undefined, SIZES);
        expect(await contents(store, 'a'), `cut off at ${n}`).toEqual(whole);
      } else expect(await store.shards.keys()).toEqual([]);
    }
  });

  test('shards that the disk has lost are made again', async () => {
    const store = memoryStore();
    await paused(store, given());
    const [first] = await store.shards.keys();
    await store.shards.delete(first!);
    await new Imports({ store }).resume('a', { files: given() }, undefined, SIZES);
    expect(await contents(store, 'a')).toEqual(whole);
  });

  test('what is cancelled or paused while its files are looked for ends so', async () => {
    for (const end of ['cancel', 'pause'] as const) {
      const store = memoryStore();
      await paused(store, given());
      const imports = new Imports({ store });
      let ended: Promise<void> | undefined;
      const files = given((source) => ({
        ...source,
        read: (from, to) => {
          ended ??= Promise.resolve(imports[end]('a'));
          return source.read(from, to);
        },
      }));
      const outcome = await code(imports.resume('a', { files }, undefined, SIZES));
      expect(outcome).toBe(end === 'pause' ? 'paused' : 'AbortError');
      await ended;
      expect((await imports.pending()).length).toBe(end === 'pause' ? 1 : 0);
      expect((await store.shards.keys()).length > 0).toBe(end === 'pause');
    }
  });

  test('nothing is left once a cancellation is answered', async () => {
    const store = memoryStore();
    const imports = new Imports({ store });
    await imports.plan('a', { kind: 'files', files: given() });
    let cancelled: Promise<void> | undefined;
    let batches = 0;
    const cancel = () => {
      if (++batches === 20) cancelled = imports.cancel('a');
    };
    const outcome = code(imports.start('a', { quantize: 'q8' }, cancel, SIZES));
    await vi.waitUntil(() => cancelled !== undefined);
    await cancelled;
    expect(await store.shards.keys()).toEqual([]);
    expect(await store.records.keys('imports')).toEqual([]);
    expect(await outcome).toBe('AbortError');
  });

  test('of two tabs that go on with an import one does, and what it made stays', async () => {
    vi.stubGlobal('navigator', { locks: fakeLocks() });
    const store = memoryStore();
    await paused(store, given());
    let waiting = true;
    const slow = given((source) => ({
      ...source,
      async read(from, to) {
        await vi.waitUntil(() => !waiting);
        return source.read(from, to);
      },
    }));
    const first = code(new Imports({ store }).resume('a', { files: slow }, undefined, SIZES));
    const second = code(new Imports({ store }).resume('a', { files: given() }, undefined, SIZES));
    setTimeout(() => (waiting = false), 100);
    expect([await first, await second].toSorted()).toEqual(['busy', 'no error']);
    expect(await contents(store, 'a')).toEqual(whole);
  });

  test('bytes that are read again after a pause are checked too', async () => {
    const key = bytesSource(
      Uint8Array.from({ length: 777_777 }, (_, i) => (i * 2654435761) >>> 13),
      'key.pth',
    );
    const plain = bytesSource(readFileSync(`${TALES}/model.safetensors`), 'model.safetensors');
    const rest = await Promise.all(
      [
        ...given()
          .filter(({ path }) => path !== plain.name)
          .map(({ source }) => source),
        plain,
      ].map(async (source) => encSource(source, key, await sha256Of(source))),
    );
    const files = [...rest, { ...key, name: 'consolidated.00.pth' }].map((source) => ({ path: source.name, source }));
    const store = memoryStore();
    await paused(store, files, 31);
    const { written, done } = (await store.records.get<{ written: { tensors: unknown[] }; done: number }>(
      'imports',
      'a',
    ))!;
    expect(written.tensors.length).toBeGreaterThan(0);
    // all that was read before the pause is another thing now, but for what files are known by
    const damaged = files.map(({ path, source }) => ({
      path,
      source: {
        ...source,
        read: async (start: number, end: number) => {
          const bytes = await source.read(start, end);
          if (!path.startsWith(plain.name) || end - start === 65_536) return bytes;
          for (let at = Math.max(start, 70_000); at < Math.min(end, done); at++) bytes[at - start] ^= 1;
          return bytes;
        },
      },
    }));
    expect(await code(new Imports({ store }).resume('a', { files: damaged }, undefined, SIZES))).toBe('hash-mismatch');
    expect(await store.shards.keys()).toEqual([]);
  });
});

/** Web Locks, as far as they are used here. */
function fakeLocks() {
  const held = new Map<string, Promise<unknown>>();
  return {
    async request(name: string, ...rest: unknown[]) {
      const task = rest.pop() as (lock: unknown) => Promise<unknown>;
      const { ifAvailable } = (rest[0] ?? {}) as { ifAvailable?: boolean };
      while (held.has(name)) {
        if (ifAvailable) return task(null);
        await held.get(name)!.catch(() => {});
      }
      const running = task({ name });
      held.set(name, running);
      try {
        return await running;
      } finally {
        held.delete(name);
      }
    },
  };
}
