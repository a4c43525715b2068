// Files on disk as sources, and what a `--model` argument names.
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PronkError } from '../formats/errors';
import type { Source } from '../formats/source';

/** A file, opened at each read: no handle is left behind. */
async function fileSource(path: string, name = basename(path)): Promise<Source> {
  const { size } = await stat(path);
  return {
    name,
    size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      const file = await open(path);
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

/** The model that ships with the page. */
export const DEMO_MODEL = fileURLToPath(new URL('../public/demo-model/pronk-6m-q8_0.gguf', import.meta.url));

/** The files that a `--model` argument names: one file, a folder's, or the bundled model's. */
export async function modelFiles(model: string): Promise<Source[]> {
  const path = model === 'demo' ? DEMO_MODEL : model;
  const info = await stat(path).catch(() => {
    throw new PronkError('no-file', `There is no file or folder ${path}.`);
  });
  if (!info.isDirectory()) return [await fileSource(path)];
  const names = (await readdir(path, { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map((name) => fileSource(join(path, name), `${basename(resolve(path))}/${name}`)),
  );
}
