// safetensors (huggingface/safetensors): u64 length, JSON directory, tensor data. Little-endian throughout.

import { corruptFile } from '../../core/errors';
import { isObject, parseObject, stringEntries } from '../../core/json';
import type { Source } from '../../core/source';

/** The reference reader's own limit. */
const MAX_HEADER = 100_000_000;

const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

interface SafetensorsTensor {
  readonly name: string;
  /** The type as the file writes it: `F32`, `F16`, `BF16`, … */
  readonly dtype: string;
  /** Row-major; the last dimension is contiguous. */
  readonly shape: readonly number[];
  readonly source: Source;
  /** Where its bytes start in the file. */
  readonly start: number;
  readonly bytes: number;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/** Whether the first 9 bytes look like safetensors: a plausible length, then a JSON object. */
export function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
  return length >= 2 && length <= MAX_HEADER;
}

/**
 * Reads one file's directory, checking that every tensor lies within the file and has the size of its shape.
 * @throws PronkError `corrupt-file`
 */
export async function readSafetensors(source: Source): Promise<SafetensorsFile> {
  const { name, size } = source;
  if (size < 8) throw corruptFile(name, 'it ends within its header');
  const length = Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
  if (length > MAX_HEADER) throw corruptFile(name, 'it does not start like a safetensors file');
  if (8 + length > size) throw corruptFile(name, 'it ends within its header');
  const header = parseObject(new TextDecoder().decode(await source.read(8, 8 + length)), name);
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [key, entry] of Object.entries(entries)) tensors.set(key, tensorOf(source, key, entry, 8 + length));
  return { metadata: isObject(metadata) ? stringEntries(metadata) : {}, tensors };
}

/** A tensor to write: its bytes in file order, in pieces if that is easier. */
export interface SafetensorsInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer> | readonly Uint8Array<ArrayBuffer>[];
}

/** One file's bytes, in pieces for a `Blob`: data starts at a multiple of 8, tensors follow in the order given. */
export function writeSafetensors(
  tensors: readonly SafetensorsInput[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array<ArrayBuffer>[] {
  const directory: Record<string, unknown> = { __metadata__: metadata };
  const body: Uint8Array<ArrayBuffer>[] = [];
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
    const start = end;
    for (const piece of pieces) end += piece.length;
    if (end - start !== byteLength(dtype, shape)) throw new RangeError(`${name} does not have the size of its shape`);
    directory[name] = { dtype, shape, data_offsets: [start, end] };
    body.push(...pieces);
  }
  const json = new TextEncoder().encode(JSON.stringify(directory));
  const head = new Uint8Array(Math.ceil((8 + json.length) / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  return [head, ...body];
}

function tensorOf(source: Source, name: string, entry: unknown, dataStart: number): SafetensorsTensor {
  const bad = (problem: string) => corruptFile(source.name, `the tensor ${name} ${problem}`);
  if (!isObject(entry)) throw bad('has no entry');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw bad('has a malformed entry');
  }
  const [start, end] = offsets;
  if (start > end || dataStart + end > source.size) throw bad('reaches beyond its end');
  const bytes = byteLength(dtype, shape);
  if (bytes !== undefined && bytes !== end - start) throw bad('does not have the size of its shape');
  return { name, dtype, shape, source, start: dataStart + start, bytes: end - start };
}

/** Bytes of a tensor, or undefined for an element type that this reader has not heard of. */
function byteLength(dtype: string, shape: readonly number[]): number | undefined {
  const size = DTYPE_BYTES[dtype];
  return size === undefined ? undefined : shape.reduce((product, each) => product * each, size);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
