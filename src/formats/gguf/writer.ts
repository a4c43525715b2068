// GGUF written as a stream, for models that are larger than memory: header, directory, then each tensor's bytes in turn.

import { elementRowBytes } from '../../quant/elements';
import type { ElementType } from '../../core/weight-kinds';
import { type GgufScalar, type GgufType, type GgufValue, SIZES, TYPES } from './gguf';
import { ggmlTypeCode } from './ggml-types';

/** A tensor to write, whose bytes come when they are wanted. */
export interface GgufTensorContent {
  readonly name: string;
  readonly type: ElementType;
  /** ggml's order: `shape[0]` is the contiguous dimension. */
  readonly shape: readonly number[];
  /** Its bytes from first to last, as a file has them. */
  pieces(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface GgufContent {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensorContent[];
}

/** A file's bytes from first to last; each iteration makes them anew. */
export interface GgufStream extends AsyncIterable<Uint8Array<ArrayBuffer>> {
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Tensors begin at multiples of this: the format's default. */
const ALIGNMENT = 32;

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * A GGUF file, version 3. Memory holds the header and one piece.
 * @throws RangeError while it is read, when a tensor gives other than the bytes of its shape
 */
export function writeGguf(content: GgufContent): GgufStream {
  const head = header(content);
  const size = content.tensors.reduce((sum, tensor) => sum + aligned(byteLength(tensor)), head.length);
  return {
    size,
    async *[Symbol.asyncIterator]() {
      yield head;
      for (const tensor of content.tensors) {
        const bytes = byteLength(tensor);
        let left = bytes;
        for await (const piece of tensor.pieces()) {
          left -= piece.length;
          yield piece;
        }
        if (left !== 0) throw new RangeError(`${tensor.name} does not have the size of its shape`);
        const padding = aligned(bytes) - bytes;
        if (padding) yield new Uint8Array(padding);
      }
    },
  };
}

function byteLength({ type, shape: [columns = 1, ...rest] }: GgufTensorContent): number {
  return rest.reduce((rows, size) => rows * size, 1) * elementRowBytes(type, columns);
}

function header({ metadata, tensors }: GgufContent): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  out.bytes(Uint8Array.of(0x47, 0x47, 0x55, 0x46));
  out.scalar('u32', 3);
  out.scalar('u64', tensors.length);
  out.scalar('u64', metadata.size);
  for (const [key, value] of metadata) {
    out.scalar('string', key);
    out.value(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    out.scalar('string', tensor.name);
    out.scalar('u32', tensor.shape.length);
    for (const size of tensor.shape) out.scalar('u64', size);
    out.scalar('u32', ggmlTypeCode(tensor.type));
    out.scalar('u64', offset);
    offset += aligned(byteLength(tensor));
  }
  out.bytes(new Uint8Array(aligned(out.length) - out.length));
  return out.finish();
}

/** Little-endian values one after another. */
class Writer {
  length = 0;
  private room = new Uint8Array(1 << 16);
  private view = new DataView(this.room.buffer);
  private readonly encoder = new TextEncoder();

  finish(): Uint8Array<ArrayBuffer> {
    return this.room.slice(0, this.length);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.take(bytes.length);
    this.room.set(bytes, at);
  }

  value(value: GgufValue): void {
    this.scalar('u32', TYPES.indexOf(value.type));
    if (value.type === 'array') this.array(value);
    else this.scalar(value.type, value.value);
  }

  scalar(type: Exclude<GgufType, 'array'>, value: GgufScalar): void {
    if (type === 'string') {
      const text = this.encoder.encode(String(value));
      this.scalar('u64', text.length);
      return this.bytes(text);
    }
    const at = this.take(SIZES[TYPES.indexOf(type)]);
    const { view } = this;
    switch (type) {
      case 'u8':
      case 'bool':
        return view.setUint8(at, Number(value));
      case 'i8':
        return view.setInt8(at, Number(value));
      case 'u16':
        return view.setUint16(at, Number(value), true);
      case 'i16':
        return view.setInt16(at, Number(value), true);
      case 'u32':
        return view.setUint32(at, Number(value), true);
      case 'i32':
        return view.setInt32(at, Number(value), true);
      case 'f32':
        return view.setFloat32(at, Number(value), true);
      case 'u64':
        return view.setBigUint64(at, BigInt(value), true);
      case 'i64':
        return view.setBigInt64(at, BigInt(value), true);
      case 'f64':
        return view.setFloat64(at, Number(value), true);
    }
  }

  private array({ of, value }: GgufValue & { type: 'array' }): void {
    this.scalar('u32', TYPES.indexOf(of));
    this.scalar('u64', value.length);
    for (const each of value) {
      if (typeof each !== 'object') this.scalar(of as Exclude<GgufType, 'array'>, each);
      else if (each.type === 'array') this.array(each);
    }
  }

  /** Where the next `bytes` go. `room` and `view` are others afterwards when these had to grow. */
  private take(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    if (this.length > this.room.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.room.length));
      larger.set(this.room);
      this.room = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
}
