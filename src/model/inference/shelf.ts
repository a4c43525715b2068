// Conversations that were read before. When another one takes their place in the cache, their keys and values are put aside
// on the GPU, so that they need not be read again. What conversations share is put aside once.
import type { KeyValueCache } from './kv-cache';

/** Fewer rows than this are read again sooner than they are kept. */
export const LEAST_ROWS = 16;

/** Rows of one conversation, after those of the one that it goes on from. */
interface Segment {
  /** Who read it: the name of the base, or of base and adapters. */
  readonly by: string;
  /** All ids up to its end. */
  readonly ids: readonly number[];
  /** Rows before this one are the parent's. */
  readonly from: number;
  readonly parent: Segment | undefined;
  /** Per layer the keys and then the values, [K, ids.length - from, d] each. */
  readonly rows: GPUBuffer;
  children: number;
  lastUse: number;
}

/** The kept beginning of a text: so many rows, in a segment and those before it. */
interface Found {
  readonly segment: Segment;
  readonly length: number;
}

/** Number of ids that two texts have in common at the beginning. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a[n] === b[n]) n++;
  return n;
}

export class Shelf {
  readonly #device: GPUDevice;
  readonly #budget: number;
  readonly #segments = new Set<Segment>();
  #clock = 0;

  /** @param budget bytes that may be kept; 0 keeps nothing */
  constructor(device: GPUDevice, budget: number) {
    this.#device = device;
    this.#budget = budget;
  }

  /** Bytes in use; never more than the budget. */
  get bytes(): number {
    return [...this.#segments].reduce((sum, { rows }) => sum + rows.size, 0);
  }

  /** Number of these ids that can be brought back. */
  known(by: string, ids: readonly number[]): number {
    return this.#find(by, ids)?.length ?? 0;
  }

  /** Marks what is known of these ids as used now, so that it is the last to go. */
  touch(by: string, ids: readonly number[]): void {
    const found = this.#find(by, ids);
    for (let each = found?.segment; each; each = each.parent) each.lastUse = ++this.#clock;
  }

  /** Copies the rows of a text out of the cache. What was used least recently goes where there is no room. */
  async put(cache: KeyValueCache, by: string, ids: readonly number[]): Promise<void> {
    this.touch(by, ids);
    const found = this.#find(by, ids);
    const from = found?.length ?? 0;
    const count = ids.length - from;
    const size = cache.rowBytes * cache.layers.length * 2 * cache.heads * count;
    // queues copy multiples of four bytes
    if (count < LEAST_ROWS || cache.rowBytes % 4 !== 0) return;
    if (size > this.#device.limits.maxBufferSize || !this.#makeRoom(size, found?.segment)) return;
    const rows = await this.#allocate(size);
    if (!rows) return;
    const parent = found?.segment;
    const segment = { by, ids: [...ids], from, parent, rows, children: 0, lastUse: ++this.#clock };
    if (parent) parent.children++;
    this.#segments.add(segment);
    this.#copy(cache, [{ segment, start: from, end: ids.length }], 'out');
  }

  /** Copies the known rows of a text into the cache, from a row on; how many rows are right there then. */
  bring(cache: KeyValueCache, by: string, ids: readonly number[], from: number): number {
    const found = this.#find(by, ids);
    if (!found || found.length <= from) return from;
    const parts: Part[] = [];
    let end = found.length;
    for (let segment: Segment | undefined = found.segment; segment && end > from; segment = segment.parent) {
      const start = Math.max(from, segment.from);
      if (end > start) parts.push({ segment, start, end });
      end = Math.min(end, segment.from);
    }
    this.#copy(cache, parts, 'in');
    this.touch(by, ids);
    return found.length;
  }

  /** Frees everything. */
  clear(): void {
    for (const { rows } of this.#segments) rows.destroy();
    this.#segments.clear();
  }

  /** The longest beginning of a text that is kept, and the segment that its last row lies in. */
  #find(by: string, ids: readonly number[]): Found | undefined {
    let best: Found | undefined;
    for (const segment of this.#segments) {
      if (segment.by !== by) continue;
      const length = commonPrefix(segment.ids, ids);
      if (length > (best?.length ?? 0)) best = { segment, length };
    }
    if (!best) return undefined;
    let { segment } = best;
    while (segment.parent && best.length <= segment.from) segment = segment.parent;
    return { segment, length: best.length };
  }

  /** Frees segments that no other goes on from, the least recently used first; whether there is room then. */
  #makeRoom(bytes: number, kept: Segment | undefined): boolean {
    if (bytes > this.#budget) return false;
    while (this.bytes + bytes > this.#budget) {
      const ends = [...this.#segments].filter((each) => each.children === 0 && each !== kept);
      const oldest = ends.toSorted((a, b) => a.lastUse - b.lastUse)[0];
      if (!oldest) return false;
      this.#segments.delete(oldest);
      if (oldest.parent) oldest.parent.children--;
      oldest.rows.destroy();
    }
    return true;
  }

  /** A buffer, or nothing where the device has no room: all that is kept makes way then. */
  async #allocate(size: number): Promise<GPUBuffer | undefined> {
    this.#device.pushErrorScope('out-of-memory');
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ size, usage, label: 'conversation' });
    if (!(await this.#device.popErrorScope())) return buffer;
    buffer.destroy();
    this.clear();
    return undefined;
  }

  #copy(cache: KeyValueCache, parts: readonly Part[], way: 'in' | 'out'): void {
    const encoder = this.#device.createCommandEncoder();
    const bytes = cache.rowBytes;
    const tensors = cache.layers.flatMap(({ keys, values }) => [keys, values]);
    for (const { segment, start, end } of parts) {
      const height = segment.ids.length - segment.from;
      for (const [i, tensor] of tensors.entries()) {
        for (let head = 0; head < cache.heads; head++) {
          const there = tensor.offset + (head * cache.context + start) * bytes;
          const here = ((i * cache.heads + head) * height + start - segment.from) * bytes;
          const size = (end - start) * bytes;
          if (way === 'in') encoder.copyBufferToBuffer(segment.rows, here, tensor.buffer, there, size);
          else encoder.copyBufferToBuffer(tensor.buffer, there, segment.rows, here, size);
        }
      }
    }
    this.#device.queue.submit([encoder.finish()]);
  }
}

/** Rows of a segment that are copied, by their place in the text. */
interface Part {
  readonly segment: Segment;
  readonly start: number;
  readonly end: number;
}
