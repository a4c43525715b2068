// safetensors written as a stream, for models that are larger than memory: shards as Hugging Face cuts them.

import { elementRowBytes } from '../../quant/elements';

/** A tensor to write, whose bytes come when they are wanted. */
export interface StreamedTensor {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'BF16';
  /** Row-major; the last dimension is contiguous. */
  readonly shape: readonly number[];
  /** Its bytes from first to last, in pieces. */
  bytes(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface Shard {
  /** `model.safetensors`, or `model-00001-of-00003.safetensors`. */
  readonly file: string;
  readonly tensors: readonly StreamedTensor[];
}

/** Hugging Face's "5GB". */
const SHARD_BYTES = 5e9;

/** Packs tensors in their order into files of at most `maxBytes` of data; one tensor always fits. */
export function planShards(tensors: readonly StreamedTensor[], maxBytes = SHARD_BYTES): Shard[] {
  const groups: StreamedTensor[][] = [];
  let size = Infinity;
  for (const tensor of tensors) {
    const bytes = byteLength(tensor);
    if (size + bytes > maxBytes) {
      groups.push([tensor]);
      size = 0;
    } else groups[groups.length - 1].push(tensor);
    size += bytes;
  }
  const number = (value: number) => String(value).padStart(5, '0');
  return groups.map((group, i) => ({
    file: groups.length === 1 ? 'model.safetensors' : `model-${number(i + 1)}-of-${number(groups.length)}.safetensors`,
    tensors: group,
  }));
}

/** The text of `model.safetensors.index.json`. */
export function shardIndex(shards: readonly Shard[]): string {
  const tensors = shards.flatMap((shard) => shard.tensors);
  const total = tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  const map = Object.fromEntries(shards.flatMap(({ file, tensors: held }) => held.map(({ name }) => [name, file])));
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: map }, null, 2)}\n`;
}

/**
 * One file from its first byte to its last; data starts at a multiple of 8, tensors follow in the order given.
 * @throws RangeError when a tensor gives other than the bytes of its shape
 */
export async function* safetensorsStream(
  tensors: readonly StreamedTensor[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const directory: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const tensor of tensors) {
    const start = end;
    end += byteLength(tensor);
    directory[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [start, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(directory));
  const head = new Uint8Array(Math.ceil((8 + json.length) / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  yield head;
  for (const tensor of tensors) {
    let left = byteLength(tensor);
    for await (const piece of tensor.bytes()) {
      left -= piece.length;
      yield piece;
    }
    if (left !== 0) throw new RangeError(`${tensor.name} does not have the size of its shape`);
  }
}

function byteLength({ dtype, shape }: StreamedTensor): number {
  return shape.reduce((product, each) => product * each, elementRowBytes(dtype, 1));
}
