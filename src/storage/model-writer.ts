// Row groups -> shards of at most 64 MiB, in order. A shard is hashed and stored while the next one fills; after each
// one it is said what the store now holds, so that a writer can go on from there.

import { type PackedRows, type WeightKind, codeBytes, scaleBytes } from '../core/weight-kinds';
import type { StoredGroup, StoredShard, StoredTensor } from './manifest';
import { writeShard } from './shards';
import type { ShardStore } from './store';

/** Offsets are multiples of this, so that a shard could be bound as it lies. */
const ALIGNMENT = 256;
const SHARD_BYTES = 64 << 20;

/** What a tensor is, whatever its rows hold. */
export interface TensorShape {
  readonly name: string;
  readonly kind: WeightKind;
  readonly rows: number;
  readonly columns: number;
}

/** What is in the store for good: the last tensor may lack rows. */
export interface Written {
  readonly shards: readonly StoredShard[];
  readonly tensors: readonly StoredTensor[];
}

export interface WriterOptions {
  /** A shard is closed before it would grow beyond this (one row group always fits); for tests. */
  readonly shardBytes?: number;
  /** What an earlier writer of the same prefix left. */
  readonly from?: Written;
  /** Called when another shard is stored, one call at a time. */
  readonly onStored?: (written: Written) => void | Promise<void>;
}

interface OpenTensor extends TensorShape {
  readonly groups: StoredGroup[];
}

/** Where row groups lie in their shards, one after the other. */
export class ShardLayout {
  readonly #limit: number;
  /** Bytes of the shard that is being filled. */
  #size = 0;

  /** @param shardBytes a shard is closed before it would grow beyond this (one row group always fits) */
  constructor(shardBytes = SHARD_BYTES) {
    this.#limit = shardBytes;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether a group begins another shard: `close` is to be called before it is placed. */
  isFull(codesBytes: number, scalesBytes: number): boolean {
    return this.#size > 0 && align(this.#size) + align(codesBytes) + scalesBytes > this.#limit;
  }

  close(): void {
    this.#size = 0;
  }

  place(codesBytes: number, scalesBytes: number): { readonly codesOffset: number; readonly scalesOffset: number } {
    const codesOffset = align(this.#size);
    const scalesOffset = codesOffset + align(codesBytes);
    this.#size = scalesBytes ? scalesOffset + scalesBytes : codesOffset + codesBytes;
    return { codesOffset, scalesOffset };
  }
}

export class ModelWriter {
  readonly #store: ShardStore;
  readonly #prefix: string;
  readonly #layout: ShardLayout;
  readonly #onStored: NonNullable<WriterOptions['onStored']>;
  readonly #shards: StoredShard[];
  readonly #tensors: OpenTensor[];
  #begun: number;
  #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #storing: Promise<void> = Promise.resolve();

  /** @param prefix of the shards' keys: one for each attempt at storing a model */
  constructor(store: ShardStore, prefix: string, { shardBytes, from, onStored }: WriterOptions = {}) {
    this.#store = store;
    this.#prefix = prefix;
    this.#layout = new ShardLayout(shardBytes);
    this.#onStored = onStored ?? (() => {});
    this.#shards = [...(from?.shards ?? [])];
    this.#tensors = (from?.tensors ?? []).map((tensor) => ({ ...tensor, groups: [...tensor.groups] }));
    this.#begun = this.#shards.length;
  }

  /** What was added so far, stored or not. */
  get tensors(): readonly StoredTensor[] {
    return this.#tensors;
  }

  /** Adds the next rows of a tensor. @throws RangeError for rows that do not follow, or are not what the shape says */
  async add(shape: TensorShape, group: PackedRows & { readonly rowStart: number }): Promise<void> {
    const { name, kind, rows, columns } = shape;
    const { rowStart, codes, scales } = group;
    const tensor = this.#tensor(shape);
    const whole =
      codes.length === group.rows * codeBytes(kind, columns) && scales.length === scaleBytes(kind, group.rows, columns);
    const fits = rowStart === rowsOf(tensor) && rowStart + group.rows <= rows;
    if (!fits || group.kind !== kind || group.columns !== columns || !whole) {
      throw new RangeError(`The row group at ${rowStart} of ${name} is not what its tensor says`);
    }
    if (this.#layout.isFull(codes.length, scales.length)) await this.#flush();
    const { codesOffset, scalesOffset } = this.#layout.place(codes.length, scales.length);
    this.#pieces.push({ at: codesOffset, bytes: codes }, { at: scalesOffset, bytes: scales });
    const [codesBytes, scalesBytes] = [codes.length, scales.length];
    const place = { shard: this.#begun, codesOffset, codesBytes, scalesOffset, scalesBytes };
    tensor.groups.push({ rowStart, rows: group.rows, ...place });
  }

  /** Stores what is left. @throws RangeError when a tensor lacks rows */
  async finish(): Promise<Written> {
    this.#checkLast();
    await this.#flush();
    await this.#storing;
    return { shards: this.#shards, tensors: this.#tensors };
  }

  /** Waits until nothing is being stored, whether it worked or not. */
  async settled(): Promise<void> {
    await this.#storing.catch(() => {});
  }

  #tensor(shape: TensorShape): OpenTensor {
    const last = this.#tensors.at(-1);
    if (last?.name === shape.name) return last;
    this.#checkLast();
    const { name, kind, rows, columns } = shape;
    const tensor: OpenTensor = { name, kind, rows, columns, groups: [] };
    this.#tensors.push(tensor);
    return tensor;
  }

  #checkLast(): void {
    const last = this.#tensors.at(-1);
    if (last && rowsOf(last) !== last.rows) {
      throw new RangeError(`${last.name} came with ${rowsOf(last)} of its ${last.rows} rows`);
    }
  }

  async #flush(): Promise<void> {
    if (!this.#layout.size) return;
    // a rejection stays in the chain: whoever adds or finishes next gets it
    await this.#storing;
    const [pieces, size, index] = [this.#pieces, this.#layout.size, this.#begun];
    this.#pieces = [];
    this.#layout.close();
    this.#begun++;
    const tensors = this.#tensors.map((tensor, i) =>
      i === this.#tensors.length - 1 ? { ...tensor, groups: [...tensor.groups] } : tensor,
    );
    this.#storing = this.#put(index, pieces, size, tensors);
    this.#storing.catch(() => {});
  }

  async #put(
    index: number,
    pieces: readonly { readonly at: number; readonly bytes: Uint8Array }[],
    size: number,
    tensors: readonly StoredTensor[],
  ): Promise<void> {
    const bytes = new Uint8Array(size);
    for (const piece of pieces) if (piece.bytes.length) bytes.set(piece.bytes, piece.at);
    this.#shards.push(await writeShard(this.#store, shardKey(this.#prefix, index), bytes));
    await this.#onStored({ shards: [...this.#shards], tensors });
  }
}

/** The key of a prefix's shard. */
export function shardKey(prefix: string, part: number | 'tokenizer'): string {
  return `${prefix}/${String(part).padStart(3, '0')}`;
}

/** Rows that a tensor's groups hold so far. */
export function rowsOf({ groups }: Pick<StoredTensor, 'groups'>): number {
  const last = groups.at(-1);
  return last ? last.rowStart + last.rows : 0;
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
