// Puts a model's files into a store for tests, as quickly as it goes.
import type { Source } from '../../core/source';
import type { CopyOptions, Imports } from '../imports/index';
import { modelInFiles } from '../models/in-files';

/** Stores a model; its id. */
export async function storeModel(
  { imports }: { readonly imports: Pick<Imports, 'copy'> },
  files: readonly Source[],
  options?: CopyOptions,
): Promise<string> {
  return (await imports.copy(await modelInFiles(files).open(), options)).id;
}
