// Files -> a checkpoint, whatever their container. Everything is checked here, so that what follows may trust it.

import type { Checkpoint, Tensor, TokenizerSpec } from '../../core/checkpoint';
import { checkTensors } from './check-tensors';
import { tensorAt } from './directory';
import { PronkError, corruptFile, missingFile } from '../../core/errors';
import { biasedOf, familyOfGguf } from '../families/index';
import { type ModelFiles, sortFiles } from './files';
import { openSafetensors, openTorch, stem } from './folder';
import { type GgufFile, type GgufTensor, readGguf } from '../gguf/gguf';
import { configFromGguf } from '../config/llama-config';
import { DIVISOR_TENSORS, type Divisors } from '../config/rope-scaling-gguf';
import { isMeta, openMeta } from '../meta/meta';
import { packedFromGguf } from './packed';
import { fromGgufName } from './tensor-names';
import { interleaved, isRotated } from './permute';
import { chooseShards, mergeShards, wholeOrIndexed } from './shards';
import { type Source, baseName } from '../../core/source';
import { tokenizerFromFiles, tokenizerFromGguf } from '../tokenizer/tokenizer-files';
import { type TorchFile, readTorch } from '../torch/torch';

/**
 * Opens a GGUF model (one file, or all of its splits), a Hugging Face folder (safetensors or pytorch_model.bin) or a
 * checkpoint in Meta's layout, told apart by their bytes.
 * Tensors are checked for presence, shape and size, and are read only when asked for.
 * @throws PronkError `corrupt-file`, `missing-file`, `missing-tensor`, `missing-tokenizer`, `tokenizer-mismatch`,
 *   `unsupported-architecture`, `unsupported-tensor-type`, `unsupported-format`, `unsafe-pickle`
 */
export async function openCheckpoint(files: readonly Source[]): Promise<Checkpoint> {
  const sorted = await sortFiles(files);
  if (sorted.gguf.length && !hasOwnCheckpoint(sorted)) return openGguf(sorted);
  if (sorted.safetensors.length) return openSafetensors(sorted);
  if (sorted.torch.length || sorted.torchIndex) return openTorchFiles(sorted);
  throw new PronkError('unsupported-format', nothingFound(sorted));
}

/**
 * Opens a tokenizer alone: tokenizer files without weights, or a GGUF file that may hold the vocabulary only.
 * @param vocabSize tokens of the model, where they are known: tokens beyond them are left out
 * @throws PronkError `missing-tokenizer`, `corrupt-file`
 */
export async function openTokenizer(files: readonly Source[], vocabSize?: number): Promise<TokenizerSpec> {
  const sorted = await sortFiles(files);
  const [gguf] = sorted.gguf;
  return gguf && !hasOwnCheckpoint(sorted)
    ? tokenizerFromGguf(await readGguf(gguf))
    : tokenizerFromFiles(sorted, vocabSize);
}

/** Publishers put a GGUF beside a complete checkpoint: the checkpoint is the folder's own, and so is its tokenizer. */
function hasOwnCheckpoint({ config, safetensors, torch }: ModelFiles): boolean {
  return config !== undefined && (safetensors.length > 0 || torch.some(isUsual));
}

async function openGguf({ gguf }: ModelFiles): Promise<Checkpoint> {
  const file = await mergeSplits(await Promise.all(gguf.map(readGguf)));
  const config = configFromGguf(file, await divisorsIn(file));
  const family = familyOfGguf(file.metadata.get('general.architecture')?.value, file.source.name);
  const { halfSplit } = family.gguf;
  const directory = new Map<string, Tensor>();
  const scales = await scalesIn(file);
  for (const tensor of file.tensors) {
    const name = (family.packs && packedFromGguf(tensor.name)) || fromGgufName(tensor.name, config);
    const [columns, rows = 1, ...more] = tensor.shape;
    if (!name || more.length) continue;
    const scale = scales.get(tensor.name);
    const stored = tensorAt(name, tensor.type, rows, columns, tensor.source, tensor.start);
    const whole = scale === undefined ? stored : { ...stored, scale };
    for (const plain of family.unpack?.(whole, config) ?? [whole]) {
      directory.set(plain.name, halfSplit && isRotated(plain.name) ? interleaved(plain, config) : plain);
    }
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
    tensors: checkTensors(directory, config, file.source.name, biasedOf(family, undefined)),
    tokenizer: tokenizerFromGguf(file, config.vocabSize),
  };
}

/** Numbers that multiply a matrix, by the matrix's name: NVFP4 has one for each, `blk.0.attn_q.scale`. */
async function scalesIn(file: MergedGguf): Promise<ReadonlyMap<string, number>> {
  const scales = new Map<string, number>();
  for (const tensor of file.tensors) {
    const [, stem] = /^(.*?)(?:\.weight)?\.scale$/.exec(tensor.name) ?? [];
    if (stem === undefined) continue;
    if (tensor.bytes > 4) {
      throw corruptFile(
        tensor.source.name,
        `the tensor ${tensor.name} has ${tensor.bytes} bytes, where one number is read`,
      );
    }
    const [scale = 1] = await readFloats(tensor);
    scales.set(`${stem}.weight`, scale);
  }
  return scales;
}

type MergedGguf = Omit<GgufFile, 'tensors'> & {
  readonly tensors: readonly (GgufTensor & { readonly source: Source })[];
};

const splitNumber = (file: GgufFile, key: string) => Number(file.metadata.get(`split.${key}`)?.value ?? 0);

/** One directory from the splits of a model; metadata comes from the first. */
async function mergeSplits(files: readonly GgufFile[]): Promise<MergedGguf> {
  const sorted = files.toSorted((a, b) => splitNumber(a, 'no') - splitNumber(b, 'no'));
  const [first] = sorted;
  const count = Math.max(1, splitNumber(first, 'count'));
  if (count === 1 && files.length > 1) {
    throw new PronkError('unsupported-format', `${files.length} GGUF models were given. Add one at a time.`);
  }
  for (let part = 0; part < count; part++) {
    if (!sorted[part] || splitNumber(sorted[part], 'no') !== part) throw missingFile(`part ${part + 1} of ${count}`);
  }
  const tensors = sorted.flatMap((file) => file.tensors.map((tensor) => ({ ...tensor, source: file.source })));
  return { ...first, tensors };
}

/** Divisors of rotary frequencies that the file's tensors hold. */
async function divisorsIn({ tensors }: MergedGguf): Promise<Divisors> {
  const found = Object.entries(DIVISOR_TENSORS).map(async ([key, name]) => {
    const tensor = tensors.find((each) => each.name === name);
    return tensor && ([key, await readFloats(tensor)] as const);
  });
  return Object.fromEntries((await Promise.all(found)).filter((each) => each !== undefined));
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

/** Whether a PyTorch file is called what a model's weights are called. */
function isUsual(file: Source): boolean {
  return /^(pytorch_model|consolidated)/i.test(baseName(file.name));
}

/** What training and adapters leave beside a model. */
const ASIDE = /^(training_args|optimizer|scheduler|scaler|rng_state|random_states|adapter_model)/;

/** A PyTorch file with a whole model, by its name. */
const WHOLE = /^pytorch_model( ?\(\d+\))?\.bin$/i;

/** Opens PyTorch files: a Hugging Face folder's, or a checkpoint in Meta's layout, told apart by their tensors' names. */
function openTorchFiles(files: ModelFiles): Promise<Checkpoint> {
  const weights = files.torch.filter((file) => !ASIDE.test(baseName(file.name).toLowerCase()));
  // without an index the usual names go before any other
  const usual = weights.filter(isUsual);
  const whole = usual.find((file) => WHOLE.test(baseName(file.name)));
  return wholeOrIndexed(whole, files.torchIndex, async (chosen, index) => {
    const read: TorchFile[] = [];
    for (const source of chosen ?? chooseShards(usual.length && !index ? usual : weights, index))
      read.push(await readTorch(source));
    if (!read.length) throw new PronkError('unsupported-format', nothingFound(files));
    const meta = read.filter(isMeta);
    if (meta.length && (meta.length === read.length || !files.config)) return openMeta(files, meta);
    const rest = read.filter((file) => !isMeta(file));
    if (!files.config) {
      const [tensor] = rest[0].tensors.values();
      throw new PronkError(
        'missing-file',
        `${tensor.source.name} comes without a configuration. Add config.json and the tokenizer's files together with it.`,
      );
    }
    return openTorch(files, mergeShards(rest.map((file) => file.tensors)), index);
  });
}

function nothingFound({ torch }: ModelFiles): string {
  const reads =
    "Pronk reads GGUF files, Hugging Face folders with safetensors or pytorch_model.bin, and Meta's consolidated.00.pth.";
  if (!torch.length) return `None of these files is a model. ${reads}`;
  return `${torch[0].name} holds no weights of a model. ${reads}`;
}
