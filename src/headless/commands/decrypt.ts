// `decrypt`: point-alpaca's files and others like them. A line a file; one that fails does not stop the others.
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decryptFiles } from '../../engine/patches/decrypt';
import { makePatch } from '../../engine/patches/patch';
import { failed } from '../../engine/save';
import { parseEncName } from '../../formats/patches/enc';
import { PronkError } from '../../core/errors';
import { PUBLISHED_KEY } from '../../formats/patches/point-alpaca';
import { parseOptions } from '../arguments';
import { CIPHER_OPTIONS, cipherSaving, keyAndOut, Results } from './shared/cipher-results';
import { fileAt, fileSource, folderFiles, pathInfo } from '../node-store/files';
import { directory } from '../node-store/folder';
import { whileLocked } from '../node-store/lock';
import type { Print } from '../print';

export async function decrypt(argv: readonly string[], print: Print): Promise<void> {
  const paths: string[] = [];
  const { key: keyPath, out } = keyAndOut(parseOptions(argv, CIPHER_OPTIONS, paths), paths);
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
    for await (const result of decryptFiles(patch, folder, cipherSaving())) results.add(result);
  });
  results.finish();
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
