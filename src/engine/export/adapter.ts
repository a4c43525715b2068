// An adapter as other programs take it: a PEFT folder, a GGUF file for llama.cpp, a folder for mlx-lm.
import { type AdapterFile, writeGgufAdapter, writeMlx, writePeft } from '../../formats/adapters/index';
import type { Adapter } from '../../core/adapter';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';
import { type FileContent, fileName } from './file';
import { type AdapterBase, originFiles } from './origin';

/** `trl`, a folder to go on training with, needs more than an adapter: ./trl.ts. */
export type PlainFormat = 'peft' | 'gguf' | 'mlx';

const FORMATS: Readonly<Record<PlainFormat, string>> = {
  peft: 'PEFT folder, f32',
  gguf: 'GGUF adapter, f32',
  mlx: 'mlx-lm folder, f32',
};

/** Every file, the README last. @param template the form in which its instructions were put, where it is known */
export function adapterFiles(
  adapter: Adapter,
  base: AdapterBase,
  format: PlainFormat,
  template?: PromptTemplate,
): FileContent[] {
  const made = { library: format, what: 'LoRA adapter', format: FORMATS[format], use: useOf(format, adapter) };
  return [...own(adapter, base, format), ...originFiles(base, [{ adapter, strength: 1, template }], made)];
}

function own(adapter: Adapter, { config }: AdapterBase, format: PlainFormat): FileContent[] {
  if (format === 'peft') return writePeft(adapter, config).map(content);
  if (format === 'mlx') return writeMlx(adapter, config).map(content);
  const gguf = writeGgufAdapter(adapter, config);
  return [{ name: `${fileName(adapter.name)}.gguf`, size: gguf.size, pieces: () => gguf }];
}

export function content({ name, pieces }: AdapterFile): FileContent {
  return { name, size: pieces.reduce((sum, { length }) => sum + length, 0), pieces: () => pieces };
}

function useOf(format: PlainFormat, { name }: Adapter): string {
  switch (format) {
    case 'peft':
      return '```python\nfrom peft import PeftModel\nmodel = PeftModel.from_pretrained(base_model, "this folder")\n```';
    case 'gguf':
      return `\`\`\`sh\nllama-cli -m base.gguf --lora ${JSON.stringify(`${fileName(name)}.gguf`)}\n\`\`\``;
    case 'mlx':
      return '```sh\nmlx_lm.generate --model BASE --adapter-path "this folder" --prompt "…"\n```';
  }
}
