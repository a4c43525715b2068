// A fine-tuned model recovered from a weight diff, or a diff made, and saved as a Hugging Face folder. Every tensor is
// read, summed and written once, in memory that does not grow with the model.
import { PronkError } from '../../core/errors';
import { parseObject } from '../../core/json';
import {
  planShards,
  safetensorsStream,
  shardIndex,
  type Shard,
  type StreamedTensor,
} from '../../formats/safetensors/writer';
import { type Source, baseName, readText } from '../../core/source';
import { type DiffOperation, diffTensors, rowsAtOnce } from '../../formats/patches/weight-diff';
import { allTensors, type FileTensor } from '../../formats/patches/weight-diff-tensors';
import type { Folder } from '../../storage/folder';
import { type SaveOptions, type SavedFile, writeFile } from '../save';

export interface WeightDiffOptions extends Omit<SaveOptions, 'hashers'> {
  /** Bytes of a shard's data at most; for tests. */
  readonly shardBytes?: number;
}

export interface WeightDiffResult {
  /** The sum of all entries of all tensors that were written, added in float64. */
  readonly sum: number;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Writes base + diff (`recover`) or tuned − base (`make`) in float32. Configuration and tokenizer are those of `other`,
 * the diff or the tuned model, as they are; they are written last, so that a folder that lacks them is not whole.
 * @throws PronkError whatever is wrong with the files; `missing-tensor`, `shape-mismatch`; the signal's reason
 */
export async function saveWeightDiff(
  operation: DiffOperation,
  base: readonly Source[],
  other: readonly Source[],
  folder: Folder,
  { onProgress, signal, shardBytes }: WeightDiffOptions = {},
): Promise<WeightDiffResult> {
  const [baseTensors, otherTensors] = await Promise.all([allTensors(base), allTensors(other)]);
  const tensors = [...diffTensors(baseTensors, otherTensors, operation).values()];
  const total = tensors.reduce((sum, { rows, columns }) => sum + 4 * rows * columns, 0);
  let done = 0;
  const sums: number[] = [];
  const streamed = tensors.map((tensor, i): StreamedTensor => {
    sums.push(0);
    const count = (values: Float32Array) => {
      sums[i] += sumOf(values);
      onProgress?.((done += values.byteLength), total);
    };
    return { name: tensor.name, dtype: 'F32', shape: tensor.shape, bytes: () => pieces(tensor, count, signal) };
  });
  const shards = planShards(streamed, shardBytes);
  const files: WeightDiffResult['files'][number][] = [];
  for (const shard of shards) files.push(kept(await writeShard(folder, shard, signal)));
  const small = [
    ...(shards.length > 1 ? [{ name: 'model.safetensors.index.json', text: shardIndex(shards) }] : []),
    ...(await companions(other)),
  ];
  for (const { name, text } of small) {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    const result = await writeFile(folder, name, signal, async (write) => {
      await write(bytes);
      return { bytes: bytes.length };
    });
    files.push(kept(result));
  }
  return { sum: sums.reduce((all, each) => all + each, 0), files };
}

function writeShard(folder: Folder, { file, tensors }: Shard, signal: AbortSignal | undefined): Promise<SavedFile> {
  return writeFile(folder, file, signal, async (write) => {
    let bytes = 0;
    for await (const piece of safetensorsStream(tensors)) {
      await write(piece);
      bytes += piece.length;
    }
    return { bytes };
  });
}

/** A tensor's rows a few at a time, the next being read while one is worked on. */
async function* pieces(tensor: FileTensor, count: (values: Float32Array) => void, signal: AbortSignal | undefined) {
  const step = rowsAtOnce(tensor);
  const read = (row: number) => {
    const rows = tensor.readRows(row, Math.min(tensor.rows, row + step));
    // awaited later, if at all
    rows.catch(() => {});
    return rows;
  };
  let next = read(0);
  for (let row = 0; row < tensor.rows; row += step) {
    signal?.throwIfAborted();
    const bytes = await next;
    if (row + step < tensor.rows) next = read(row + step);
    count(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
    yield bytes;
  }
}

function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

/** Files that stand beside the weights: the configuration, which now says float32, and the tokenizer's. */
async function companions(
  files: readonly Source[],
): Promise<{ name: string; text: string | Uint8Array<ArrayBuffer> }[]> {
  const wanted =
    /^((generation_|tokenizer_)?config|special_tokens_map|added_tokens|tokenizer|vocab|chat_template)\.json$|^(tokenizer|spiece)\.model$|^merges\.txt$|\.jinja$/;
  const found = files.filter(({ name }) => wanted.test(baseName(name)));
  return Promise.all(
    found.map(async (file) => {
      const name = baseName(file.name);
      if (name !== 'config.json') return { name, text: await file.read(0, file.size) };
      const config = parseObject(await readText(file), file.name);
      // newer configurations call it dtype
      const key = 'dtype' in config ? 'dtype' : 'torch_dtype';
      return { name, text: `${JSON.stringify({ ...config, [key]: 'float32' }, null, 2)}\n` };
    }),
  );
}

/** A file that was written, or the error of one that was not. */
function kept({ name, bytes, ok, code, problem }: SavedFile) {
  if (ok) return { name, bytes };
  throw new PronkError(code ?? 'failed', problem ?? `${name} could not be written.`);
}
