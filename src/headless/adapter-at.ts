// What a path to an adapter leads to: a folder's files, or one file.
import type { ModelConfig } from '../core/model-config';
import type { Adapter } from '../core/adapter';
import { readAdapter } from '../formats/adapters/index';
import type { WeightTensor } from '../core/weight-kinds';
import { fileAt, folderFiles, pathInfo } from './node-store/files';

/** What an adapter is read for. */
export interface AdaptedModel {
  readonly config: ModelConfig;
  readonly tensors: readonly WeightTensor[];
}

/** An adapter, read for a model. @throws PronkError `no-file`, `adapter-empty`, `adapter-mismatch`, … */
export async function adapterAt(path: string, { config, tensors }: AdaptedModel): Promise<Adapter> {
  const files = (await pathInfo(path)).isDirectory() ? await folderFiles(path) : [await fileAt(path)];
  return readAdapter(files, config, tensors);
}
