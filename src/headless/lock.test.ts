// One process at a time in a folder; the dead block nobody.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { takeLock } from './lock';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-lock-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('one has it, and gives it back', async () => {
  const path = join(scratch, 'made', 'lock');
  const release = await takeLock(path, 'The folder');
  await expect(takeLock(path, 'The folder')).rejects.toMatchObject({ code: 'busy' });
  await release();
  await (await takeLock(path, 'The folder'))();
  expect(readdirSync(join(scratch, 'made'))).toEqual([]);
});

test('a lock of a dead process, of another that has its number, and a damaged one', async () => {
  const path = join(scratch, 'lock');
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const living = process.pid;
  for (const left of [{ pid, started: 'x' }, { pid: living, started: 'before' }, undefined]) {
    writeFileSync(path, left ? JSON.stringify({ ...left, token: 't' }) : '{"pid"');
    const release = await takeLock(path, 'The folder');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: living });
    await release();
  }
});

test.runIf(process.platform === 'linux')(
  'control: a lock of a living process holds, and ends with the process',
  async () => {
    const path = join(scratch, 'lock');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const [, fields] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(path, JSON.stringify({ pid: child.pid, started: `${boot} ${fields!.split(' ')[19]}`, token: 't' }));
    await expect(takeLock(path, 'The folder')).rejects.toMatchObject({ code: 'busy' });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await (await takeLock(path, 'The folder'))();
  },
);

test('of many that find a dead one’s, one gets it', async () => {
  const path = join(scratch, 'lock');
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(path, JSON.stringify({ pid, started: 'x', token: 't' }));
  const taken = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(path, 'The folder')));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
