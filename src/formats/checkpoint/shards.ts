// A model in several files: the index says which belong to it.

import { PronkError, corruptFile } from '../../core/errors';
import { isObject, parseObject, stringEntries } from '../../core/json';
import { type Source, baseName, readText } from '../../core/source';

/** Which shard holds which tensor, by name. */
export type ShardIndex = ReadonlyMap<string, string>;

/** @throws PronkError `corrupt-file` */
export async function readIndex(index: Source): Promise<ShardIndex> {
  const map = parseObject(await readText(index), index.name)['weight_map'];
  if (!isObject(map)) throw corruptFile(index.name, 'it has no weight_map');
  const shards = new Map(Object.entries(stringEntries(map)));
  if (shards.size === 0) throw corruptFile(index.name, 'its weight_map is empty');
  return shards;
}

/**
 * The files that an index asks for; all files without one. A shard that a browser saved as `name (1).bin` is found.
 * @throws PronkError `missing-file` naming a shard that is not there
 */
export function chooseShards(files: readonly Source[], index: ShardIndex | undefined): readonly Source[] {
  if (!index) return files;
  const wanted = [...new Set(index.values())].toSorted();
  const named = (name: string) => files.filter((file) => baseName(file.name) === name);
  const taken = new Set(wanted.flatMap(named));
  return wanted.map((name) => {
    const [exact] = named(name);
    if (exact) return exact;
    const renamed = files.filter((file) => !taken.has(file) && originalName(baseName(file.name)) === name);
    if (renamed.length === 1) return renamed[0];
    const others = files.filter((file) => !taken.has(file)).map((file) => baseName(file.name));
    const hint = others.length ? ` If it has another name (${others.join(', ')}), rename it.` : '';
    throw new PronkError('missing-file', `The model's file ${name} is missing. Add all of its files together.${hint}`);
  });
}

/**
 * Several files' tensors as one directory.
 * @throws PronkError `corrupt-file` for a tensor in two files
 */
export function mergeShards<T extends { readonly source: Source }>(
  shards: readonly ReadonlyMap<string, T>[],
): ReadonlyMap<string, T> {
  const tensors = new Map<string, T>();
  for (const shard of shards) {
    for (const [name, tensor] of shard) {
      if (tensors.has(name)) throw corruptFile(tensor.source.name, `another file holds the tensor ${name} as well`);
      tensors.set(name, tensor);
    }
  }
  return tensors;
}

/**
 * Checks that the files hold what the index says of them. An index may list what nobody needs and no file has: a head that is
 * the embedding, tables of rotary positions.
 * @throws PronkError `missing-tensor`
 */
export function checkPromises(
  index: ShardIndex,
  tensors: ReadonlyMap<string, unknown>,
  isNeeded: (name: string) => boolean,
): void {
  for (const [name, file] of index) {
    if (tensors.has(name) || !isNeeded(name)) continue;
    const message = `${file} lacks the tensor ${name}, which the model's index lists. Download both again.`;
    throw new PronkError('missing-tensor', message);
  }
}

/**
 * Opens the one file that holds a whole model before those that an index beside it lists, as transformers does: such an
 * index is left over from another time. Where the file is not whole after all, the index counts.
 * @param whole the file of the usual name, if it is there
 */
export async function wholeOrIndexed<T>(
  whole: Source | undefined,
  index: Source | undefined,
  open: (files: readonly Source[] | undefined, index: ShardIndex | undefined) => Promise<T>,
): Promise<T> {
  if (whole && index) {
    try {
      return await open([whole], undefined);
    } catch (error) {
      if (!(error instanceof PronkError && error.code === 'missing-tensor')) throw error;
    }
  }
  return open(undefined, index && (await readIndex(index)));
}

function originalName(name: string): string {
  return name.replace(/ ?\(\d+\)(?=\.\w+$)| - Copy(?=\.\w+$)/, '');
}
