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
interface Placed extends Omit<LoraPair, 'a' | 'b' | 'rank' | 'scale' | 'magnitude' | 'bias'> {
  readonly a: Region;
  readonly b: Region;
  readonly magnitude: Region | undefined;
  /** One over the norms of its rows, which nobody trains. */
  readonly inverse: Region | undefined;
}

/** What there is of one pair. */
interface PairValues {
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
  readonly magnitude?: Float32Array<ArrayBuffer>;
}

const valuesOf = ({ a, b, magnitude }: PairValues) => [a, b, ...(magnitude ? [magnitude] : [])];
const regionsOf = ({ a, b, magnitude }: Placed): Region[] => [a, b, ...(magnitude ? [magnitude] : [])];

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
    const start = startingPairs(places, spec);
    // the magnitudes are written when the norms are there
    this.set(spec.dora ? start.map((pair) => ({ ...pair, magnitude: new Float32Array(pair.outputs) })) : start);
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
      if ((place.magnitude === undefined) !== (pair.magnitude === undefined)) {
        const message = `The adapter and this run differ in use_dora. Choose the adapter’s value.`;
        throw new PronkError('adapter-mismatch', message);
      }
      this.#write('parameters', place, [pair.a, pair.b, ...(pair.magnitude ? [pair.magnitude] : [])]);
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
      return concatenated(each.flatMap(valuesOf));
    };
    return { parameters: await joined('parameters'), first: await joined('first'), second: await joined('second') };
  }

  /** @throws PronkError `corrupt-file` for the state of another run */
  restore(state: OptimizerState): void {
    const total = this.#places.reduce(
      (sum, place) => sum + regionsOf(place).reduce((all, { length }) => all + length, 0),
      0,
    );
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
        const values = regionsOf(place).map(({ length }) => state[part].subarray(at, (at += length)));
        this.#write(part, place, values);
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

  /** A's, B's and magnitudes of all pairs, from one read-back a pool. */
  async read(part: Part): Promise<PairValues[]> {
    const { poolsA, poolsB } = this.#buffers;
    const readAll = (pools: readonly Pool[]) =>
      Promise.all(pools.map(async (pool) => new Float32Array(await readBack(this.#device, pool[part]))));
    const [a, b] = [await readAll(poolsA), await readAll(poolsB)];
    return this.#places.map((place) => ({
      a: cut(a, place.a),
      b: cut(b, place.b),
      ...(place.magnitude && { magnitude: cut(b, place.magnitude) }),
    }));
  }

  get #pools(): readonly Pool[] {
    return [...this.#buffers.poolsA, ...this.#buffers.poolsB];
  }

  /** DoRA begins with the norms of the base's rows, which the device has computed. */
  async startMagnitudes(): Promise<void> {
    const { poolsInverse } = this.#buffers;
    const all = await Promise.all(
      poolsInverse.map(async (pool) => new Float32Array(await readBack(this.#device, pool))),
    );
    for (const { magnitude, inverse } of this.#places) {
      if (!magnitude || !inverse) continue;
      this.#writeB(
        'parameters',
        magnitude,
        cut(all, inverse).map((each) => (each > 0 ? 1 / each : 0)),
      );
    }
  }

  /** @param values of A, of B, and where there are any of the magnitudes */
  #write(part: Part, { a, b, magnitude }: Placed, [valuesA, valuesB, magnitudes]: readonly Float32Array[]): void {
    const { queue } = this.#device;
    const { pool, offset } = a;
    queue.writeBuffer(this.#buffers.poolsA[pool][part], 4 * offset, valuesA as Float32Array<ArrayBuffer>);
    this.#writeB(part, b, valuesB);
    if (magnitude) this.#writeB(part, magnitude, magnitudes);
  }

  #writeB(part: Part, { pool, offset }: Region, values: Float32Array): void {
    const buffer = this.#buffers.poolsB[pool][part];
    this.#device.queue.writeBuffer(buffer, 4 * offset, values as Float32Array<ArrayBuffer>);
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
function placed({ layer, map, inputs, outputs, group: { a, b, dora }, index, row }: PairPlace, rank: number): Placed {
  const rows = (region: Region | undefined) =>
    region && { pool: region.pool, offset: region.offset + row, length: outputs };
  return {
    layer,
    map,
    inputs,
    outputs,
    a: { pool: a.pool, offset: a.offset + index * rank * inputs, length: rank * inputs },
    b: { pool: b.pool, offset: b.offset + row * rank, length: outputs * rank },
    magnitude: rows(dora?.magnitude),
    inverse: rows(dora?.inverse),
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
