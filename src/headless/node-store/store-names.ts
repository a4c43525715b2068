// Which files of a store's folder are Pronk's own. What is no name of ours is never listed, swept or replaced, and a folder
// that is no store is refused before anything is written to it.
import { constants } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PronkError } from '../../core/errors';
import type { StoredRun } from '../../training/run-store';
import type { Journal } from '../../storage/journal';
import type { Manifest } from '../../storage/manifest';
import { RECORD_KINDS } from '../../storage/store';
import { diskError, makeFolder, NO_FOLLOW } from './folder';
import { LOCK } from './lock';

/** The file that makes a folder a store: a head, then the names written so far, as JSON Lines. */
const LIST = 'pronk-store.jsonl';
const HEAD = { pronkStore: 1 };
const HEAD_LINE = JSON.stringify(HEAD);

/** Files that a folder may hold beside a store that has no list yet: locks of this version and an earlier one. */
const LOCKS: readonly string[] = [LOCK, 'lock'];

/** The names in a store's folder that are Pronk's own, such as `models/model.json`. */
export class StoreNames {
  readonly #folder: string;
  #names: Promise<Set<string>> | undefined;
  #listed: Promise<void> = Promise.resolve();
  /** The list has a head, and ends with a whole line. */
  #begun = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws PronkError `foreign-folder` where the folder holds other things and is no store */
  all(): Promise<ReadonlySet<string>> {
    return (this.#names ??= namesIn(this.#folder));
  }

  /** Lists a name before a file of that name is written. @throws PronkError `foreign-folder`, `no-permission`, `quota-exceeded` */
  async add(name: string): Promise<void> {
    const names = (await this.all()) as Set<string>;
    if (names.has(name)) return this.#listed;
    const before = [...names];
    names.add(name);
    this.#listed = this.#listed.catch(() => {}).then(() => this.#append(name, before));
    await this.#listed.catch((error: unknown) => {
      names.delete(name);
      throw error;
    });
  }

  /** @param before what is listed first where there is no list yet */
  async #append(name: string, before: readonly string[]): Promise<void> {
    await makeFolder(this.#folder);
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW;
    try {
      const file = await open(join(this.#folder, LIST), flags);
      try {
        const whole = this.#begun ? undefined : wholeLines(await file.readFile('utf8'));
        // a line that a killed process or a full disk cut off would become a part of the next one
        if (whole !== undefined) await file.truncate(new TextEncoder().encode(whole).length);
        const lines = whole === '' ? [HEAD, ...before, name] : [name];
        await file.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
        this.#begun = true;
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#begun = false;
      throw diskError(error, this.#folder);
    }
  }
}

/** @throws PronkError `foreign-folder` where the folder holds other things and is no store; `not-a-folder` */
export async function checkStore(folder: string): Promise<void> {
  await namesIn(folder);
}

async function namesIn(folder: string): Promise<Set<string>> {
  const entries: readonly string[] = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw diskError(error, folder);
  });
  const list = entries.includes(LIST) ? await readFile(join(folder, LIST), 'utf8') : '';
  if (wholeLines(list) !== '') return listedNames(wholeLines(list), folder);
  if (list !== '' && !HEAD_LINE.startsWith(list)) throw damaged(folder);
  if (entries.every((name) => name === LIST || LOCKS.includes(name))) return new Set();
  const names = await namesOfRecords(folder);
  if (names.size > 0) return names;
  throw foreign(folder);
}

/** A list without a last line that was not finished: nothing of that name was written. */
function wholeLines(list: string): string {
  return list.slice(0, list.lastIndexOf('\n') + 1);
}

function listedNames(list: string, folder: string): Set<string> {
  const [head = '', ...lines] = list.split('\n').slice(0, -1);
  try {
    if ((JSON.parse(head) as Partial<typeof HEAD>).pronkStore !== HEAD.pronkStore) throw foreign(folder);
    return new Set(lines.map((line) => String(JSON.parse(line))));
  } catch (cause) {
    throw cause instanceof PronkError ? cause : damaged(folder, cause);
  }
}

function damaged(folder: string, cause?: unknown): PronkError {
  const message = `${join(folder, LIST)} is damaged, so it is not known which files there are Pronk's. Choose another folder.`;
  return new PronkError('corrupt-file', message, { cause });
}

function foreign(folder: string): PronkError {
  const message = `${folder} holds other things and is no folder of Pronk's. Nothing was written. Choose a new or an empty folder.`;
  return new PronkError('foreign-folder', message);
}

/** The names in a store that was made before there was a list: its records, and the shards that they name. */
async function namesOfRecords(folder: string): Promise<Set<string>> {
  const shards = (await readdir(join(folder, 'shards')).catch(() => [])).map(decoded);
  const names = new Set<string>();
  for (const kind of RECORD_KINDS) {
    for (const file of await readdir(join(folder, kind)).catch(() => [])) {
      const record = await recordAt(join(folder, kind, file));
      const named = record && shardsOfRecord(record);
      if (!named) continue;
      names.add(`${kind}/${file}`);
      for (const key of shards.filter(named)) names.add(`shards/${encodeURIComponent(key)}`);
    }
  }
  return names;
}

/** Which shards a record names; undefined for what is no record of a model, an import or a training run. */
function shardsOfRecord(record: Record<string, unknown>): ((key: string) => boolean) | undefined {
  if (isManifest(record)) {
    const keys = new Set([...record.shards, record.tokenizer].map(({ key }) => key));
    return (key) => keys.has(key);
  }
  if (isJournal(record)) return (key) => key.startsWith(`${record.prefix}/`);
  if (isRun(record)) return (key) => key.startsWith(`training/${record.id}/`);
  return undefined;
}

/** Whether a value is a model's manifest, as far as its names go. */
export function isManifest(record: object): record is Manifest {
  const { id, version, shards, tokenizer } = record as Partial<Manifest>;
  const named = (shard: unknown) => typeof (shard as { key?: unknown } | null)?.key === 'string';
  return (
    typeof id === 'string' &&
    typeof version === 'number' &&
    Array.isArray(shards) &&
    [...shards, tokenizer].every(named)
  );
}

function isJournal(record: object): record is Journal {
  const { version, prefix, written } = record as Partial<Journal>;
  return typeof version === 'number' && typeof prefix === 'string' && typeof written === 'object';
}

function isRun(record: object): record is StoredRun {
  const { id, name, identity } = record as Partial<StoredRun>;
  return typeof id === 'string' && typeof name === 'string' && typeof identity === 'object';
}

/** A record as it lies in a file; undefined for what is none. */
export async function recordAt(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
