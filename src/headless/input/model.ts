// The model that `--model` names: files as their publisher has them, or a folder that `import` wrote. It is opened
// as the engine opens it, by engine/models/model.ts; commands that ask for no more do without the rest of the engine, and so
// start sooner.
import { readGguf } from '../../formats/gguf/gguf';
import type { Quantize } from '../../formats/checkpoint/weights';
import { sortFiles } from '../../formats/checkpoint/files';
import { openTokenizer } from '../../formats/checkpoint/open';
import { modelInFiles } from '../../engine/models/in-files';
import { type Model, type ModelOrigin, modelInStore } from '../../engine/models/model';
import { listModels } from '../../storage/stored-model';
import { createTokenizer } from '../../tokenizer/index';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { fileStore, holdsModel } from '../node-store/file-store';
import { modelFiles } from '../node-store/files';
import { sayNotes } from '../messages';

export const QUANTIZE = ['keep', 'f32', 'f16', 'q8', 'q4'] as const satisfies readonly Quantize[];

/** Where the model that a path names comes from. Nothing is read yet. @throws PronkError `no-file` */
export async function modelAt(path: string, quantize: Quantize): Promise<ModelOrigin> {
  if (path === 'demo' || !(await holdsModel(path))) return modelInFiles(await modelFiles(path), quantize);
  const store = fileStore(path);
  const [{ id }] = await listModels(store);
  return modelInStore(store, id, quantize);
}

/** Opens and checks a model, saying what should be known of it. @throws PronkError `no-file`, or whatever is wrong with its files */
export async function openModel(path: string, quantize: Quantize): Promise<Model> {
  const model = await (await modelAt(path, quantize)).open();
  sayModelNotes(model);
  return model;
}

/** The tokenizer of a model, or one that stands alone. @throws PronkError `no-file`, `missing-tokenizer`, `corrupt-file` */
export async function tokenizerAt(path: string): Promise<Tokenizer> {
  return createTokenizer(await (await modelAt(path, 'keep')).tokenizer());
}

/** Says what should be known of a model although it can be used. */
export function sayModelNotes({ notes, rounds }: Model): void {
  sayNotes(notes);
  if (rounds !== undefined) sayNotes([`--quantize keep stores ${rounds}. --quantize f32 keeps every bit.`]);
}

/** A tokenizer without a model, described. */
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
