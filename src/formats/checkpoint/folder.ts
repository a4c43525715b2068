// Hugging Face folders: config.json, tokenizer files, and safetensors or pytorch_model*.bin.

import { fittedBiases } from './biases';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { checkTensors } from './check-tensors';
import type { DirectoryEntry } from './directory';
import { corruptFile, missingFile } from '../../core/errors';
import { biasedOf, type Family, familyOfJson } from '../families/index';
import type { JsonFile, ModelFiles } from './files';
import { stringIn } from '../../core/json';
import { configFromJson, expectedTensors, optionalBiases } from '../config/llama-config';
import { plainName } from './tensor-names';
import { interleaved, isRotated } from './permute';
import { type Entry, entryTensor, gathered, methodOf, refuseUnread } from '../quantized/index';
import { readSafetensors } from '../safetensors/safetensors';
import { checkPromises, chooseShards, mergeShards, type ShardIndex, wholeOrIndexed } from './shards';
import { baseName, readText } from '../../core/source';
import { tokenizerFromFiles } from '../tokenizer/tokenizer-files';
import type { TorchTensor } from '../torch/torch';

/** What weights are called, one file or several, perhaps numbered by a browser. */
const USUAL = /^model(-\d+-of-\d+)?( ?\(\d+\))?\.safetensors$/i;
const WHOLE = /^model( ?\(\d+\))?\.safetensors$/i;

/** Opens a folder with safetensors. */
export function openSafetensors(files: ModelFiles): Promise<Checkpoint> {
  // without an index the usual names go before any other: some folders hold the model in Mistral's own layout too
  const usual = files.safetensors.filter((file) => USUAL.test(baseName(file.name)));
  const whole = usual.find((file) => WHOLE.test(baseName(file.name)));
  return wholeOrIndexed(whole, files.index, async (chosen, index) => {
    const shards = [];
    for (const source of chosen ?? chooseShards(usual.length && !index ? usual : files.safetensors, index)) {
      shards.push(await readSafetensors(source));
    }
    const tensors = mergeShards(shards.map((shard) => shard.tensors));
    const metadata = Object.assign({}, ...shards.map((shard) => shard.metadata)) as Readonly<Record<string, string>>;
    return openFolder(files, 'safetensors', tensors, index, metadata['license']);
  });
}

/** Opens a folder with PyTorch files, whose directories have been read. */
export function openTorch(
  files: ModelFiles,
  tensors: ReadonlyMap<string, TorchTensor>,
  index: ShardIndex | undefined,
): Promise<Checkpoint> {
  return openFolder(files, 'torch', tensors, index);
}

async function openFolder(
  files: ModelFiles,
  container: Checkpoint['container'],
  entries: ReadonlyMap<string, DirectoryEntry>,
  index: ShardIndex | undefined,
  licence?: string,
): Promise<Checkpoint> {
  if (!files.config) throw missingFile('config.json');
  const { name: configName, json: given } = files.config;
  const family = familyOfJson(given, configName);
  const json = family.plain?.(given, configName) ?? given;
  const plain = Array.from(entries.values(), (entry) => ({ ...entry, name: plainName(entry.name) }));
  const all = gathered(plain).map((entry) => ({ ...entry, name: nameIn(family, entry.name) }));
  const { named, hasHead, notes } = withHead(all, json['tie_word_embeddings'], baseName(configName));
  const config = configFromJson(json, configName, family, hasHead);
  const expected = new Map([...expectedTensors(config), ...optionalBiases(config)]);
  const method = methodOf(files);
  refuseUnread(method, named, expectedTensors(config));
  const tensorOf = (entry: Entry) => entryTensor(entry, method, expected.get(entry.name));
  const found = new Map<string, Tensor>();
  for (const entry of named) {
    const parts = PACKED.test(entry.name) ? family.unpack?.(await tensorOf(entry), config) : undefined;
    for (const tensor of parts ?? (expected.has(entry.name) ? [await tensorOf(entry)] : [])) {
      found.set(tensor.name, isRotated(tensor.name) ? interleaved(tensor, config) : tensor);
    }
  }
  const [first] = entries.values();
  if (!first) throw corruptFile(configName, 'the files beside it hold no tensors');
  if (index) {
    const tied = json['tie_word_embeddings'] === true;
    checkPromises(index, entries, (name) => !(ROTARY_TABLE.test(name) || (tied && nameIn(family, name) === HEAD)));
  }
  const { source } = first;
  const cardLicence = licence ?? (files.readme && licenceIn(await readText(files.readme)));
  const biases = fittedBiases(found, config, biasedOf(family, json), baseName(configName));
  const note = family.note?.(given);
  const said = [...(note === undefined ? [] : [note]), ...notes, ...biases.notes];
  return {
    container,
    name: folderName(files.config, stringIn(json, '_name_or_path')) || stem(source.name),
    ...(cardLicence && { licence: cardLicence }),
    config,
    ...(method && named.some(({ parts }) => parts) && { quantized: method.title }),
    tensors: checkTensors(biases.directory, config, source.name, biases.biased),
    tokenizer: await tokenizerFromFiles(files, config.vocabSize),
    ...(said.length > 0 && { notes: said }),
  };
}

/** Matrices that a family unpacks. */
const PACKED = /\.(wqkv|qkv_proj|gate_up_proj)\./;
/** What older versions of transformers saved of rotary positions. */
const ROTARY_TABLE = /\.inv_freq$/;
const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

/**
 * The output matrix as transformers 5 has it: one that the files hold is used, also where the configuration says that it is
 * the embedding, unless both are the same bytes; an embedding that is missing is the head.
 */
function withHead(all: readonly Entry[], tied: unknown, configName: string) {
  const [embedding, head] = [EMBEDDING, HEAD].map((name) => all.find((entry) => entry.name === name));
  const without = all.filter((entry) => entry.name !== HEAD);
  const none = { named: without, hasHead: false, notes: [] as string[] };
  if (!head) {
    const note = `The files hold no lm_head.weight, and ${configName} says that it is not the embedding: the embedding is used.`;
    return tied === false ? { ...none, notes: [note] } : none;
  }
  if (!embedding)
    return tied === true
      ? { ...none, named: [...without, { ...head, name: EMBEDDING }] }
      : { ...none, named: all, hasHead: true };
  if (head.source === embedding.source && head.start === embedding.start) return none;
  const note = `${configName} says that the head is the embedding (tie_word_embeddings), and the files hold a head of their own: that one is used, as transformers does.`;
  return { named: all, hasHead: true, notes: tied === true ? [note] : [] };
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
