// One process at a time in a folder; the dead block nobody.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { takeLock, whileLocked } from './lock';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-lock-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('one has it, and gives it back', async () => {
  const path = join(scratch, 'made', 'lock');
  const { release } = await takeLock(path, 'The folder');
  await expect(takeLock(path, 'The folder')).rejects.toMatchObject({
    code: 'busy',
    message: `The folder is in use by process ${process.pid}. Wait for it to end, or choose another folder.`,
  });
  release();
  (await takeLock(path, 'The folder')).release();
  expect(readdirSync(join(scratch, 'made'))).toEqual([]);
});

test('a task that fails gives the folder back', async () => {
  const folder = join(scratch, 'failed');
  const failing = whileLocked(folder, async () => {
    await expect(whileLocked(folder, async () => 0)).rejects.toMatchObject({ code: 'busy' });
    throw new Error('of the task');
  });
  await expect(failing).rejects.toThrow('of the task');
  // what was made for nothing is gone
  expect(existsSync(folder)).toBe(false);
  expect(await whileLocked(folder, async () => writeFileSync(join(folder, 'file'), ''))).toBe(undefined);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a file that a dead process, another version, or nobody left', async () => {
  const path = join(scratch, 'lock');
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  for (const left of [`${pid}\n`, `${process.pid}\n`, `{"pid":${process.pid},"started":"x"}`, '']) {
    writeFileSync(path, left);
    (await takeLock(path, 'The folder')).release();
  }
});

test.skipIf(process.platform === 'win32')('a link in its place is not followed (skipped on Windows)', async () => {
  const path = join(scratch, 'link');
  writeFileSync(join(scratch, 'target'), 'text');
  symlinkSync(join(scratch, 'target'), path);
  await expect(takeLock(path, 'The folder')).rejects.toMatchObject({ code: 'not-a-folder' });
});

/** A process that does as it is told over IPC: `take` answers whether it has the lock now, `release` gives it back. */
const TAKER = `
const [, bundle, path] = process.argv;
const { takeLock } = await import(bundle);
let release;
process.on('message', async (word) => {
  if (word === 'take') {
    ({ release } = await takeLock(path, 'The folder').catch((error) => (error.code === 'busy' ? {} : process.exit(1))));
    process.send(release !== undefined);
  } else {
    release?.();
    release = undefined;
    process.send('released');
  }
});
process.send('ready');
`;

/** The lock as a module that Node can load. */
async function bundled(): Promise<string> {
  const entry = fileURLToPath(new URL('lock.ts', import.meta.url));
  const outDir = join(scratch, 'bundle');
  const input = { lock: entry };
  await build({
    configFile: false,
    logLevel: 'error',
    build: { ssr: true, outDir, rollupOptions: { input, output: { entryFileNames: '[name].mjs' } } },
  });
  const external = import.meta.resolve('fs-native-extensions');
  const file = join(outDir, 'lock.mjs');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(['"])fs-native-extensions\1/, JSON.stringify(external)));
  return file;
}

function takers(count: number, bundle: string, path: string) {
  const argv = ['--input-type=module', '-e', TAKER, bundle, path];
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  const next = (child: ChildProcess) =>
    new Promise<unknown>((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('A taker ended')));
    }).finally(() => child.removeAllListeners());
  return {
    children,
    ready: () => Promise.all(children.map(next)),
    tell(word: 'take' | 'release') {
      const answers = Promise.all(children.map(next));
      for (const child of children) child.send(word);
      return answers;
    },
    end() {
      for (const child of children) child.kill();
    },
  };
}

test('of eight processes that find a dead one’s, one gets it, a thousand times', async () => {
  const path = join(scratch, 'raced');
  const rivals = takers(8, await bundled(), path);
  try {
    await rivals.ready();
    const winners: number[] = [];
    for (let round = 0; round < 1000; round++) {
      if (round % 2 === 0) writeFileSync(path, `${round}\n`);
      const won = await rivals.tell('take');
      winners.push(won.filter(Boolean).length);
      await rivals.tell('release');
    }
    expect(winners.filter((count) => count !== 1)).toEqual([]);
  } finally {
    rivals.end();
  }
}, 120_000);

test('processes that take it while others give it back: never two at once', async () => {
  const path = join(scratch, 'turns', 'lock');
  const rivals = takers(4, await bundled(), path);
  try {
    await rivals.ready();
    let has = 0;
    let turns = 0;
    const most = await Promise.all(
      rivals.children.map(async (child) => {
        let highest = 0;
        for (let round = 0; round < 400; round++) {
          const answer = new Promise((resolve) => child.once('message', resolve));
          child.send('take');
          if (await answer) {
            turns++;
            highest = Math.max(highest, ++has);
            // it is given back by another turn of the loop, so that others try meanwhile
            await new Promise((resolve) => setTimeout(resolve));
            has--;
          }
          const released = new Promise((resolve) => child.once('message', resolve));
          child.send('release');
          await released;
        }
        return highest;
      }),
    );
    expect(Math.max(...most)).toBe(1);
    expect(turns).toBeGreaterThan(100);
  } finally {
    rivals.end();
  }
}, 120_000);

test('a lock of a living process holds, and ends with the process', async () => {
  const path = join(scratch, 'held', 'lock');
  const { ready, tell, children } = takers(1, await bundled(), path);
  await ready();
  expect(await tell('take')).toEqual([true]);
  await expect(takeLock(path, 'The folder')).rejects.toMatchObject({ code: 'busy' });
  const [rival] = children;
  const gone = new Promise((resolve) => rival?.once('exit', resolve));
  rival?.kill('SIGKILL');
  await gone;
  (await takeLock(path, 'The folder')).release();
});
