// All tensors of a folder by the names and in the row order of Hugging Face's files, whatever container they are in.

import type { Tensor } from '../../core/checkpoint';
import { type DirectoryEntry, fromDirectory } from '../checkpoint/directory';
import { PronkError } from '../../core/errors';
import { sortFiles } from '../checkpoint/files';
import { openCheckpoint } from '../checkpoint/open';
import { type HeadRows, toHalfSplit } from '../checkpoint/permute';
import { elementRowBytes } from '../../quant/elements';
import { readSafetensors } from '../safetensors/safetensors';
import { checkPromises, chooseShards, mergeShards, wholeOrIndexed } from '../checkpoint/shards';
import { type Source, baseName } from '../../core/source';
import { readTorch } from '../torch/torch';

/** A tensor with its shape as the file has it: of 1 or 2 dimensions. */
export interface FileTensor extends Tensor {
  readonly shape: readonly number[];
}

/**
 * Every tensor of a Hugging Face folder, those too that Pronk does not compute with. A checkpoint in Meta's layout is
 * taken too, its q and k rows in Hugging Face's order.
 * @throws PronkError `missing-file`, `corrupt-file`, `unsupported-tensor-type`, `unsupported-format`, `unsafe-pickle`
 */
export async function allTensors(files: readonly Source[]): Promise<ReadonlyMap<string, FileTensor>> {
  const sorted = await sortFiles(files);
  const { safetensors, torch } = sorted;
  if (safetensors.length) return fromShards(safetensors, sorted.index, 'model.safetensors', readSafetensors);
  const usual = torch.filter((file) => /^pytorch_model/i.test(baseName(file.name)));
  if (usual.length) return fromShards(usual, sorted.torchIndex, 'pytorch_model.bin', readTorch);
  if (torch.length) return metaTensors(files);
  const given = files[0] ? `${files[0].name} and what came with it hold` : 'There are';
  const message = `${given} no weights. A weight diff takes Hugging Face folders, with *.safetensors or pytorch_model*.bin.`;
  throw new PronkError('unsupported-format', message);
}

/** The tensors of one file of the usual name, or of those that an index lists, or of all. */
function fromShards(
  files: readonly Source[],
  index: Source | undefined,
  usual: string,
  read: (file: Source) => Promise<{ readonly tensors: ReadonlyMap<string, DirectoryEntry> }>,
): Promise<ReadonlyMap<string, FileTensor>> {
  const whole = files.find((file) => baseName(file.name) === usual);
  return wholeOrIndexed(whole, index, async (chosen, known) => {
    const shards = [];
    for (const file of chosen ?? chooseShards(files, known)) shards.push((await read(file)).tensors);
    const tensors = mergeShards(shards);
    if (known) checkPromises(known, tensors, (name) => !name.endsWith('.inv_freq'));
    return fileTensors(tensors);
  });
}

function fileTensors(entries: ReadonlyMap<string, DirectoryEntry>): ReadonlyMap<string, FileTensor> {
  return new Map(Array.from(entries, ([name, entry]) => [name, { ...fromDirectory(entry), shape: entry.shape }]));
}

async function metaTensors(files: readonly Source[]): Promise<ReadonlyMap<string, FileTensor>> {
  const { tensors, config } = await openCheckpoint(files);
  return new Map(
    Array.from(tensors, ([name, tensor]) => {
      const rotated = /\.self_attn\.[qk]_proj\.weight$/.test(name);
      const shape = tensor.rows === 1 ? [tensor.columns] : [tensor.rows, tensor.columns];
      return [name, { ...(rotated ? halfSplit(tensor, config) : tensor), shape }];
    }),
  );
}

/** A matrix in interleaved order, seen in half-split order. */
function halfSplit(tensor: Tensor, head: HeadRows): Tensor {
  const { headDim } = head;
  const rowBytes = elementRowBytes(tensor.type, tensor.columns);
  return {
    ...tensor,
    async readRows(start, end) {
      const first = Math.floor(start / headDim) * headDim;
      const last = Math.min(tensor.rows, Math.ceil(end / headDim) * headDim);
      const heads = toHalfSplit(await tensor.readRows(first, last), rowBytes, head);
      return heads.slice((start - first) * rowBytes, (end - first) * rowBytes);
    },
  };
}
