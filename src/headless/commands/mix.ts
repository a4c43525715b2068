// `mix`: several adapters with strengths as one adapter. It never opens a GPU.
import { MIX_METHODS } from '../../formats/adapters/index';
import { basename } from 'node:path';
import { choice, number, parseOptions, UsageError } from '../arguments';
import type { Print } from '../print';
import { ADAPTER_OPTIONS, openAdapters, writeAll } from './shared/adapter-files';

export async function mix(argv: readonly string[], print: Print): Promise<void> {
  const { method, format, rank, density, seed, ...options } = parseOptions(argv, {
    ...ADAPTER_OPTIONS,
    method: choice(MIX_METHODS, 'cat'),
    rank: number({ min: 1, whole: true }),
    density: number({ min: 0, max: 1 }),
    'majority-sign': choice(['total', 'frequency'], 'total'),
    seed: number({ min: 0, max: 2 ** 32 - 1, whole: true, default: 42 }),
    format: choice(['peft', 'gguf', 'mlx'], 'peft'),
  });
  if (rank !== undefined && method !== 'svd')
    throw new UsageError('--rank goes with --method svd: others have the rank that they give.');
  const { engine, id, adapters, out } = await openAdapters(options);
  const mixing = {
    name: basename(out),
    method,
    majoritySign: options['majority-sign'],
    seed,
    ...(rank !== undefined && { rank }),
    ...(density !== undefined && { density }),
  };
  const { files, error } = await engine.adapters.mixFiles(adapters, id, mixing, format);
  if (error) {
    const { overall, maps } = error;
    print({ mix: { error: overall, maps: Object.fromEntries(maps.map((map) => [map.module, map.error])) } });
  }
  await writeAll(out, files, print);
}
