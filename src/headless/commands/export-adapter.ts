// `export-adapter`: an adapter in another program's form. It never opens a GPU.
import { choice, parseOptions, required, UsageError } from '../arguments';
import { ADAPTER_OPTIONS, openAdapters, writeAll } from './shared/adapter-files';
import type { Print } from '../print';
import { trlOfAdapter } from './shared/trl';

export async function exportAdapter(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { ...ADAPTER_OPTIONS, format: choice(['peft', 'gguf', 'mlx', 'trl']) });
  const format = required(options.format, 'format');
  if ((options.adapter ?? []).length > 1) throw new UsageError('export-adapter takes one --adapter at a time.');
  const { engine, model, adapters, out } = await openAdapters(options);
  const [adapter] = adapters;
  const files =
    format === 'trl'
      ? await trlOfAdapter(adapter.path, model, required(options.model, 'model'))
      : await engine.adapters.exportFiles(adapter, format);
  await writeAll(out, files, print);
}
