// Files -> a checkpoint, whatever their container. Everything is checked here, so that what follows may trust it.

import type { ElementType } from '../quant/kinds';
import { elementRowBytes } from '../quant/repack';
import type { Checkpoint, ModelConfig, Tensor, TokenizerSpec } from './checkpoint';
import { PronkError, corruptFile, missingFile } from './errors';
import { type ModelFiles, sortFiles } from './files';
import { type GgufFile, type GgufTensor, readGguf } from './gguf';
import { stringIn } from './json';
import { configFromGguf, configFromJson, expectedTensors, optionalBiases } from './llama-config';
import { fromGgufName } from './names';
import { interleaved } from './permute';
import { type SafetensorsTensor, readShards } from './safetensors';
import { type Source, baseName, readText } from './source';
import { tokenizerFromFiles, tokenizerFromGguf } from './tokenizer-files';

/**
 * Opens a GGUF model (one file, or all of its splits) or the files of a Hugging Face folder, told apart by their bytes.
 * Tensors are checked for presence, shape and size, and are read only when asked for.
 * @throws PronkError `corrupt-file`, `missing-file`, `missing-tensor`, `missing-tokenizer`, `tokenizer-mismatch`,
 *   `unsupported-architecture`, `unsupported-tensor-type`, `unsupported-format`
 */
export async function openCheckpoint(files: readonly Source[]): Promise<Checkpoint> {
  const sorted = await sortFiles(files);
  // publishers put a GGUF beside a complete checkpoint: the checkpoint is the folder's own
  if (sorted.safetensors.length && (sorted.config || !sorted.gguf.length)) return openFolder(sorted);
  if (sorted.gguf.length) return openGguf(sorted);
  throw new PronkError('unsupported-format', nothingFound(sorted));
}

/**
 * Opens a tokenizer alone: tokenizer files without weights, or a GGUF file that may hold the vocabulary only.
 * @throws PronkError `missing-tokenizer`, `corrupt-file`
 */
export async function openTokenizer(files: readonly Source[]): Promise<TokenizerSpec> {
  const sorted = await sortFiles(files);
  const [gguf] = sorted.gguf;
  return gguf ? tokenizerFromGguf(await readGguf(gguf)) : tokenizerFromFiles(sorted);
}

async function openGguf({ gguf }: ModelFiles): Promise<Checkpoint> {
  const file = await mergeSplits(await Promise.all(gguf.map(readGguf)));
  const divisors = file.tensors.find((tensor) => tensor.name === 'rope_freqs.weight');
  const config = configFromGguf(file, divisors && (await readFloats(divisors)));
  const directory = new Map<string, Tensor>();
  for (const tensor of file.tensors) {
    const name = fromGgufName(tensor.name);
    const [columns, rows = 1, ...more] = tensor.shape;
    if (name && !more.length)
      directory.set(name, tensorOf(name, tensor.type, rows, columns, tensor.source, tensor.start));
  }
  const text = (key: string) => {
    const value = file.metadata.get(key)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const licence = text('general.license');
  return {
    container: 'gguf',
    name: text('general.name') || stem(file.source.name),
    ...(licence && { licence }),
    config,
    tensors: checkTensors(directory, config, file.source.name),
    tokenizer: tokenizerFromGguf(file, config.vocabularySize),
  };
}

type MergedGguf = Omit<GgufFile, 'tensors'> & {
  readonly tensors: readonly (GgufTensor & { readonly source: Source })[];
};

/** One directory from the splits of a model; metadata comes from the first. */
async function mergeSplits(files: readonly GgufFile[]): Promise<MergedGguf> {
  const number = (file: GgufFile, key: string) => Number(file.metadata.get(`split.${key}`)?.value ?? 0);
  const sorted = files.toSorted((a, b) => number(a, 'no') - number(b, 'no'));
  const [first] = sorted;
  const count = Math.max(1, number(first, 'count'));
  if (count === 1 && files.length > 1) {
    throw new PronkError('unsupported-format', `${files.length} GGUF models were given. Add one at a time.`);
  }
  for (let part = 0; part < count; part++) {
    if (!sorted[part] || number(sorted[part], 'no') !== part) throw missingFile(`part ${part + 1} of ${count}`);
  }
  const tensors = sorted.flatMap((file) => file.tensors.map((tensor) => ({ ...tensor, source: file.source })));
  return { ...first, tensors };
}

async function readFloats({
  source,
  start,
  bytes,
  type,
  name,
}: GgufTensor & { source: Source }): Promise<Float32Array> {
  if (type !== 'F32') throw corruptFile(source.name, `the tensor ${name} is not F32`);
  return new Float32Array((await source.read(start, start + bytes)).buffer);
}

async function openFolder(files: ModelFiles): Promise<Checkpoint> {
  if (!files.config) throw missingFile('config.json');
  const { tensors, metadata } = await readShards(files.safetensors, files.index);
  const { name: configName, json } = files.config;
  const config = configFromJson(json, configName, tensors.has('lm_head.weight'));
  const expected = new Set([...expectedTensors(config).keys(), ...optionalBiases(config).keys()]);
  const directory = new Map<string, Tensor>();
  for (const tensor of tensors.values()) {
    if (!expected.has(tensor.name)) continue;
    const plain = fromSafetensors(tensor);
    const rotated = /\.self_attn\.[qk]_proj\./.test(tensor.name);
    directory.set(tensor.name, rotated ? interleaved(plain, config.headWidth) : plain);
  }
  const licence = metadata['license'] ?? (files.readme && licenceIn(await readText(files.readme)));
  return {
    container: 'safetensors',
    name: folderName(files, stringIn(json, '_name_or_path')),
    ...(licence && { licence }),
    config,
    tensors: checkTensors(directory, config, files.safetensors[0].name),
    tokenizer: await tokenizerFromFiles(files, config.vocabularySize),
  };
}

function fromSafetensors({ name, dtype, shape, source, start }: SafetensorsTensor): Tensor {
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    const message = `${source.name} stores ${name} as ${dtype}. Pronk reads F32, F16 and BF16 from safetensors.`;
    throw new PronkError('unsupported-tensor-type', message);
  }
  const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
  if (shape.length < 1 || shape.length > 2) {
    throw corruptFile(source.name, `the tensor ${name} has ${shape.length} dimensions`);
  }
  return tensorOf(name, dtype, rows, columns, source, start);
}

function tensorOf(name: string, type: ElementType, rows: number, columns: number, source: Source, at: number): Tensor {
  const rowBytes = elementRowBytes(type, columns);
  const readRows = (start: number, end: number) => source.read(at + start * rowBytes, at + end * rowBytes);
  return { name, type, rows, columns, place: { file: source.name, start: at }, readRows };
}

/** The model's tensors in a fixed order, each present and of the right shape. */
function checkTensors(directory: ReadonlyMap<string, Tensor>, config: ModelConfig, file: string): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const add = (tensor: Tensor, [rows, columns]: readonly [number, number]) => {
    if (tensor.rows !== rows || tensor.columns !== columns) {
      const [is, should] = [`${tensor.rows} × ${tensor.columns}`, `${rows} × ${columns}`];
      throw corruptFile(file, `the tensor ${tensor.name} is ${is} where the configuration asks for ${should}`);
    }
    tensors.set(tensor.name, tensor);
  };
  for (const [name, shape] of expectedTensors(config)) {
    const tensor = directory.get(name);
    if (!tensor) {
      const message = `${file} and what came with it lack the tensor ${name}. Add all of the model's files together.`;
      throw new PronkError('missing-tensor', message);
    }
    add(tensor, shape);
  }
  for (const [name, shape] of optionalBiases(config)) {
    const tensor = directory.get(name);
    if (tensor) add(tensor, shape);
  }
  return tensors;
}

function folderName(files: ModelFiles, path: string | undefined): string {
  const full = files.config?.name ?? '';
  const folder = baseName(full.slice(0, Math.max(0, full.length - baseName(full).length - 1)));
  const last = path === undefined ? '' : baseName(path.replace(/[\\/]+$/, ''));
  return folder || (/^[.~]*$/.test(last) ? '' : last) || stem(files.safetensors[0].name);
}

function stem(name: string): string {
  return baseName(name).replace(/(-\d{5}-of-\d{5})?\.\w+$/, '') || 'model';
}

/** The `license:` line of a model card's front matter. */
function licenceIn(card: string): string | undefined {
  const [, front] = /^---\r?\n([\s\S]*?)\n---/.exec(card) ?? [];
  return /^license:\s*(\S+)/m.exec(front ?? '')?.[1];
}

function nothingFound({ torch }: ModelFiles): string {
  const reads = 'Pronk reads GGUF files, and Hugging Face folders with safetensors.';
  if (!torch.length) return `None of these files is a model. ${reads}`;
  return `${torch[0].name} is a PyTorch file, which cannot be opened by itself yet. ${reads}`;
}
