// `decrypt` and `encrypt`: point-alpaca's files and others like them. A line a file; one that fails does not stop the others.
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decryptFiles } from '../../engine/patches/decrypt';
import { encryptFiles } from '../../engine/patches/encrypt';
import { makePatch } from '../../engine/patches/patch';
import { failed, type SavedFile } from '../../engine/save';
import { parseEncName } from '../../formats/patches/enc';
import { PronkError } from '../../core/errors';
import { PUBLISHED_KEY } from '../../formats/patches/point-alpaca';
import { parseOptions, required, UsageError } from '../arguments';
import { fileAt, fileSource, folderFiles, pathInfo } from '../node-store/files';
import { directory } from '../node-store/folder';
import { whileLocked } from '../node-store/lock';
import { threadHashers } from '../node-store/hashers';
import type { Print } from '../print';
import { toldNowAndThen } from '../progress';

const OPTIONS = { key: 'text', out: 'text' } as const;

export async function decrypt(argv: readonly string[], print: Print): Promise<void> {
  const paths: string[] = [];
  const { key: keyPath, out } = given(parseOptions(argv, OPTIONS, paths), paths);
  const files = await encryptedFiles(paths);
  const key = await fileAt(keyPath);
  const misnamed = files.filter((file) => !parseEncName(file.name));
  const patch = await makePatch(key, files);
  if (patch.files.some((file) => file.published) && key.size !== PUBLISHED_KEY.bytes) {
    const { name, bytes } = PUBLISHED_KEY;
    console.error(
      `Note: ${basename(keyPath)} has ${key.size} bytes; the key of the published files, ${name}, has ${bytes}.`,
    );
  }
  await refuseOverwriting(
    keyPath,
    out,
    patch.files.map(({ name }) => name.plain),
  );
  const results = new Results(print);
  for (const { name } of misnamed) {
    const message = `${name} is not named like an encrypted file: name.<SHA-256>.enc. Give it back its name.`;
    results.add(failed(basename(name), new PronkError('bad-name', message)));
  }
  const folder = await directory(out);
  await whileLocked(out, async () => {
    for await (const result of decryptFiles(patch, folder, saving())) results.add(result);
  });
  results.finish();
}

export async function encrypt(argv: readonly string[], print: Print): Promise<void> {
  const paths: string[] = [];
  const { key: keyPath, out } = given(parseOptions(argv, OPTIONS, paths), paths);
  const files = await Promise.all(paths.map(fileAt));
  const key = await fileAt(keyPath);
  const results = new Results(print);
  const folder = await directory(out);
  await whileLocked(out, async () => {
    for await (const result of encryptFiles(key, files, folder, saving())) results.add(result);
  });
  results.finish();
}

function given({ key, out }: { key?: string; out?: string }, paths: readonly string[]) {
  const found = { key: required(key, 'key'), out: required(out, 'out') };
  if (!paths.length) throw new UsageError('The files are missing: name them after the options.');
  return found;
}

/** Files as they are named, and of folders those that are named like encrypted files. */
async function encryptedFiles(paths: readonly string[]) {
  const found = await Promise.all(
    paths.map(async (path) => {
      if (!(await pathInfo(path)).isDirectory()) return [await fileSource(path)];
      const files = (await folderFiles(path)).filter((file) => parseEncName(file.name));
      if (files.length) return files;
      throw new PronkError('no-file', `${path} holds no encrypted files, which are named name.<SHA-256>.enc.`);
    }),
  );
  return found.flat();
}

/** The key is still being read when a file of its name would take its place. */
async function refuseOverwriting(key: string, out: string, names: readonly string[]): Promise<void> {
  const path = await realpath(key);
  for (const name of names) {
    if ((await realpath(join(out, name)).catch(() => undefined)) !== path) continue;
    throw new PronkError('would-overwrite', `${name} would be written in place of the key. Choose another --out.`);
  }
}

function saving() {
  return { hashers: threadHashers({ resumable: false }), onProgress: toldNowAndThen() };
}

/** Prints results, and fails in the end if one of them did. */
class Results {
  readonly #print: Print;
  readonly #failed: SavedFile[] = [];
  #count = 0;

  constructor(print: Print) {
    this.#print = print;
  }

  add(result: SavedFile): void {
    const { name: file, bytes, sha256 = null, ok, problem } = result;
    this.#count++;
    if (!ok) {
      this.#failed.push(result);
      console.error(problem);
    }
    this.#print({ file, bytes, sha256, ok, ...(problem !== undefined && { problem }) });
  }

  finish(): void {
    const [first] = this.#failed;
    if (!first) return;
    const message = `${this.#failed.length} of ${this.#count} files failed and were not kept. ${first.problem}`;
    throw new PronkError(first.code ?? 'failed', message);
  }
}
