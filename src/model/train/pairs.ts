// The trained numbers of a run by pair, in and out of the pools that the kernels work on.
import type { LoraPair } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { read } from '../../gpu/buffers';
import type { LoraSpec, OptimizerState } from '../lora-types';
import type { Pool, TrainingBuffers } from './buffers';
import type { Layout, Region } from './layout';
import { type PairPlace, pairPlaces, startingPairs } from './start';

/** What there is of each trained number. */
type Part = 'parameters' | 'gradients' | 'first' | 'second';
const KEPT = ['parameters', 'first', 'second'] as const satisfies readonly Part[];

/** One pair's place. */
interface Placed extends Omit<LoraPair, 'a' | 'b' | 'rank' | 'scale'> {
  readonly a: Region;
  readonly b: Region;
}

/** All pairs of a run, in the order of its layers and maps. */
export class TrainedPairs {
  readonly #device: GPUDevice;
  readonly #spec: LoraSpec;
  readonly #buffers: TrainingBuffers;
  readonly #places: readonly Placed[];

  constructor(device: GPUDevice, spec: LoraSpec, layout: Layout, buffers: TrainingBuffers) {
    this.#device = device;
    this.#spec = spec;
    this.#buffers = buffers;
    const places = pairPlaces(layout);
    this.#places = places.map((place) => placed(place, spec.rank));
    this.set(startingPairs(places, spec));
  }

  /** The pairs as they are now. */
  async get(): Promise<LoraPair[]> {
    const values = await this.read('parameters');
    const { rank, scale } = this.#spec;
    return this.#places.map(({ layer, map, inputs, outputs }, i) => {
      return { layer, map, rank, scale, inputs, outputs, ...values[i] };
    });
  }

  /** Begins from these; moments and gradients are zero. @throws PronkError `adapter-mismatch` */
  set(pairs: readonly LoraPair[]): void {
    if (pairs.length !== this.#places.length) {
      throw new PronkError(
        'adapter-mismatch',
        `The adapter has ${pairs.length} trained modules, and this run trains ${this.#places.length}. Choose the same target_modules and layers.`,
      );
    }
    for (const place of this.#places) {
      const pair = pairs.find(({ layer, map }) => layer === place.layer && map === place.map);
      if (pair?.a.length !== place.a.length || pair.b.length !== place.b.length) {
        throw new PronkError(
          'adapter-mismatch',
          `The adapter has no pair of this run’s rank for layer ${place.layer} ${place.map}. Choose the same r and target_modules.`,
        );
      }
      this.#write('parameters', place, pair.a, pair.b);
    }
    for (const pool of this.#pools) {
      const zero = new Float32Array(pool.length);
      this.#device.queue.writeBuffer(pool.first, 0, zero);
      this.#device.queue.writeBuffer(pool.second, 0, zero);
    }
    this.clear();
  }

  async state(): Promise<OptimizerState> {
    const joined = async (part: Part) => {
      const each = await this.read(part);
      return concatenated(each.flatMap(({ a, b }) => [a, b]));
    };
    return { parameters: await joined('parameters'), first: await joined('first'), second: await joined('second') };
  }

  /** @throws PronkError `corrupt-file` for the state of another run */
  restore(state: OptimizerState): void {
    const total = this.#places.reduce((sum, { a, b }) => sum + a.length + b.length, 0);
    const other = KEPT.map((part) => state[part].length).find((length) => length !== total);
    if (other !== undefined) {
      throw new PronkError(
        'corrupt-file',
        `The checkpoint holds ${other} numbers where this run has ${total}: it belongs to another run, or is damaged.`,
      );
    }
    for (const part of KEPT) {
      let at = 0;
      for (const place of this.#places) {
        const middle = at + place.a.length;
        const end = middle + place.b.length;
        this.#write(part, place, state[part].subarray(at, middle), state[part].subarray(middle, end));
        at = end;
      }
    }
    this.clear();
  }

  /** Gradients and the sum of losses begin at zero. */
  clear(): void {
    const encoder = this.#device.createCommandEncoder();
    for (const { gradients } of this.#pools) encoder.clearBuffer(gradients);
    encoder.clearBuffer(this.#buffers.report);
    this.#device.queue.submit([encoder.finish()]);
  }

  /** A's and B's of all pairs, from one read-back a pool. */
  async read(part: Part): Promise<{ a: Float32Array<ArrayBuffer>; b: Float32Array<ArrayBuffer> }[]> {
    const { poolsA, poolsB } = this.#buffers;
    const readAll = (pools: readonly Pool[]) =>
      Promise.all(pools.map(async (pool) => new Float32Array(await readBack(this.#device, pool[part]))));
    const [a, b] = [await readAll(poolsA), await readAll(poolsB)];
    return this.#places.map((place) => ({ a: cut(a, place.a), b: cut(b, place.b) }));
  }

  get #pools(): readonly Pool[] {
    return [...this.#buffers.poolsA, ...this.#buffers.poolsB];
  }

  #write(part: Part, { a, b }: Placed, valuesA: Float32Array, valuesB: Float32Array): void {
    const { poolsA, poolsB } = this.#buffers;
    const write = (pools: readonly Pool[], { pool, offset }: Region, values: Float32Array) =>
      this.#device.queue.writeBuffer(pools[pool][part], 4 * offset, values as Float32Array<ArrayBuffer>);
    write(poolsA, a, valuesA);
    write(poolsB, b, valuesB);
  }
}

/** A buffer's bytes. @throws PronkError `device-lost` */
export async function readBack(device: GPUDevice, buffer: GPUBuffer, bytes = buffer.size): Promise<ArrayBuffer> {
  try {
    return await read(device, buffer, 0, bytes);
  } catch (error) {
    throw new PronkError(
      'device-lost',
      'The graphics device was lost while training. Everything up to the last checkpoint is kept; resume to go on.',
      { cause: error },
    );
  }
}

function cut(pools: readonly Float32Array<ArrayBuffer>[], { pool, offset, length }: Region): Float32Array<ArrayBuffer> {
  return pools[pool].slice(offset, offset + length);
}

/** Where a pair has its A and B. */
function placed({ layer, map, inputs, outputs, group: { a, b }, index, row }: PairPlace, rank: number): Placed {
  return {
    layer,
    map,
    inputs,
    outputs,
    a: { pool: a.pool, offset: a.offset + index * rank * inputs, length: rank * inputs },
    b: { pool: b.pool, offset: b.offset + row * rank, length: outputs * rank },
  };
}

function concatenated(arrays: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const joined = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}
