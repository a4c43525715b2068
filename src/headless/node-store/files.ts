// Files on disk as sources, and what a `--model` argument names.
import { existsSync, type Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PronkError } from '../../core/errors';
import { readText, type Source } from '../../core/source';

/** A file, opened at each read: no handle is left behind. */
export async function fileSource(path: string, name = basename(path)): Promise<Source> {
  const { size } = await stat(path);
  return {
    name,
    size,
    async read(start, end) {
      // not zeroed first: every byte is read, or the read fails
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(end - start).buffer);
      const file = await open(path).catch((error: unknown) => {
        throw readError(error, path);
      });
      try {
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
          if (bytesRead === 0)
            throw new PronkError(
              'corrupt-file',
              `${name} ends at byte ${start + at}, ${end} was expected. Fetch it again.`,
            );
          at += bytesRead;
        }
      } finally {
        await file.close();
      }
      return bytes;
    },
  };
}

/** The model that ships with the page, in the folder around this module or around the chunk that it became part of. */
function demoModel(): string {
  const around = ['..', '../..', '../../..'].map((up) =>
    fileURLToPath(new URL(`${up}/public/demo-model/pronk-6m-q8_0.gguf`, import.meta.url)),
  );
  return around.find((path) => existsSync(path)) ?? around[0];
}

/** A file that an option or an argument names. @throws PronkError `no-file` */
export async function fileAt(path: string): Promise<Source> {
  const info = await pathInfo(path);
  if (info.isDirectory()) throw new PronkError('no-file', `${path} is a folder, where a file is needed.`);
  return fileSource(path);
}

/** A text file that an option names. @throws PronkError `no-file` */
export async function textAt(path: string): Promise<string> {
  return readText(await fileAt(path));
}

/** The file or folder that a path leads to. @throws PronkError `no-file`, `no-permission` */
export async function pathInfo(path: string): Promise<Stats> {
  return stat(path).catch((error: unknown) => {
    throw readError(error, path);
  });
}

/** The operating system's error in reading a path, as a sentence. */
function readError(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new PronkError('no-file', `There is no file or folder ${path}.`);
    case 'ELOOP':
      return new PronkError(
        'no-file',
        `${path} is a link that leads back to itself. Name the file that it should lead to.`,
      );
    case 'ENAMETOOLONG':
      return new PronkError('no-file', `The name of ${path.slice(0, 80)}… is too long for a file.`);
    case 'EACCES':
    case 'EPERM':
      return new PronkError(
        'no-permission',
        `${path} may not be read. Change its permissions, or copy it to a place of yours.`,
      );
    default:
      return error;
  }
}

/** A folder's own files by name, sorted; they carry the folder's name too. */
export async function folderFiles(path: string): Promise<Source[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw readError(error, path);
  });
  const folder = basename(resolve(path));
  const isFile = await Promise.all(
    // a link counts as what it leads to: downloads are kept that way
    entries.map(
      async (entry) => entry.isFile() || (await stat(join(path, entry.name)).catch(() => undefined))?.isFile(),
    ),
  );
  const names = entries.filter((_, i) => isFile[i]).map((entry) => entry.name);
  return Promise.all(names.toSorted().map((name) => fileSource(join(path, name), `${folder}/${name}`)));
}

/** The files that a `--model` argument names: one file, all parts of a split one, a folder's, or the bundled model's. */
export async function modelFiles(model: string): Promise<Source[]> {
  const path = model === 'demo' ? demoModel() : model;
  if ((await pathInfo(path)).isDirectory()) {
    return [...(await withTokenizer(path, await folderFiles(path))), ...(await namedTemplates(path))];
  }
  const [, stem, count] = /^(.+)-\d{5}-of-(\d{5})\.gguf$/i.exec(basename(path)) ?? [];
  if (stem === undefined) return [await fileSource(path)];
  const parts = (await readdir(dirname(path))).filter((name) => {
    const [, otherStem, otherCount] = /^(.+)-\d{5}-of-(\d{5})\.gguf$/i.exec(name) ?? [];
    return otherStem === stem && otherCount === count;
  });
  return Promise.all(parts.toSorted().map((name) => fileSource(join(dirname(path), name))));
}

/** The chat templates that have a name, in a folder below a model's. */
async function namedTemplates(path: string): Promise<Source[]> {
  const folder = join(path, 'additional_chat_templates');
  if (!existsSync(folder)) return [];
  const files = (await folderFiles(folder)).filter(({ name }) => name.endsWith('.jinja'));
  return files.map((file) => ({ ...file, name: `${basename(resolve(path))}/${file.name}` }));
}

/** Meta's folders (`7B/`, `13B/`) have one tokenizer in the folder above: it is taken when there is none beside. */
async function withTokenizer(path: string, files: Source[]): Promise<Source[]> {
  const names = new Set(files.map(({ name }) => basename(name)));
  if (!names.has('params.json') || names.has('tokenizer.model') || names.has('tokenizer.json')) return files;
  const above = join(path, '..', 'tokenizer.model');
  const there = await stat(above).catch(() => undefined);
  return there?.isFile() ? [...files, await fileSource(above, `${basename(resolve(path))}/tokenizer.model`)] : files;
}
