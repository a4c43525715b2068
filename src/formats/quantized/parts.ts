// The tensors that stand for one matrix in a folder whose weights another program quantized, and how their bytes are read.

import { corruptFile } from '../../core/errors';
import { dequantizeElements } from '../../quant/elements';
import type { DirectoryEntry } from '../checkpoint/directory';
import type { Shelf } from './shelf';

/** Bytes of an element of the types that parts have. */
const SIZES: Readonly<Record<string, number>> = {
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  F16: 2,
  BF16: 2,
  F32: 4,
  I32: 4,
  U32: 4,
  I64: 8,
};

/** A matrix as its parts: `qweight`, `scales`, … by what follows the module's name. */
export class Parts {
  /** `model.layers.0.self_attn.q_proj` */
  readonly module: string;
  /** The part with the codes, whose place in the file is the matrix's. */
  readonly main: DirectoryEntry;
  readonly #parts: ReadonlyMap<string, DirectoryEntry>;
  readonly #shelf: Shelf;

  constructor(module: string, main: DirectoryEntry, parts: ReadonlyMap<string, DirectoryEntry>, shelf: Shelf) {
    this.module = module;
    this.main = main;
    this.#parts = parts;
    this.#shelf = shelf;
  }

  /** Name of the matrix. */
  get name(): string {
    return `${this.module}.weight`;
  }

  has(suffix: string): boolean {
    return this.#parts.has(suffix);
  }

  /** @throws PronkError `corrupt-file` where the part is missing */
  part(suffix: string): DirectoryEntry {
    const found = this.#parts.get(suffix);
    if (!found)
      throw this.wrong(`the tensor ${this.module}.${suffix} is missing, without which its codes mean nothing`);
    return found;
  }

  /** The one part whose suffix begins so. */
  partLike(start: string): DirectoryEntry | undefined {
    return [...this.#parts].find(([suffix]) => suffix.startsWith(start))?.[1];
  }

  /** PronkError `corrupt-file`; `problem` is a clause. */
  wrong(problem: string) {
    return corruptFile(this.main.source.name, problem);
  }

  /** @throws PronkError `corrupt-file` unless a part has this shape; a vector may be a column */
  expectShape(entry: DirectoryEntry, ...shape: readonly number[]): void {
    const plain = (sizes: readonly number[]) => sizes.filter((size) => size !== 1).join(' × ') || '1';
    if (plain(entry.shape) === plain(shape)) return;
    throw this.wrong(`the tensor ${entry.name} is ${plain(entry.shape)} where its matrix needs ${plain(shape)}`);
  }

  /** Makes something of the parts, once for reads that follow each other. */
  once<T>(what: string, make: () => Promise<T>): Promise<T> {
    return this.#shelf.get(`${this.module} ${what}`, make);
  }

  /** All bytes of a part, apart from the order in which the file is read. */
  bytes(entry: DirectoryEntry): Promise<Uint8Array<ArrayBuffer>> {
    const end = entry.start + this.count(entry) * this.sizeOf(entry);
    const { source } = entry;
    return this.once(entry.name, () => (source.readApart ?? source.read).call(source, entry.start, end));
  }

  /** Bytes of the main part's elements `from` to `to`, in the order of the file. */
  codes(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const { source, start } = this.main;
    const size = this.sizeOf(this.main);
    return source.read(start + from * size, start + to * size);
  }

  /** A part's numbers. @throws PronkError `corrupt-file` unless they are floats */
  floats(entry: DirectoryEntry): Promise<Float32Array<ArrayBuffer>> {
    return this.once(`${entry.name} floats`, async () => {
      const bytes = await this.bytes(entry);
      if (entry.dtype === 'F8_E8M0') return Float32Array.from(bytes, (exponent) => 2 ** (exponent - 127));
      return dequantizeElements(this.floatType(entry), bytes.slice());
    });
  }

  /** @throws PronkError `corrupt-file` */
  floatType({ name, dtype }: DirectoryEntry): 'F32' | 'F16' | 'BF16' {
    if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype;
    throw this.wrong(`the tensor ${name} holds ${dtype} where floats are needed`);
  }

  count({ shape }: DirectoryEntry): number {
    return shape.reduce((product, size) => product * size, 1);
  }

  sizeOf({ name, dtype }: DirectoryEntry): number {
    const size = SIZES[dtype];
    if (size === undefined) throw this.wrong(`the tensor ${name} holds ${dtype}`);
    return size;
  }
}

/** Words of 32 bits, which packed codes come in. */
export function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array {
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
