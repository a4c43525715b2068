// A directory as the folder that files are saved to: written under another name, and renamed once whole.
import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PronkError } from '../../core/errors';
import type { Folder } from '../../storage/folder';

/**
 * Makes the folder at `path`, and what is missing of the folders around it. Node's own `recursive` never ends where a folder
 * that is there takes none, as under /proc (seen with Node 20): this gives up there.
 * @returns the folders that were made, the outermost first
 * @throws PronkError `not-a-folder`, `no-permission`, `quota-exceeded`
 */
export async function makeFolder(path: string): Promise<string[]> {
  const isFolder = () =>
    stat(path).then(
      (there) => there.isDirectory(),
      () => false,
    );
  if (await isFolder()) return [];
  const made = dirname(path) === path ? [] : await makeFolder(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // another process may have been as quick
    if (await isFolder()) return made;
    throw diskError(error, path);
  }
  return [...made, path];
}

/** Opens no link in a file's place; Windows knows no such flag. */
export const NO_FOLLOW = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

/** Ends the name of a file that is not whole yet. */
const PARTIAL = /\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.partial$/;

/** The directory at `path`, made when it is not there. Whoever writes several files to it holds its lock. */
export async function directory(path: string): Promise<Folder> {
  await makeFolder(path);
  return {
    async create(name) {
      if (/[\\/]/.test(name) || name === '.' || name === '..') throw new RangeError(`${name} is not a file's name`);
      await removeLeft(name).catch(sayWhy);
      const partial = join(path, `.${name}.${randomUUID()}.partial`);
      // never an existing file, nor what a link leads to
      const file = await open(partial, 'wx').catch(sayWhy);
      let closed = false;
      const close = async () => {
        if (!closed) await file.close();
        closed = true;
      };
      return {
        async write(bytes) {
          // a write may take less than it was given
          for (let at = 0; at < bytes.length; ) {
            at += (await file.write(bytes, at, bytes.length - at).catch(sayWhy)).bytesWritten;
          }
        },
        async close() {
          await close();
          await rename(partial, join(path, name)).catch(sayWhy);
        },
        async abort() {
          await close();
          await rm(partial, { force: true });
        },
      };
    },
  };

  /** Removes what a killed process left of a file. Whoever writes a folder has its lock, so nobody is writing it now. */
  async function removeLeft(name: string): Promise<void> {
    for (const other of await readdir(path)) {
      if (other.startsWith(`.${name}.`) && PARTIAL.test(other)) await rm(join(path, other), { force: true });
    }
  }

  function sayWhy(error: unknown): never {
    throw diskError(error, path);
  }
}

/**
 * Makes the folder of a file that a command is to write.
 * @param read paths that it reads: none is written over, by whatever name, nor is a file within one of them
 * @throws PronkError `no-file` where a folder has the file's name; `would-overwrite`
 */
export async function makeWay(path: string, read: readonly string[]): Promise<void> {
  await makeFolder(dirname(path));
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  if (there?.isDirectory()) throw new PronkError('no-file', `${path} is a folder, where a file is to be written.`);
  if (!there) return;
  const same = (other: BigIntStats | undefined) => other?.dev === there.dev && other.ino === there.ino;
  for (const each of read) {
    const found = await stat(each, { bigint: true }).catch(() => undefined);
    const inside = found?.isDirectory() ? await readdir(each).catch(() => []) : [];
    const all = [
      found,
      ...(await Promise.all(inside.map((name) => stat(join(each, name), { bigint: true }).catch(() => undefined)))),
    ];
    if (all.some(same))
      throw new PronkError('would-overwrite', `${path} is one of the files that are read. Choose another --out.`);
  }
}

/** The operating system's error as a sentence. */
export function diskError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PronkError('quota-exceeded', `The disk of ${path} is full. Free some space, and try again.`);
  }
  // ENOENT: the folder around it is there, and takes none (/proc)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT') {
    return new PronkError('no-permission', `Nothing may be written to ${path}. Choose another folder.`);
  }
  if (code === 'ELOOP') {
    return new PronkError(
      'not-a-folder',
      `${path} is a link that leads back to itself, or is not followed. Choose another folder.`,
    );
  }
  if (code === 'ENAMETOOLONG') {
    return new PronkError('not-a-folder', `The name of ${path.slice(0, 80)}… is too long. Choose a shorter one.`);
  }
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') {
    return new PronkError('not-a-folder', `${path} is not a folder that can be written to. Choose another one.`);
  }
  return error;
}
