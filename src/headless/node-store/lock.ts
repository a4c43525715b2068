// One process at a time in a folder, by a lock of the operating system's on a file in it. The system gives the lock back when
// its process ends, however it ends, so a file that a dead process left behind blocks nobody.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { PronkError } from '../../core/errors';
import { diskError, makeFolder, NO_FOLLOW } from './folder';

/** The lock's file in a folder that is being written. */
export const LOCK = '.pronk-lock';

/**
 * Runs a task that writes a folder, which is made where it is missing, while no other process does.
 * @throws PronkError `busy` while another process has the folder; `not-a-folder`, `no-permission`
 */
export async function whileLocked<T>(folder: string, task: () => Promise<T>): Promise<T> {
  const { release, made } = await takeLock(join(folder, LOCK), folder);
  try {
    return await task();
  } finally {
    release();
    // folders that were made for nothing go again
    for (const each of made.toReversed()) await rmdir(each).catch(() => {});
  }
}

interface Taken {
  /** Gives the lock back and removes its file. */
  readonly release: () => void;
  /** Folders that were made for it, the outermost first. */
  readonly made: readonly string[];
}

/** Tries before a folder that keeps vanishing is given up; others may remove what they made for nothing. */
const ATTEMPTS = 100;

/**
 * Takes the lock at `path`.
 * @param what is being locked, for the message
 * @throws PronkError `busy` while another has it, in this process or another
 */
export async function takeLock(path: string, what: string): Promise<Taken> {
  const made: string[] = [];
  for (let attempt = 1; ; attempt++) {
    made.push(...(await makeFolder(dirname(path))));
    const file = openLock(path, attempt < ATTEMPTS);
    if (file === undefined) continue;
    let taken = false;
    try {
      taken = locked(file, path);
      if (!taken) {
        const owner = ownerOf(path);
        const by = owner === undefined ? 'another process' : `process ${owner}`;
        throw new PronkError('busy', `${what} is in use by ${by}. Wait for it to end, or choose another folder.`);
      }
      // whoever had it may have removed the file between its opening and its locking: then it is nobody's, and not the path's
      if (isAt(file, path)) {
        ftruncateSync(file);
        writeSync(file, `${process.pid}\n`, 0);
        const release = () => {
          rmSync(path, { force: true });
          closeSync(file);
        };
        return { release, made };
      }
      taken = false;
    } finally {
      if (!taken) closeSync(file);
    }
  }
}

/** The lock's file, made where it is missing; a link is not followed. Undefined where the folder has vanished since, if that is allowed. */
function openLock(path: string, mayVanish: boolean): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | NO_FOLLOW, 0o644);
  } catch (error) {
    if (mayVanish && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw diskError(error, dirname(path));
  }
}

function locked(file: number, path: string): boolean {
  try {
    return tryLock(file);
  } catch (cause) {
    const message = `The file system of ${dirname(path)} has no locks, so two commands could damage each other's files there. Choose a folder on another disk.`;
    throw new PronkError('no-lock', message, { cause });
  }
}

/** Whether an open file is the one that the path leads to. */
function isAt(file: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(file);
  return there?.dev === dev && there.ino === ino;
}

/** The number of the process that has the lock; undefined where it has not written it yet, or another version wrote it. */
function ownerOf(path: string): string | undefined {
  try {
    return /^\d+$/.exec(readFileSync(path, 'utf8').trim())?.[0];
  } catch {
    return undefined;
  }
}
