// What a path to an adapter leads to: a folder's files, or one file.
import type { Adapter } from '../formats/adapter';
import { readAdapter } from '../formats/adapters/index';
import type { ModelConfig } from '../formats/checkpoint';
import { fileAt, folderFiles, pathInfo } from './files';

/** An adapter, read for a model. @throws PronkError `no-file`, `adapter-empty`, `adapter-mismatch`, … */
export async function adapterAt(path: string, config: ModelConfig): Promise<Adapter> {
  const files = (await pathInfo(path)).isDirectory() ? await folderFiles(path) : [await fileAt(path)];
  return readAdapter(files, config);
}
