import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hasher } from '../../core/hash';
import { threadHashers } from './hashers';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-hash-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const program = pathToFileURL(join(scratch, 'hash-thread.mjs'));
beforeAll(async () => {
  // Node 20 runs no TypeScript
  await build({
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    build: {
      ssr: 'src/headless/node-store/hash-thread.ts',
      outDir: scratch,
      emptyOutDir: false,
      rollupOptions: { output: { entryFileNames: 'hash-thread.mjs' } },
    },
    ssr: { noExternal: true },
  });
}, 60_000);

const data = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i) >>> 3);

async function feed(hasher: Hasher, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 100_000) await hasher.update(data.slice(at, Math.min(to, at + 100_000)));
}

describe.each([true, false])('resumable: %s', (resumable) => {
  test('many at once on few threads, each its own digest', async () => {
    const make = threadHashers({ resumable, program, threads: 2 });
    const digests = [7, 100_000, 0, 1 << 20].flatMap((length) =>
      (['sha256', 'md5'] as const).map(async (algorithm) => {
        const hasher = await make(algorithm);
        await feed(hasher, 0, length);
        const expected = createHash(algorithm).update(data.subarray(0, length)).digest('hex');
        expect(await hasher.digest()).toBe(expected);
      }),
    );
    await Promise.all(digests);
  });

  test('the caller’s bytes stay its own', async () => {
    const hasher = await threadHashers({ resumable, program })('sha256');
    const bytes = data.slice(0, 1000);
    await hasher.update(bytes);
    expect(bytes.length).toBe(1000);
    bytes.fill(0);
    expect(await hasher.digest()).toBe(createHash('sha256').update(data.subarray(0, 1000)).digest('hex'));
  });

  test('much more than may wait goes through, and those that are ended leave their thread working', async () => {
    const make = threadHashers({ resumable, program, threads: 1 });
    for (let i = 0; i < 10; i++) {
      const ended = await make('md5');
      await ended.update(data);
      ended.end();
    }
    const big = await make('md5');
    await big.update(new Uint8Array(0));
    const expected = createHash('md5');
    for (let i = 0; i < 40; i++) {
      await big.update(data);
      expected.update(data);
    }
    expect(await big.digest()).toBe(expected.digest('hex'));
  });
});

test('a state goes on elsewhere', async () => {
  const make = threadHashers({ resumable: true, program });
  const first = await make('sha256');
  await feed(first, 0, 333_333);
  const state = await first.save();
  first.end();
  const second = await make('sha256', state);
  await feed(second, 333_333, data.length);
  expect(await second.digest()).toBe(createHash('sha256').update(data).digest('hex'));
  const native = threadHashers({ resumable: false, program });
  await expect((await native('sha256')).save()).rejects.toThrow(/resumable/);
  await expect(native('sha256', state)).rejects.toThrow(RangeError);
});

test('a thread that cannot start fails what waits for it', async () => {
  const make = threadHashers({ resumable: true, program: pathToFileURL(join(scratch, 'nowhere.mjs')) });
  await expect(make('sha256')).rejects.toThrow(/nowhere/);
});
