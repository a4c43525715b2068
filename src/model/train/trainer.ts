// A LoRA in training over a loaded model: forward, backward, update; every loop over layers is in forward.ts and backward.ts.
import type { LoraPair } from '../../formats/adapter';
import { PronkError } from '../../formats/errors';
import { Buffers, read } from '../../gpu/buffers';
import { optimizerParams } from '../../ops/adamw';
import type { LoraSpec, LoraTrainer, MicroBatch, OptimizerState, OptimizerStep, StepResult, Turn } from '../lora-types';
import type { Pool } from './buffers';
import type { Region } from './layout';
import { buildPasses, type Passes, type TrainerParts } from './passes';
import { trainingMemory } from './sizes';
import { type Extent, Slices } from './slices';
import { type PairPlace, pairPlaces, startingPairs } from './start';

/** One pair's place. */
interface Placed {
  readonly layer: number;
  readonly map: LoraPair['map'];
  readonly inputs: number;
  readonly outputs: number;
  readonly a: Region;
  readonly b: Region;
}

/**
 * Puts a LoRA beside a loaded model: A uniform in ±1/√inputs as PEFT begins, B zero.
 * @param turn asked before each slice of work
 * @throws PronkError `bad-config`, `out-of-memory`
 */
export async function createLoraTrainer(parts: TrainerParts, spec: LoraSpec, turn: Turn): Promise<GpuLoraTrainer> {
  const buffers = new Buffers(parts.gpu.device);
  try {
    const passes = await buildPasses(parts, buffers, spec);
    const slices = new Slices(parts.gpu.device, turn);
    await slices.prepare();
    return new GpuLoraTrainer(parts, spec, buffers, passes, slices);
  } catch (error) {
    buffers.destroy();
    throw error;
  }
}

export class GpuLoraTrainer implements LoraTrainer {
  readonly memory;
  readonly kernels;
  readonly #device: GPUDevice;
  readonly #spec: LoraSpec;
  readonly #buffers: Buffers;
  readonly #passes: Passes;
  readonly #slices: Slices;
  readonly #places: readonly Placed[];

  constructor({ gpu, config }: TrainerParts, spec: LoraSpec, buffers: Buffers, passes: Passes, slices: Slices) {
    this.#device = gpu.device;
    this.#spec = spec;
    this.#buffers = buffers;
    this.#passes = passes;
    this.#slices = slices;
    this.memory = trainingMemory(config, spec, passes.maxPoolBytes);
    this.kernels = passes.labels;
    const places = pairPlaces(passes.layout);
    this.#places = places.map((place) => placed(place, spec.rank));
    this.setPairs(startingPairs(places, spec));
  }

  async accumulate(batch: MicroBatch, weight: number, step: number): Promise<void> {
    const extent = this.#write(batch, weight, step);
    const { forward, loss, backward } = this.#passes;
    if (extent.labels === 0) return;
    await this.#slices.run([...forward, ...loss, ...backward], extent);
  }

  async evaluate(batch: MicroBatch): Promise<{ loss: number; targets: number }> {
    const extent = this.#write(batch, 1, 0);
    if (extent.labels === 0) return { loss: 0, targets: 0 };
    const { losses } = this.#passes.buffers.workspace;
    await this.#slices.run([...this.#passes.plainForward, ...this.#passes.plainLoss], extent);
    const each = new Float32Array(await this.#read(losses, 0, 4 * extent.labels));
    return { loss: each.reduce((sum, one) => sum + one, 0), targets: extent.labels };
  }

  async update(options: OptimizerStep): Promise<StepResult> {
    const { buffers, update } = this.#passes;
    this.#device.queue.writeBuffer(buffers.optimizer, 0, optimizerParams(options));
    await this.#slices.run(update, { tokens: 0, labels: 0 });
    const [loss, gradNorm, , finite] = new Float32Array(await this.#read(buffers.report));
    this.#clear();
    return { loss: loss!, gradNorm: gradNorm!, skipped: finite === 0 };
  }

  async gradients(): Promise<{ a: Float32Array; b: Float32Array }[]> {
    return this.#each('gradients');
  }

  async pairs(): Promise<LoraPair[]> {
    const values = await this.#each('parameters');
    const { rank, scale } = this.#spec;
    return this.#places.map(({ layer, map, inputs, outputs }, i) => {
      return { layer, map, rank, scale, inputs, outputs, ...values[i]! };
    });
  }

  setPairs(pairs: readonly LoraPair[]): void {
    if (pairs.length !== this.#places.length) {
      throw new PronkError(
        'adapter-mismatch',
        `The adapter has ${pairs.length} trained maps, and this run trains ${this.#places.length}. Choose the same target_modules and layers.`,
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
      this.#put('parameters', place, pair.a, pair.b);
    }
    for (const pool of this.#pools()) {
      const zero = new Float32Array(pool.length);
      this.#device.queue.writeBuffer(pool.first, 0, zero);
      this.#device.queue.writeBuffer(pool.second, 0, zero);
    }
    this.#clear();
  }

  async state(): Promise<OptimizerState> {
    const joined = async (what: 'parameters' | 'first' | 'second') => {
      const each = await this.#each(what);
      return concatenated(each.flatMap(({ a, b }) => [a, b]));
    };
    return { parameters: await joined('parameters'), first: await joined('first'), second: await joined('second') };
  }

  restore(state: OptimizerState): void {
    const total = this.#places.reduce((sum, { a, b }) => sum + a.length + b.length, 0);
    for (const what of ['parameters', 'first', 'second'] as const) {
      const values = state[what];
      if (values.length !== total) {
        throw new PronkError(
          'corrupt-file',
          `The checkpoint holds ${values.length} numbers where this run has ${total}: it is another run’s, or damaged.`,
        );
      }
      let at = 0;
      for (const place of this.#places) {
        const middle = at + place.a.length;
        const end = middle + place.b.length;
        this.#put(what, place, values.subarray(at, middle), values.subarray(middle, end));
        at = end;
      }
    }
    this.#clear();
  }

  destroy(): void {
    this.#buffers.destroy();
  }

  /** Bytes that were really allocated, for checks of the plan. */
  get allocated(): number {
    return Object.values(this.#buffers.memory).reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Labels of the kernels of a micro-batch. */
  get labels(): readonly string[] {
    const { forward, loss, backward } = this.#passes;
    const steps = [...forward, ...loss, ...backward].flatMap(({ do: what }) =>
      'step' in what ? [what.step.label] : [],
    );
    return [...new Set(steps)];
  }

  /**
   * Milliseconds that the dispatches of some kernels take in a micro-batch, the least of three runs, for benchmarks. What
   * they compute is of no use when others are left out.
   */
  async timed(batch: MicroBatch, chosen: (label: string) => boolean): Promise<number> {
    const { forward, loss, backward } = this.#passes;
    const all = [...forward, ...loss, ...backward];
    const work = all.filter(({ do: what }) => 'step' in what && chosen(what.step.label));
    const extent = this.#write(batch, 0, 0);
    let least = Infinity;
    for (let run = 0; run < 3; run++) {
      await this.#device.queue.onSubmittedWorkDone();
      const started = performance.now();
      await this.#slices.run(work, extent);
      least = Math.min(least, performance.now() - started);
    }
    return least;
  }

  /** Tells the device what the next passes go over. */
  #write({ ids, positions, targets, rows }: MicroBatch, weight: number, step: number): Extent {
    const { queue } = this.#device;
    const { buffers: b, chunk } = this.#passes;
    const { workspace } = b;
    const tokens = ids.length;
    if (tokens > this.#spec.tokens) {
      throw new PronkError(
        'out-of-memory',
        `A micro-batch has ${tokens} tokens, and this run was planned for ${this.#spec.tokens}. Plan it again.`,
      );
    }
    const picked = Uint32Array.from([...targets.keys()].filter((t) => targets[t]! >= 0));
    queue.writeBuffer(workspace.ids, 0, ids);
    queue.writeBuffer(workspace.places, 0, placesOfTokens(positions, rows));
    queue.writeBuffer(workspace.targets, 0, targets);
    queue.writeBuffer(workspace.picked, 0, picked);
    queue.writeBuffer(b.tokens, 0, Uint32Array.of(0, tokens, 0, 0));
    queue.writeBuffer(b.labels, 0, Uint32Array.of(0, picked.length, 0, 0));
    for (const [i, state] of b.chunks.entries()) {
      const start = i * chunk;
      const count = Math.max(0, Math.min(chunk, picked.length - start));
      queue.writeBuffer(state, 0, Uint32Array.of(start, count, 0, 0));
    }
    queue.writeBuffer(b.weight, 0, Float32Array.of(weight));
    queue.writeBuffer(b.noise, 0, Uint32Array.of(this.#spec.seed >>> 0, step >>> 0));
    return { tokens, labels: picked.length };
  }

  /** Gradients and the sum of losses begin at zero. */
  #clear(): void {
    const encoder = this.#device.createCommandEncoder();
    for (const { gradients } of this.#pools()) encoder.clearBuffer(gradients);
    encoder.clearBuffer(this.#passes.buffers.report);
    this.#device.queue.submit([encoder.finish()]);
  }

  #pools(): readonly Pool[] {
    return [...this.#passes.buffers.poolsA, ...this.#passes.buffers.poolsB];
  }

  /** A's and B's of all pairs, from one read-back a pool. */
  async #each(what: 'parameters' | 'gradients' | 'first' | 'second') {
    const { poolsA, poolsB } = this.#passes.buffers;
    const readAll = (pools: readonly Pool[]) =>
      Promise.all(pools.map(async (pool) => new Float32Array(await this.#read(pool[what]))));
    const [a, b] = [await readAll(poolsA), await readAll(poolsB)];
    return this.#places.map((place) => ({ a: cut(a, place.a), b: cut(b, place.b) }));
  }

  #put(what: 'parameters' | 'first' | 'second', { a, b }: Placed, valuesA: Float32Array, valuesB: Float32Array): void {
    const { poolsA, poolsB } = this.#passes.buffers;
    const write = (pools: readonly Pool[], { pool, offset }: Region, values: Float32Array) =>
      this.#device.queue.writeBuffer(pools[pool]![what], 4 * offset, values as Float32Array<ArrayBuffer>);
    write(poolsA, a, valuesA);
    write(poolsB, b, valuesB);
  }

  async #read(buffer: GPUBuffer, offset = 0, bytes = buffer.size): Promise<ArrayBuffer> {
    try {
      return await read(this.#device, buffer, offset, bytes);
    } catch (error) {
      throw new PronkError(
        'device-lost',
        'The graphics device was lost while training. Everything up to the last checkpoint is kept; resume to go on.',
        { cause: error },
      );
    }
  }
}

function cut(pools: readonly Float32Array<ArrayBuffer>[], { pool, offset, length }: Region): Float32Array<ArrayBuffer> {
  return pools[pool]!.slice(offset, offset + length);
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

/** Place of every token (shaders/common/places.wgsl). A sequence begins where a position is 0. */
function placesOfTokens(positions: Uint32Array, rows: Uint32Array): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(4 * positions.length);
  let end = positions.length;
  for (let t = positions.length - 1; t >= 0; t--) {
    places.set([positions[t]!, t - positions[t]!, end, rows[t]!], 4 * t);
    if (positions[t] === 0) end = t;
  }
  return places;
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
