// An adapter as other programs take it: a PEFT folder, a GGUF file for llama.cpp, a folder for mlx-lm.
import { type AdapterFile, writeGgufAdapter, writeMlx, writePeft } from '../../formats/adapters/index';
import type { Adapter } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import type { ModelConfig } from '../../core/model-config';
import type { SafetensorsInput } from '../../formats/safetensors/safetensors';
import { elementTypeOf } from '../../quant/elements';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';
import { type FileContent, fileName } from './file';
import { type AdapterBase, originFiles } from './origin';
import { fileBytes } from './rows';
import { huggingFaceTokenizer } from './tokenizer-files';

/** `trl`, a folder to go on training with, needs more than an adapter: ./trl.ts. */
export type PlainFormat = 'peft' | 'gguf' | 'mlx';

const FORMATS: Readonly<Record<PlainFormat, string>> = {
  peft: 'PEFT folder, f32',
  gguf: 'GGUF adapter, f32',
  mlx: 'mlx-lm folder, f32',
};

/**
 * Every file, the README last.
 * @param template the form in which its instructions were put, where it is known
 * @throws PronkError `unsupported-format` where the format has no word for a part of the adapter
 */
export async function adapterFiles(
  adapter: Adapter,
  base: AdapterBase,
  format: PlainFormat,
  template?: PromptTemplate,
): Promise<FileContent[]> {
  if (format !== 'peft') checkPlain(adapter, format);
  const made = { library: format, what: 'LoRA adapter', format: FORMATS[format], use: useOf(format, adapter) };
  return [...(await own(adapter, base, format)), ...originFiles(base, [{ adapter, strength: 1, template }], made)];
}

/** GGUF and mlx-lm have plain pairs alone. */
function checkPlain({ name, pairs, whole = [] }: Adapter, format: 'gguf' | 'mlx'): void {
  const parts = [
    ['DoRA’s magnitudes', pairs.some(({ magnitude }) => magnitude)],
    ['biases beside its pairs', pairs.some(({ bias }) => bias)],
    ['whole modules', whole.length > 0],
  ] as const;
  const part = parts.find(([, has]) => has)?.[0];
  if (part === undefined) return;
  const program = format === 'gguf' ? 'llama.cpp' : 'mlx-lm';
  const message = `${name} has ${part}, which adapters of ${program} cannot hold. Merge it into its model, and export that.`;
  throw new PronkError('unsupported-format', message);
}

/** The tensors that an adapter holds whole, as its file has them. */
function wholeInputs({ whole = [] }: Adapter, config: ModelConfig): Promise<SafetensorsInput[]> {
  return Promise.all(
    whole.map(async (tensor) => {
      const { name, kind, rows, columns } = tensor;
      const bytes: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of fileBytes(tensor, config)) bytes.push(piece);
      return { name, dtype: elementTypeOf(kind) ?? 'F16', shape: rows === 1 ? [columns] : [rows, columns], bytes };
    }),
  );
}

async function own(adapter: Adapter, { config }: AdapterBase, format: PlainFormat): Promise<FileContent[]> {
  if (format === 'peft') {
    const files = writePeft(adapter, config, await wholeInputs(adapter, config)).map(content);
    return adapter.tokenizer ? [...files, ...huggingFaceTokenizer(adapter.tokenizer)] : files;
  }
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
