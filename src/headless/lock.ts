// One process at a time in a folder. A lock names its process by id and start, so that one left by a dead process, even
// where its id was given to another, blocks nobody.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import { PronkError } from '../formats/errors';
import { diskError, makeFolder } from './folder';

interface Owner {
  readonly pid: number;
  /** When the process was started, in the system's own words. */
  readonly started: string;
  /** Of this taking. */
  readonly token: string;
}

/**
 * Takes the lock at `path`; the result gives it back.
 * @throws PronkError `busy` while a live process has it
 */
export async function takeLock(path: string, what: string): Promise<() => Promise<void>> {
  const mine: Owner = { pid: process.pid, started: startOf(process.pid) ?? '', token: randomUUID() };
  const folder = dirname(path);
  await makeFolder(folder);
  for (let attempt = 0; attempt < 20; attempt++) {
    const created = await writeFile(path, JSON.stringify(mine), { flag: 'wx' }).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw diskError(error, folder);
      },
    );
    if (created) {
      return async () => {
        if ((await ownerOf(path))?.token === mine.token) await rm(path, { force: true });
      };
    }
    const owner = await ownerOf(path);
    if (owner && isAlive(owner)) {
      throw new PronkError(
        'busy',
        `${what} is in use by process ${owner.pid}. Wait for it to end, or choose another folder.`,
      );
    }
    await removeDead(path, owner);
  }
  throw new PronkError('busy', `${what} is in use: its lock ${path} keeps changing hands. Try again.`);
}

/** Takes a dead owner's lock away; one that another process has taken since is put back. */
async function removeDead(path: string, dead: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return;
  const owner = await ownerOf(aside);
  if (owner && owner.token !== dead?.token && isAlive(owner)) {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' }).catch(() => {});
  }
  await rm(aside, { force: true });
}

/** Undefined for a lock that is gone, or that its process died writing. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof owner === 'object' && owner !== null && 'pid' in owner ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Owner): boolean {
  return startOf(pid) === started;
}

/** When a process was started; undefined for one that is not there. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // what follows the name in parentheses: state, parent, … the twentieth is the start in clock ticks since boot
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${bootId()} ${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  if (process.platform === 'win32') return 'running';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
