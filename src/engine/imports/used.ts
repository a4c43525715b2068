// Choosing the files that make the model out of all that were dropped. What lies beside it (notes, pictures, an optimizer's state) is read by
// nobody, and is none of its sources.

import type { Checkpoint } from '../../core/checkpoint';
import { type ModelFiles, sortFiles } from '../../formats/checkpoint/files';
import { chooseShards, readIndex } from '../../formats/checkpoint/shards';
import { baseName, type Source } from '../../core/source';

/** The sources that a checkpoint was made of, in the order in which they were given. */
export async function usedSources(sources: readonly Source[], checkpoint: Checkpoint): Promise<Source[]> {
  const files = await sortFiles(sources);
  const weights = new Set([...checkpoint.tensors.values()].map(({ place }) => place.file));
  // a part of a model may hold no tensor that is used, and is asked for all the same
  const parts = new Set(checkpoint.container === 'gguf' ? files.gguf : await indexedParts(files));
  const beside = new Set(checkpoint.container === 'gguf' ? [] : besideNames(files));
  return sources.filter((source) => {
    const { name } = source;
    return weights.has(name) || parts.has(source) || beside.has(name) || baseName(name).endsWith('.index.json');
  });
}

/** The files that an index lists, where it lists files that are there. */
async function indexedParts({ safetensors, torch, index, torchIndex }: ModelFiles): Promise<Source[]> {
  const listed = async (files: readonly Source[], list: Source | undefined) => {
    try {
      return list ? chooseShards(files, await readIndex(list)) : [];
    } catch {
      // one that was left over from another time
      return [];
    }
  };
  return (await Promise.all([listed(safetensors, index), listed(torch, torchIndex)])).flat();
}

/** Names of what is beside the weights, which are lists by kind, as named templates are. */
function besideNames(files: ModelFiles): string[] {
  const single = Object.values(files).flatMap((role: unknown) =>
    !Array.isArray(role) && hasName(role) ? [role.name] : [],
  );
  return [...single, ...files.namedTemplates.map(({ name }) => name)];
}

function hasName(role: unknown): role is { readonly name: string } {
  return typeof role === 'object' && role !== null && 'name' in role && typeof role.name === 'string';
}
