// `merge`: a model with adapters added to its weights. It never opens a GPU.
import type { MergeFormat, MergeType } from '../../engine/training/types';
import { choice, oneOf, parseOptions, required, UsageError } from '../arguments';
import { ADAPTER_OPTIONS, openAdapters, writeAll } from './shared/adapter-files';
import type { Print } from '../print';

export async function merge(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, {
    ...ADAPTER_OPTIONS,
    format: choice<MergeFormat>(['hf', 'meta', 'gguf']),
    dtype: choice<MergeType>(['f32', 'f16', 'q8_0', 'q4_0'], 'f16'),
    'max-shard-size': 'text',
  });
  const format = required(options.format, 'format');
  const types: readonly MergeType[] = format === 'gguf' ? ['f32', 'f16', 'q8_0', 'q4_0'] : ['f32', 'f16'];
  const dtype = oneOf(options.dtype, `dtype of --format ${format}`, types);
  const size = options['max-shard-size'];
  const shardBytes = size === undefined ? {} : { shardBytes: bytesOf(size) };
  const { engine, id, adapters, out } = await openAdapters(options);
  await writeAll(out, await engine.adapters.mergedFiles(adapters, id, { format, dtype, ...shardBytes }), print);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** `400MB` as transformers' `max_shard_size` has it. */
function bytesOf(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?(KB|MB|GB)?$/i.exec(text) ?? [];
  const bytes = Number(number) * UNITS[unit.toUpperCase()];
  if (!(bytes >= 1)) throw new UsageError(`--max-shard-size is a size such as 400MB or 5GB, not ${text}.`);
  return bytes;
}
