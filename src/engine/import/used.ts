// Which of the files that were given make the model. What lies beside it (notes, pictures, an optimizer's state) is read by
// nobody, and is none of its sources.

import type { Checkpoint } from '../../formats/checkpoint';
import { type ModelFiles, sortFiles } from '../../formats/files';
import { baseName, type Source } from '../../formats/source';

/** The sources that a checkpoint was made of, in the order in which they were given. */
export async function usedSources(sources: readonly Source[], checkpoint: Checkpoint): Promise<Source[]> {
  const weights = new Set([...checkpoint.tensors.values()].map(({ place }) => place.file));
  const files = await sortFiles(sources);
  const beside = new Set(checkpoint.container === 'gguf' ? [] : besideNames(files));
  return sources.filter(({ name }) => weights.has(name) || beside.has(name) || baseName(name).endsWith('.index.json'));
}

/** Names of what is beside the weights, which are lists by kind. */
function besideNames(files: ModelFiles): string[] {
  return Object.values(files).flatMap((role: unknown) => (!Array.isArray(role) && hasName(role) ? [role.name] : []));
}

function hasName(role: unknown): role is { readonly name: string } {
  return typeof role === 'object' && role !== null && 'name' in role && typeof role.name === 'string';
}
