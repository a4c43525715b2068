// GGUF headers (ggml/docs/gguf.md), versions 2 and 3, little-endian: key/value metadata, then the tensor directory, then
// aligned tensor data, which is not touched here.

import { elementRowBytes, elementsPerBlock } from '../../quant/elements';
import type { ElementType } from '../../core/weight-kinds';
import { PronkError, corruptFile } from '../../core/errors';
import type { Source } from '../../core/source';
import { readType } from './ggml-types';

/** Metadata types in the order of their codes. */
export const TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;
/** Bytes of each; of strings and arrays, the least. */
export const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8] as const;

export type GgufType = (typeof TYPES)[number];
export type GgufScalar = number | bigint | boolean | string;
/** A metadata value with its type; 64-bit integers are numbers where they are safe ones. */
export type GgufValue =
  | { readonly type: Exclude<GgufType, 'array'>; readonly value: GgufScalar }
  | { readonly type: 'array'; readonly of: GgufType; readonly value: readonly (GgufScalar | GgufValue)[] };

export interface GgufTensor {
  readonly name: string;
  /** ggml's order: `shape[0]` is the contiguous dimension (columns). */
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Where its bytes start in the file. */
  readonly start: number;
  readonly bytes: number;
}

export interface GgufFile {
  readonly source: Source;
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

/** A header larger than this is not one. The largest real ones (a quarter of a million tokens) have about 20 MiB. */
const MAX_HEADER = 256 << 20;

/** Whether the first bytes are GGUF's magic. */
export function isGguf(head: Uint8Array): boolean {
  return head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55 && head[3] === 0x46;
}

/** Magics of the files of llama.cpp before GGUF: ggml, ggmf, ggjt, and ggla for adapters. */
const OLD_MAGICS: readonly number[] = [0x67676d6c, 0x67676d66, 0x67676a74, 0x67676c61];

/** Whether the first bytes are those of a file of llama.cpp from before GGUF. */
export function isOldGgml(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  return OLD_MAGICS.includes(new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true));
}

/**
 * Reads the header of a GGUF file, checking that every tensor lies within the file.
 * @throws PronkError `corrupt-file`; `unsupported-tensor-type` for block types that Pronk does not read
 */
export async function readGguf(source: Source): Promise<GgufFile> {
  // A header's length is written nowhere: parse a prefix, and take a larger one when it ends too soon.
  for (let length = 1 << 20; ; length *= 4) {
    const end = Math.min(length, source.size, MAX_HEADER);
    const bytes = await source.read(0, end);
    try {
      return parse(source, new Cursor(bytes, source));
    } catch (error) {
      if (error !== SHORT) throw error;
      if (end === source.size) throw corruptFile(source.name, 'it ends within its header');
      if (end === MAX_HEADER) throw corruptFile(source.name, 'its header is too long');
    }
  }
}

const SHORT = new Error('the prefix ends within the header');

/** Reads little-endian values one after another, throwing `SHORT` past the end of the prefix. */
class Cursor {
  at = 0;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly source: Source;
  // U+FEFF is a token of LLaMA's vocabulary
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(bytes: Uint8Array, source: Source) {
    this.bytes = bytes;
    this.source = source;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(bytes: number): number {
    const at = this.at;
    if (at + bytes > this.view.byteLength) throw SHORT;
    this.at = at + bytes;
    return at;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** A count or length: what cannot fit into the file at `size` bytes each is absurd. */
  count(what: string, size: number): number {
    const count = this.view.getBigUint64(this.take(8), true);
    if (count > BigInt(Math.floor((this.source.size - this.at) / size))) {
      throw corruptFile(this.source.name, `it claims ${count} ${what}, more than it has room for`);
    }
    return Number(count);
  }

  string(): string {
    const length = this.count('bytes of text', 1);
    const at = this.take(length);
    return this.decoder.decode(this.bytes.subarray(at, at + length));
  }

  scalar(type: Exclude<GgufType, 'array'>): GgufScalar {
    const { view } = this;
    switch (type) {
      case 'u8':
        return view.getUint8(this.take(1));
      case 'i8':
        return view.getInt8(this.take(1));
      case 'u16':
        return view.getUint16(this.take(2), true);
      case 'i16':
        return view.getInt16(this.take(2), true);
      case 'u32':
        return this.u32();
      case 'i32':
        return view.getInt32(this.take(4), true);
      case 'f32':
        return view.getFloat32(this.take(4), true);
      case 'bool':
        return view.getUint8(this.take(1)) !== 0;
      case 'string':
        return this.string();
      case 'u64':
        return safe(view.getBigUint64(this.take(8), true));
      case 'i64':
        return safe(view.getBigInt64(this.take(8), true));
      case 'f64':
        return view.getFloat64(this.take(8), true);
    }
  }

  type(): GgufType {
    const code = this.u32();
    const type = TYPES[code];
    if (!type) throw corruptFile(this.source.name, `its header has a value of unknown type ${code}`);
    return type;
  }

  value(depth = 0): GgufValue {
    const type = this.type();
    return type === 'array' ? this.array(depth) : { type, value: this.scalar(type) };
  }

  private array(depth: number): GgufValue {
    if (depth > 3) throw corruptFile(this.source.name, 'its header nests arrays too deeply');
    const of = this.type();
    const count = this.count('array elements', SIZES[TYPES.indexOf(of)]);
    const value: (GgufScalar | GgufValue)[] = [];
    for (let i = 0; i < count; i++) value.push(of === 'array' ? this.array(depth + 1) : this.scalar(of));
    return { type: 'array', of, value };
  }
}

function safe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function parse(source: Source, cursor: Cursor): GgufFile {
  const { name } = source;
  const magic = source.size < 24 ? 0 : cursor.u32();
  if (OLD_MAGICS.includes(magic)) throw new PronkError('unsupported-version', beforeGguf(name));
  if (magic !== 0x46554747) throw corruptFile(name, 'it does not start like a GGUF file');
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    throw new PronkError('unsupported-version', `${name} is a GGUF file ${otherVersion(version)}`);
  }
  const tensorCount = cursor.count('tensors', 24);
  const valueCount = cursor.count('metadata values', 13);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < valueCount; i++) {
    const key = cursor.string();
    if (metadata.has(key)) throw corruptFile(name, `its header has ${key} twice`);
    metadata.set(key, cursor.value());
  }
  const entries: Entry[] = [];
  for (let i = 0; i < tensorCount; i++) entries.push(readEntry(source, cursor));
  if (new Set(entries.map((entry) => entry.name)).size < entries.length) {
    throw corruptFile(name, 'it has two tensors of one name');
  }
  const alignment = metadata.get('general.alignment')?.value ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 1 << 20 || (alignment & (alignment - 1)) !== 0) {
    throw corruptFile(name, 'its alignment is not a power of two');
  }
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  const tensors = entries.map(({ offset, ...tensor }) => {
    const start = dataStart + offset;
    if (offset % alignment || start + tensor.bytes > source.size) {
      throw corruptFile(name, `the tensor ${tensor.name} reaches beyond its end`);
    }
    return { ...tensor, start };
  });
  return { source, version, metadata, tensors };
}

function beforeGguf(name: string): string {
  const what = `${name} is a file of llama.cpp from before GGUF, which came in August 2023.`;
  return `${what} Take the model as GGUF or as its publisher's folder, or convert the file with llama.cpp's convert_llama_ggml_to_gguf.py.`;
}

/** What a file of another version is, and what to do. */
function otherVersion(version: number): string {
  const reads = 'Pronk reads versions 2 and 3 in little-endian byte order.';
  if (version > 0 && (version & 0xffffff) === 0) {
    return `in big-endian byte order. ${reads} gguf-py's gguf_convert_endian turns it round.`;
  }
  if (version === 1)
    return `of version 1, of August 2023. ${reads} Take a newer file of the model, or convert it again.`;
  return `of version ${version}. ${reads}`;
}

type Entry = Omit<GgufTensor, 'start'> & { readonly offset: number };

function readEntry(source: Source, cursor: Cursor): Entry {
  const name = cursor.string();
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > 4)
    throw corruptFile(source.name, `the tensor ${name} has ${dimensions} dimensions`);
  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) shape.push(Number(cursor.scalar('u64')));
  const code = cursor.u32();
  const type = readType(code, name, source.name);
  const offset = Number(cursor.scalar('u64'));
  const [columns] = shape;
  const rows = shape.slice(1).reduce((product, size) => product * size, 1);
  const bytes = rows * elementRowBytes(type, columns);
  if (!(columns > 0 && rows > 0 && bytes <= source.size)) {
    throw corruptFile(source.name, `the tensor ${name} has the impossible shape ${shape.join(' × ')}`);
  }
  const block = elementsPerBlock(type);
  if (columns % block) {
    const problem = `the tensor ${name} has rows of ${columns}, and ${type} comes in whole blocks of ${block}`;
    throw corruptFile(source.name, problem);
  }
  return { name, shape, type, offset, bytes };
}
