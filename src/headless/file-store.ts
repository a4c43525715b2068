// A store in a directory: records as JSON, shards as files beside them, each renamed into its place once whole.
//
//   models/<key>.json   chats/<key>.json   …   shards/<key>
//
// Keys are written as in addresses, so that they may hold slashes.
import { randomUUID } from 'node:crypto';
import { readFile, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RECORD_KINDS, type RecordKind, type Store } from '../storage/store';
import { fileSource } from './files';
import { diskError, makeFolder } from './folder';

/** The store at `path`. Nothing is made before something is written. Records must be plain JSON values. */
export function fileStore(path: string): Store {
  const recordPath = (kind: RecordKind, key: string) => join(path, kind, `${encodeURIComponent(key)}.json`);
  const shardPath = (key: string) => join(path, 'shards', encodeURIComponent(key));
  return {
    records: {
      async get<T>(kind: RecordKind, key: string) {
        const text = await orNothing(readFile(recordPath(kind, key), 'utf8'));
        return text === undefined ? undefined : (JSON.parse(text) as T);
      },
      set: (kind, key, value) => replace(recordPath(kind, key), JSON.stringify(value)),
      delete: (kind, key) => rm(recordPath(kind, key), { force: true }),
      async keys(kind) {
        const names = await listed(join(path, kind));
        return names.filter((name) => name.endsWith('.json')).map((name) => decodeURIComponent(name.slice(0, -5)));
      },
    },
    shards: {
      put: async (key, data) =>
        replace(shardPath(key), data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data),
      get: (key) => orNothing(fileSource(shardPath(key), key)),
      delete: (key) => rm(shardPath(key), { force: true }),
      keys: async () => (await listed(join(path, 'shards'))).map(decodeURIComponent),
    },
    async estimate() {
      const { bavail, bsize } = await statfs(await existing(path));
      const sizes = await Promise.all(
        (await listed(join(path, 'shards'))).map((name) => stat(join(path, 'shards', name))),
      );
      const used = sizes.reduce((sum, { size }) => sum + size, 0);
      return { used, quota: used + bavail * bsize };
    },
    persist: async () => true,
  };
}

/** Whether a directory is a store that holds a model. */
export async function holdsModel(path: string): Promise<boolean> {
  return (await listed(join(path, 'models'))).some((name) => name.endsWith('.json'));
}

/** What is being written begins with this; it is no part of the store. */
const PARTIAL = '.partial-';

/** Removes what a killed process was writing. Only to be called while nothing is written. */
export async function removePartials(path: string): Promise<void> {
  for (const kind of ['shards', ...RECORD_KINDS]) {
    const names = (await orNothing(readdir(join(path, kind)))) ?? [];
    const partial = names.filter((name) => name.startsWith(PARTIAL));
    await Promise.all(partial.map((name) => rm(join(path, kind, name), { force: true })));
  }
}

async function replace(path: string, data: string | Uint8Array): Promise<void> {
  const partial = join(dirname(path), `${PARTIAL}${randomUUID()}`);
  try {
    await makeFolder(dirname(path));
    await writeFile(partial, data);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw diskError(error, dirname(path));
  }
}

async function listed(path: string): Promise<string[]> {
  const names = (await orNothing(readdir(path))) ?? [];
  return names.filter((name) => !name.startsWith(PARTIAL));
}

async function orNothing<T>(task: Promise<T>): Promise<T | undefined> {
  return task.catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/** The directory, or the nearest one above that exists. */
async function existing(path: string): Promise<string> {
  const there = await stat(path).catch(() => undefined);
  return there || dirname(path) === path ? path : existing(dirname(path));
}
