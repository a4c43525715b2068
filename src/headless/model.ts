// What a `--model` argument names, opened: files as their publisher has them, or a folder that `import` wrote.
import type { ModelConfig } from '../core/model-config';
import { xxhash128 } from 'hash-wasm';
import type { Base } from '../engine/export/origin';
import { identify } from '../engine/imports/identity';
import type { TokenizerSpec } from '../core/checkpoint';
import { sortFiles } from '../formats/checkpoint/files';
import { readGguf } from '../formats/gguf/gguf';
import type { HasherFactory } from '../core/hash';
import { openCheckpoint, openTokenizer } from '../formats/checkpoint/open';
import { baseName, type Source } from '../core/source';
import { groupRows, keepRounds, MAX_GROUP_BYTES, type Quantize, weightTensors } from '../formats/checkpoint/weights';
import { fitsKind, type WeightKind, type WeightTensor } from '../core/weight-kinds';
import { quantizeRows, storedKind } from '../quant/repack';
import { groupsOf } from '../quant/slice';
import { contentsDigest, listModels, openStoredModel, type StoredModel } from '../storage/stored-model';
import { createTokenizer } from '../tokenizer/index';
import { fileStore, holdsModel } from './node-store/file-store';
import { modelFiles } from './node-store/files';
import { sayNotes } from './notes';

export const QUANTIZE = ['keep', 'f32', 'f16', 'q8', 'q4'] as const satisfies readonly Quantize[];

export interface OpenedModel {
  readonly name: string;
  readonly licence?: string;
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerSpec;
  /** Converted while they are read. */
  readonly tensors: readonly WeightTensor[];
  /** Of each tensor, as it is in the files. */
  readonly kinds: readonly WeightKind[];
  readonly parameters: number;
  /** File names, or what the model was imported from. */
  readonly source: string;
}

/** Opens and checks a model. @throws PronkError `no-file`, or whatever is wrong with its files */
export async function openModel(path: string, quantize: Quantize): Promise<OpenedModel> {
  const imported = await openImported(path);
  if (imported) {
    const { manifest, tensors, config, tokenizer } = imported;
    const { name, licence, parameters, source } = manifest;
    return {
      name,
      ...(licence !== undefined && { licence }),
      config,
      tokenizer,
      tensors: tensors.map((tensor) => converted(tensor, quantize)),
      kinds: tensors.map(({ kind }) => kind),
      parameters,
      source,
    };
  }
  const files = await modelFiles(path);
  const checkpoint = await openCheckpoint(files);
  sayNotes(checkpoint.notes);
  const { name, licence, config, tokenizer } = checkpoint;
  const tensors = [...checkpoint.tensors.values()];
  const rounds = quantize === 'keep' ? keepRounds(tensors) : undefined;
  if (rounds !== undefined) sayNotes([`--quantize keep stores ${rounds}. --quantize f32 keeps every bit.`]);
  return {
    name,
    ...(licence !== undefined && { licence }),
    config,
    tokenizer,
    tensors: weightTensors(checkpoint, quantize),
    kinds: tensors.map(({ type }) => storedKind(type)),
    parameters: tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0),
    source: files.map((file) => file.name).join(', '),
  };
}

/** What makes a model the same one at another time: its files by size and a sample of each, and how it is converted. */
export async function modelFingerprint(path: string, quantize: Quantize): Promise<string> {
  const imported = await openImported(path);
  const parts = imported
    ? imported.manifest.shards.map(({ checksums }) => checksums.join())
    : (await Promise.all((await modelFiles(path)).map((source) => identify({ source, path: source.name })))).map(
        ({ size, sample }) => `${size} ${sample}`,
      );
  return xxhash128([quantize, ...parts].join('\n'));
}

/** Whose digests say which model this is: of its files, or of what was imported. */
export async function modelDigests(path: string, hashers: HasherFactory): Promise<Pick<Base, 'files' | 'stored'>> {
  const imported = await openImported(path);
  if (imported) return { stored: await contentsDigest(imported.manifest) };
  const files = await modelFiles(path);
  return {
    files: await Promise.all(
      files.map(async (source) => ({
        name: baseName(source.name),
        bytes: source.size,
        sha256: await sha256(source, hashers),
      })),
    ),
  };
}

/** Bytes that are read at once. */
const WINDOW = 4 << 20;

async function sha256(source: Source, hashers: HasherFactory): Promise<string> {
  const hasher = await hashers('sha256');
  for (let at = 0; at < source.size; at += WINDOW) {
    await hasher.update(await source.read(at, Math.min(source.size, at + WINDOW)));
  }
  return hasher.digest();
}

/** A model's tokenizer, or one that stands alone. @throws PronkError `no-file`, `missing-tokenizer`, `corrupt-file` */
export async function modelTokenizer(path: string): Promise<TokenizerSpec> {
  return (await openImported(path))?.tokenizer ?? openTokenizer(await modelFiles(path));
}

/** What is known of a tokenizer without a model. */
export interface Vocabulary {
  readonly architecture?: string;
  readonly vocabulary: number;
  readonly context?: number;
  readonly layers?: number;
}

/**
 * Tokenizer files alone, or a GGUF file without tensors; undefined for what should have weights.
 * @throws PronkError whatever is wrong with the files
 */
export async function openVocabulary(path: string): Promise<Vocabulary | undefined> {
  const files = await modelFiles(path);
  const { gguf, safetensors, torch, config } = await sortFiles(files);
  if (safetensors.length || torch.length || config) return undefined;
  const header = gguf[0] && (await readGguf(gguf[0]));
  if (header?.tensors.length) return undefined;
  const { vocabSize: vocabulary } = createTokenizer(await openTokenizer(files));
  const value = (key: string) => header?.metadata.get(key)?.value;
  const architecture = value('general.architecture');
  const number = (key: string) => {
    const found = value(`${String(architecture)}.${key}`);
    return typeof found === 'number' ? found : undefined;
  };
  const [context, layers] = [number('context_length'), number('block_count')];
  return {
    ...(typeof architecture === 'string' && { architecture }),
    vocabulary,
    ...(context !== undefined && { context }),
    ...(layers !== undefined && { layers }),
  };
}

async function openImported(path: string): Promise<StoredModel | undefined> {
  if (path === 'demo' || !(await holdsModel(path))) return undefined;
  const store = fileStore(path);
  const [{ id }] = await listModels(store);
  return openStoredModel(store, id);
}

/** A stored tensor in another kind; vectors are f32 always. */
function converted(tensor: WeightTensor, quantize: Quantize): WeightTensor {
  const { rows, columns } = tensor;
  if (quantize === 'keep' || rows === 1) return tensor;
  const kind = fitsKind(quantize, columns) ? quantize : 'f16';
  if (kind === tensor.kind) return tensor;
  // a stored group of 4-bit rows is 8 times as large in f32
  const step = groupRows('f32', columns, MAX_GROUP_BYTES);
  return {
    ...tensor,
    kind,
    async *groups() {
      for await (const group of groupsOf(tensor, step)) {
        yield { ...quantizeRows(group, kind), rowStart: group.rowStart };
      }
    },
  };
}
