// One checkpoint in every layout that PyTorch files come in, and encrypted: for tests that compare what they are read as.

import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { metaParams } from '../meta/meta';
import { toMetaName } from '../checkpoint/tensor-names';
import { toHalfSplit } from '../checkpoint/permute';
import { type Source, bytesSource } from '../../core/source';
import { type TorchInput, writeTorch } from '../torch/writer';
import { encSource, sha256Of } from '../patches/xor';
import { sourceOf } from './pieces';

/** A torch.save file of tensors. */
export function torchFile(name: string, tensors: readonly TorchInput[]): Promise<Source> {
  return sourceOf(writeTorch(tensors), name);
}

export const torchInput = (
  name: string,
  dtype: TorchInput['dtype'],
  shape: number[],
  bytes: Uint8Array,
): TorchInput => ({
  name,
  dtype,
  shape,
  bytes: () => [Uint8Array.from(bytes)],
});

export const jsonSource = (json: object, name: string) =>
  bytesSource(new TextEncoder().encode(JSON.stringify(json)), name);

/** An index of PyTorch shards. */
export const torchIndex = (weights: object) => jsonSource({ weight_map: weights }, 'pytorch_model.bin.index.json');

const bytes = (tensor: Tensor) => tensor.readRows(0, tensor.rows);
const dtype = ({ type }: Tensor) => type as TorchInput['dtype'];
const shape = ({ rows, columns }: Tensor) => (rows === 1 ? [columns] : [rows, columns]);

/** Two shards as Hugging Face writes them, and which holds what. @param prefix whether names begin with `model.` */
export async function torchShards(checkpoint: Checkpoint, prefix: boolean) {
  const inputs: TorchInput[] = [];
  for (const [name, tensor] of checkpoint.tensors) {
    const plain = await bytes(tensor);
    const rotated = /\.[qk]_proj\./.test(name);
    const data = rotated ? toHalfSplit(plain, plain.length / tensor.rows, checkpoint.config) : plain;
    inputs.push(torchInput(prefix ? name : name.replace(/^model\./, ''), dtype(tensor), shape(tensor), data));
  }
  inputs.push(torchInput('model.layers.0.self_attn.rotary_emb.inv_freq', 'F32', [4], new Uint8Array(16)));
  const half = inputs.length >> 1;
  const names = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'];
  const halves = [inputs.slice(0, half), inputs.slice(half)];
  const map = Object.fromEntries(halves.flatMap((each, i) => each.map(({ name }) => [name, names[i]])));
  return { files: await Promise.all(halves.map((each, i) => torchFile(names[i], each))), map };
}

/** Meta's parts, cut as fairscale cuts. */
export async function metaParts(checkpoint: Checkpoint, count: number, embeddingByRows: boolean): Promise<Source[]> {
  const parts: TorchInput[][] = Array.from({ length: count }, () => []);
  for (const [name, tensor] of checkpoint.tensors) {
    const data = await bytes(tensor);
    const size = data.length / tensor.rows / tensor.columns;
    const byColumns = /o_proj|down_proj/.test(name) || (name.includes('embed_tokens') && !embeddingByRows);
    for (const [i, part] of parts.entries()) {
      const { rows, columns } = tensor;
      const rowRange = rows === 1 || byColumns ? [0, rows] : [(i * rows) / count, ((i + 1) * rows) / count];
      const columnRange = rows > 1 && byColumns ? [(i * columns) / count, ((i + 1) * columns) / count] : [0, columns];
      const cut: number[] = [];
      for (let row = rowRange[0]; row < rowRange[1]; row++) {
        for (let at = columnRange[0] * size; at < columnRange[1] * size; at++)
          cut.push(data[row * columns * size + at]);
      }
      const sizes = [rowRange[1] - rowRange[0], columnRange[1] - columnRange[0]];
      part.push(torchInput(toMetaName(name)!, dtype(tensor), rows === 1 ? [columns] : sizes, Uint8Array.from(cut)));
    }
  }
  for (const part of parts) part.push(torchInput('rope.freqs', 'F32', [4], new Uint8Array(16)));
  return Promise.all(parts.map((part, i) => torchFile(`consolidated.0${i}.pth`, part)));
}

/** Everything that params.json and the parts of a Meta folder are. */
export const metaFolder = async (checkpoint: Checkpoint, count: number): Promise<Source[]> => [
  ...(await metaParts(checkpoint, count, false)),
  jsonSource(metaParams(checkpoint.config), 'params.json'),
];

/** Files as point-alpaca publishes them, and their key. */
export async function encryptedFiles(files: readonly Source[]): Promise<Source[]> {
  const noise = Uint8Array.from({ length: 777_777 }, (_, i) => Math.imul(i, 2654435761) >>> 13);
  const key = bytesSource(noise, 'consolidated.00.pth');
  return [key, ...(await Promise.all(files.map(async (file) => encSource(file, key, await sha256Of(file)))))];
}
