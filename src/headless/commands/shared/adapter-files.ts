// The part that `merge` and `export-adapter` share: a model and adapters that are read, and a folder that is written.
import { realpath } from 'node:fs/promises';
import { type FileContent, writeFiles } from '../../../engine/export/file';
import { PronkError } from '../../../core/errors';
import { choice, type Options, required } from '../../arguments';
import { openModelAndAdapters } from '../../engine';
import { QUANTIZE } from '../../input/model';
import { directory } from '../../node-store/folder';
import { whileLocked } from '../../node-store/lock';
import type { Print } from '../../print';
import { toldNowAndThen } from '../../messages';

export const ADAPTER_OPTIONS = {
  model: 'text',
  quantize: choice(QUANTIZE, 'keep'),
  adapter: 'list',
  out: 'text',
} as const;

/** Reads and checks what the options name. @throws PronkError `would-overwrite`, and what is wrong with the files */
export async function openAdapters(options: Options<typeof ADAPTER_OPTIONS>) {
  const path = required(options.model, 'model');
  const paths = required(options.adapter, 'adapter');
  const out = required(options.out, 'out');
  const opened = await openModelAndAdapters(path, options.quantize, paths);
  for (const each of [path, ...opened.adapters.map((adapter) => adapter.path)]) {
    const [read, written] = await Promise.all([each, out].map((folder) => realpath(folder).catch(() => undefined)));
    if (read === undefined || read !== written) continue;
    throw new PronkError('would-overwrite', `${out} is one of the folders that are read. Choose another --out.`);
  }
  return { ...opened, out };
}

/** Writes files into a folder, all of them or those before the first that fails, and prints their names. */
export async function writeAll(out: string, files: readonly FileContent[], print: Print): Promise<void> {
  const written: string[] = [];
  const folder = await directory(out);
  await whileLocked(out, async () => {
    for await (const { name, ok, code, problem, note } of writeFiles(folder, files, { onProgress: toldNowAndThen() })) {
      if (!ok) throw new PronkError(code ?? 'failed', problem ?? `${name} could not be written.`);
      if (note !== undefined) console.error(note);
      written.push(name);
    }
  });
  print({ done: true, files: written });
}
