// A store in a directory: records as JSON, shards as files beside them, each renamed into its place once whole.
//
//   pronk-store.jsonl   models/<key>.json   chats/<key>.json   …   shards/<key>
//
// Keys are written as in addresses, so that they may hold slashes. Files that Pronk did not write are not seen.
import { randomUUID } from 'node:crypto';
import { readFile, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RECORD_KINDS, type RecordKind, type Store } from '../../storage/store';
import { fileSource } from './files';
import { diskError, makeFolder } from './folder';
import { isManifest, recordAt, StoreNames } from './store-names';

/**
 * The store at `path`. Nothing is made before something is written. Records must be plain JSON values. To list or to write
 * fails with PronkError `foreign-folder` where the folder holds other things and is no store.
 */
export function fileStore(path: string): Store {
  const names = new StoreNames(path);
  const recordName = (kind: RecordKind, key: string) => `${kind}/${encodeURIComponent(key)}.json`;
  const recordPath = (kind: RecordKind, key: string) => join(path, recordName(kind, key));
  const shardName = (key: string) => `shards/${encodeURIComponent(key)}`;
  const shardPath = (key: string) => join(path, shardName(key));
  const write = async (name: string, data: string | Uint8Array) => {
    await names.add(name);
    await replace(join(path, name), data);
  };
  /** The names of a folder's files that are the store's own. */
  const listed = async (folder: string): Promise<string[]> => {
    const own = await names.all();
    return ((await orNothing(readdir(join(path, folder)))) ?? []).filter((name) => own.has(`${folder}/${name}`));
  };
  return {
    records: {
      async get<T>(kind: RecordKind, key: string) {
        const text = await orNothing(readFile(recordPath(kind, key), 'utf8'));
        return text === undefined ? undefined : (JSON.parse(text) as T);
      },
      set: (kind, key, value) => write(recordName(kind, key), JSON.stringify(value)),
      delete: (kind, key) => rm(recordPath(kind, key), { force: true }),
      async keys(kind) {
        return (await listed(kind)).map((name) => decodeURIComponent(name.slice(0, -'.json'.length)));
      },
    },
    shards: {
      put: async (key, data) =>
        write(shardName(key), data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data),
      get: (key) => orNothing(fileSource(shardPath(key), key)),
      delete: (key) => rm(shardPath(key), { force: true }),
      keys: async () => (await listed('shards')).map(decodeURIComponent),
    },
    async estimate() {
      const { bavail, bsize } = await statfs(await existing(path));
      const sizes = await Promise.all((await listed('shards')).map((name) => stat(join(path, 'shards', name))));
      const used = sizes.reduce((sum, { size }) => sum + size, 0);
      return { used, quota: used + bavail * bsize };
    },
    persist: async () => true,
  };
}

/** Whether a directory is a store that holds a model. */
export async function holdsModel(path: string): Promise<boolean> {
  const names: string[] = await readdir(join(path, 'models')).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json'));
  const records = await Promise.all(files.map((name) => recordAt(join(path, 'models', name))));
  return records.some((record) => record !== undefined && isManifest(record));
}

/** Begins the name of what is being written, which is no part of the store; a UUID follows. */
const PARTIAL = '.partial-';
const IS_PARTIAL = /^\.partial-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Removes what a killed process was writing. Only to be called while nothing is written. */
export async function removePartials(path: string): Promise<void> {
  for (const kind of ['shards', ...RECORD_KINDS]) {
    const names = (await orNothing(readdir(join(path, kind)))) ?? [];
    const partial = names.filter((name) => IS_PARTIAL.test(name));
    await Promise.all(partial.map((name) => rm(join(path, kind, name), { force: true })));
  }
}

async function replace(path: string, data: string | Uint8Array): Promise<void> {
  const partial = join(dirname(path), `${PARTIAL}${randomUUID()}`);
  try {
    await makeFolder(dirname(path));
    // never an existing file, nor what a link leads to
    await writeFile(partial, data, { flag: 'wx' });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw diskError(error, dirname(path));
  }
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
