// What `--adapter DIR[=strength]` names, and the commands that take adapters elsewhere: `merge` and `export-adapter`. None of
// this opens a GPU.
import { realpath, stat } from 'node:fs/promises';
import type { MergeFormat, MergeType } from '../../engine/training/types';
import { adapterFiles } from '../../engine/export/adapter';
import { type FileContent, writeFiles } from '../../engine/export/file';
import { mergedFiles } from '../../engine/export/merge';
import type { Base } from '../../engine/export/origin';
import type { Adapter } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { type AdaptedModel, adapterAt } from '../adapter-at';
import { choice, oneOf, type Options, parseOptions, required, UsageError } from '../arguments';
import { directory } from '../node-store/folder';
import { whileLocked } from '../node-store/lock';
import { threadHashers } from '../node-store/hashers';
import { openModel, QUANTIZE } from '../model';
import type { Print } from '../print';
import { trlOfAdapter } from './trl';
import { toldNowAndThen } from '../progress';

/** An adapter, how much of it, and where it is. */
export interface GivenAdapter {
  readonly path: string;
  readonly adapter: Adapter;
  readonly strength: number;
}

/** Reads the adapters that were given, checking that they fit. @throws PronkError `no-file`, `adapter-mismatch`, … */
export async function openAdapters(given: readonly string[], base: AdaptedModel): Promise<GivenAdapter[]> {
  return Promise.all(
    given.map(async (text) => {
      const { path, strength } = await pathAndStrength(text);
      return { path, adapter: await adapterAt(path, base), strength };
    }),
  );
}

/** A path may have an equals sign of its own: what exists as it stands is taken so. */
async function pathAndStrength(text: string): Promise<{ path: string; strength: number }> {
  const at = text.lastIndexOf('=');
  if (at < 0 || (await stat(text).catch(() => undefined))) return { path: text, strength: 1 };
  const [path, number] = [text.slice(0, at), text.slice(at + 1)];
  const strength = Number(number);
  if (number.trim() === '' || !Number.isFinite(strength)) {
    throw new UsageError(`--adapter takes DIR or DIR=strength, where strength is a number, not ${text}.`);
  }
  return { path, strength };
}

const OPTIONS = { model: 'text', quantize: choice(QUANTIZE, 'keep'), adapter: 'list', out: 'text' } as const;

export async function mergeCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, {
    ...OPTIONS,
    format: choice<MergeFormat>(['hf', 'meta', 'gguf']),
    dtype: choice<MergeType>(['f32', 'f16', 'q8_0', 'q4_0'], 'f16'),
    'max-shard-size': 'text',
  });
  const format = required(options.format, 'format');
  const types: readonly MergeType[] = format === 'gguf' ? ['f32', 'f16', 'q8_0', 'q4_0'] : ['f32', 'f16'];
  const dtype = oneOf(options.dtype, `dtype of --format ${format}`, types);
  const size = options['max-shard-size'];
  const shardBytes = size === undefined ? {} : { shardBytes: bytesOf(size) };
  const { base, adapters, out } = await given(options);
  await write(out, mergedFiles(base, adapters, { format, dtype, ...shardBytes }), print);
}

export async function exportAdapterCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { ...OPTIONS, format: choice(['peft', 'gguf', 'mlx', 'trl']) });
  const format = required(options.format, 'format');
  if ((options.adapter ?? []).length > 1) throw new UsageError('export-adapter takes one --adapter at a time.');
  const { base, adapters, out } = await given(options);
  const [{ adapter, strength, path }] = adapters;
  if (format === 'trl') return write(out, await trlOfAdapter(path, base, required(options.model, 'model')), print);
  // another strength is another scale
  const pairs = adapter.pairs.map((pair) => ({ ...pair, scale: pair.scale * strength }));
  await write(out, adapterFiles({ ...adapter, pairs }, base, format), print);
}

/** What both commands read, checked, and where they write to. */
async function given(options: Options<typeof OPTIONS>) {
  const model = required(options.model, 'model');
  const paths = required(options.adapter, 'adapter');
  const out = required(options.out, 'out');
  const opened = await openModel(model, options.quantize);
  const adapters = await openAdapters(paths, opened);
  for (const path of [model, ...adapters.map((each) => each.path)]) {
    const [read, written] = await Promise.all([path, out].map((each) => realpath(each).catch(() => undefined)));
    if (read === undefined || read !== written) continue;
    throw new PronkError('would-overwrite', `${out} is one of the folders that are read. Choose another --out.`);
  }
  const base: Base = { ...opened, ...(await opened.digests(threadHashers({ resumable: false }))) };
  return { base, adapters, out };
}

async function write(out: string, files: readonly FileContent[], print: Print): Promise<void> {
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

const UNITS: Readonly<Record<string, number>> = { '': 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** `400MB` as transformers' `max_shard_size` has it. */
function bytesOf(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?(KB|MB|GB)?$/i.exec(text) ?? [];
  const bytes = Number(number) * UNITS[unit.toUpperCase()];
  if (!(bytes >= 1)) throw new UsageError(`--max-shard-size is a size such as 400MB or 5GB, not ${text}.`);
  return bytes;
}
