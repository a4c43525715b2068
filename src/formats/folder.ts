// Hugging Face folders: config.json, tokenizer files, and safetensors or pytorch_model*.bin.

import type { Checkpoint, Tensor } from './checkpoint';
import { checkTensors } from './check';
import { type DirectoryEntry, fromDirectory } from './directory';
import { PronkError, corruptFile, missingFile } from './errors';
import { type Family, familyOfJson } from './families/index';
import type { JsonFile, ModelFiles } from './files';
import { type JsonObject, isObject, stringIn } from './json';
import { configFromJson, expectedTensors, optionalBiases } from './llama-config';
import { plainName } from './names';
import { interleaved } from './permute';
import { readSafetensors } from './safetensors';
import { chooseShards, mergeShards, readIndex } from './shards';
import { baseName, readText } from './source';
import { tokenizerFromFiles } from './tokenizer-files';
import type { TorchTensor } from './torch';

/** What weights are called, one file or several, perhaps numbered by a browser. */
const USUAL = /^model(-\d+-of-\d+)?( ?\(\d+\))?\.safetensors$/i;

/** Opens a folder with safetensors. */
export async function openSafetensors(files: ModelFiles): Promise<Checkpoint> {
  const index = files.index && (await readIndex(files.index));
  // without an index the usual names go before any other: some folders hold the model in Mistral's own layout too
  const usual = files.safetensors.filter((file) => USUAL.test(baseName(file.name)));
  const shards = [];
  for (const source of chooseShards(usual.length && !index ? usual : files.safetensors, index)) {
    shards.push(await readSafetensors(source));
  }
  const tensors = mergeShards(
    shards.map((shard) => shard.tensors),
    index,
  );
  const metadata = Object.assign({}, ...shards.map((shard) => shard.metadata)) as Readonly<Record<string, string>>;
  return openFolder(files, 'safetensors', tensors, metadata['license']);
}

/** Opens a folder with PyTorch files, whose directories have been read. */
export function openTorch(files: ModelFiles, tensors: ReadonlyMap<string, TorchTensor>): Promise<Checkpoint> {
  return openFolder(files, 'torch', tensors);
}

async function openFolder(
  files: ModelFiles,
  container: Checkpoint['container'],
  entries: ReadonlyMap<string, DirectoryEntry>,
  licence?: string,
): Promise<Checkpoint> {
  if (!files.config) throw missingFile('config.json');
  const { name: configName, json } = files.config;
  const family = familyOfJson(json, configName);
  const named = Array.from(entries.values(), (entry) => ({ ...entry, name: nameIn(family, entry.name) }));
  const hasHead = named.some((entry) => entry.name === 'lm_head.weight');
  const config = configFromJson(json, configName, family, hasHead);
  const packed = named.find((entry) => /\.(qweight|weight_packed)$/.test(entry.name));
  if (packed) throw quantizedElsewhere(packed, json);
  const expected = new Set([...expectedTensors(config).keys(), ...optionalBiases(config).keys()]);
  const directory = new Map<string, Tensor>();
  for (const entry of named) {
    const parts = /\.wqkv\./.test(entry.name) ? family.unpack?.(fromDirectory(entry), config) : undefined;
    for (const tensor of parts ?? (expected.has(entry.name) ? [fromDirectory(entry)] : [])) {
      const rotated = /\.self_attn\.[qk]_proj\./.test(tensor.name);
      directory.set(tensor.name, rotated ? interleaved(tensor, config.headWidth) : tensor);
    }
  }
  const [first] = entries.values();
  if (!first) throw corruptFile(configName, 'the files beside it hold no tensors');
  const { source } = first;
  const cardLicence = licence ?? (files.readme && licenceIn(await readText(files.readme)));
  return {
    container,
    name: folderName(files.config, stringIn(json, '_name_or_path')) || stem(source.name),
    ...(cardLicence && { licence: cardLicence }),
    config,
    tensors: checkTensors(directory, config, source.name, family.biased?.(json)),
    tokenizer: await tokenizerFromFiles(files, config.vocabularySize),
  };
}

/** GPTQ, AWQ and their kin: matrices of packed integers beside scales, under other names. */
function quantizedElsewhere({ name, source }: DirectoryEntry, json: JsonObject): PronkError {
  const settings = json['quantization_config'];
  const method = isObject(settings) ? stringIn(settings, 'quant_method') : undefined;
  const what = method ? ` by the method ${method}` : '';
  const message = `${source.name} holds weights that were quantized${what} (${name}), which Pronk does not read.`;
  return new PronkError('unsupported-tensor-type', `${message} Take the original model, or a GGUF file of it.`);
}

function nameIn(family: Family, name: string): string {
  const plain = plainName(name);
  return family.rename?.(plain) ?? plain;
}

/** The name of the folder that a file came in, else the last part of a path, else nothing. */
export function folderName({ name }: JsonFile, path?: string): string {
  const folder = baseName(name.slice(0, Math.max(0, name.length - baseName(name).length - 1)));
  const last = path === undefined ? '' : baseName(path.replace(/[\\/]+$/, ''));
  return folder || (/^[.~]*$/.test(last) ? '' : last);
}

/** A weight file's name without shard numbers and ending. */
export function stem(name: string): string {
  return baseName(name).replace(/(-\d{5}-of-\d{5})?\.\w+$/, '') || 'model';
}

/** The `license:` line of a model card's front matter. */
function licenceIn(card: string): string | undefined {
  const [, front] = /^---\r?\n([\s\S]*?)\n---/.exec(card) ?? [];
  return /^license:\s*(\S+)/m.exec(front ?? '')?.[1];
}
