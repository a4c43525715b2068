// Adapters in use: y = W·x + Σ strength · scale · B·(A·x), with the base untouched. The A's of all adapters that share an
// input (q|k|v, gate|up, …) lie stacked in one f32 matrix, and so do their B's, side by side: two products more for each
// projection of the base, by its own kernels. Strengths are folded into B, so that another strength rewrites B alone. DoRA's
// factors of rows (row-factors.ts) are in B too; what they do to W·x is a second vector behind the projection's biases.
import type { WeightTensor } from '../../core/weight-kinds';
import type { ModelConfig } from '../../core/model-config';
import { LINEAR_MAPS, type LinearMap, type LoraPair, type Projection, PROJECTIONS } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { type Buffers, write } from '../../gpu/buffers';
import type { Matrix, MatrixPart } from '../../ops/matmul/weights';
import type { Weights } from '../weights';
import { type RowFactors, rowFactors, type FactorContext } from './row-factors';

/** An adapter, and how much of it. */
export interface UsedAdapter {
  /** Names its values: what has another key or other pairs is another adapter. */
  readonly key: string;
  readonly pairs: readonly LoraPair[];
  /** 1 is as trained, 0 is nothing. */
  readonly strength: number;
  /** Tensors in the base's place, whatever the strength, unless that is 0. */
  readonly whole?: readonly WeightTensor[] | undefined;
}

/** What a projection of the base gets added. */
export interface LoraProjection {
  /** [J, inputs], J the ranks of all pairs together, filled up to a multiple of 4 */
  readonly a: Matrix;
  /** [outputs, J]; zero where a row's map has no pair there */
  readonly b: Matrix;
  /** [2, outputs] what is added to each row of W·x, and before that multiplied; only where an adapter asks for it */
  readonly rows?: GPUBuffer | undefined;
}

/**
 * The tensors that adapters hold whole.
 * @throws PronkError `adapter-mismatch` where two hold the same one
 */
export function wholeOf(adapters: readonly Pick<UsedAdapter, 'whole' | 'strength'>[]): WeightTensor[] {
  const whole = adapters.flatMap(({ whole: own = [], strength }) => (strength === 0 ? [] : own));
  const twice = whole.find(({ name }, i) => whole.findIndex((each) => each.name === name) < i);
  if (!twice) return whole;
  const message = `Two of the adapters hold ${twice.name} whole, and a model has one. Use them one at a time.`;
  throw new PronkError('adapter-mismatch', message);
}

export interface LoraWeights {
  readonly layers: readonly { readonly [P in Projection]?: LoraProjection | undefined }[];
  readonly head: LoraProjection | undefined;
  /** J of the projection that has the most. */
  readonly widest: number;
}

/** A pair's place in the stacked matrices of its projection. */
interface Slot {
  /** Index into the adapters. */
  readonly adapter: number;
  /** Index into the adapter's pairs. */
  readonly pair: number;
  /** Its first row of A, and first column of B. */
  readonly rank: number;
  /** Its first row of B. */
  readonly output: number;
}

interface Stacked extends LoraProjection {
  readonly slots: readonly Slot[];
  /** The base's. */
  readonly matrix: Matrix;
}

/** Rows of each map's output. */
export function outputsOf(config: ModelConfig) {
  const { numHeads: H, numKeyValueHeads: K, headDim: d, hiddenSize: D, intermediateSize: F, feedForward } = config;
  const rows = [H * d, K * d, K * d, D, feedForward ? 0 : F, F, D];
  return Object.fromEntries(LINEAR_MAPS.map((map, i) => [map, rows[i]])) as Record<LinearMap, number>;
}

/** What decides how large the matrices are: adapters of one shape can take each other's place. */
export function loraShape(adapters: readonly UsedAdapter[]): string {
  const shape = ({ layer, map, rank, magnitude, bias }: LoraPair) => [layer, map, rank, Boolean(magnitude ?? bias)];
  // whole tensors are uploaded once
  return JSON.stringify(adapters.map(({ key, pairs, whole }) => [pairs.map(shape), ...(whole?.length ? [key] : [])]));
}

/** The stacked matrices of some adapters on the GPU. */
export class Lora implements LoraWeights {
  readonly layers: readonly { readonly [P in Projection]?: Stacked | undefined }[];
  readonly head: Stacked | undefined;
  readonly widest: number;
  readonly #context: FactorContext;
  readonly #device: GPUDevice;
  /** DoRA's factors of the pairs that have any. */
  readonly #factors: RowFactors = new Map();
  #written: readonly UsedAdapter[] = [];

  /**
   * Allocates for adapters of this shape; `write` fills it.
   * @param weights that the adapters add to
   */
  constructor(
    context: FactorContext,
    config: ModelConfig,
    weights: Weights,
    adapters: readonly UsedAdapter[],
    maxPartBytes: number,
  ) {
    const { buffers } = context;
    this.#context = context;
    this.#device = buffers.device;
    const outputs = outputsOf(config);
    const stack = (layer: number, maps: readonly (LinearMap | 'lm_head')[], base: Matrix): Stacked | undefined => {
      const rowsOf = (map: LinearMap | 'lm_head') => (map === 'lm_head' ? config.vocabSize : outputs[map]);
      let [rank, inputs, scaled] = [0, 0, false];
      const slots: Slot[] = [];
      for (const [adapter, { pairs }] of adapters.entries()) {
        for (const [index, pair] of pairs.entries()) {
          if (pair.layer !== layer || !maps.includes(pair.map)) continue;
          const output = maps.slice(0, maps.indexOf(pair.map)).reduce((sum, map) => sum + rowsOf(map), 0);
          slots.push({ adapter, pair: index, rank, output });
          rank += pair.rank;
          inputs = pair.inputs;
          scaled ||= Boolean(pair.magnitude ?? pair.bias);
        }
      }
      if (slots.length === 0) return undefined;
      const total = Math.ceil(rank / 4) * 4;
      const all = maps.reduce((sum, map) => sum + rowsOf(map), 0);
      const matrix = (rows: number, columns: number) => floatMatrix(buffers, rows, columns, maxPartBytes);
      const rows = scaled ? buffers.storage('adapters', 8 * all, 'rows') : undefined;
      return { slots, matrix: base, a: matrix(total, inputs), b: matrix(all, total), rows };
    };
    const projections = Object.entries(PROJECTIONS) as [Projection, readonly LinearMap[]][];
    this.layers = weights.layers.map((own, layer) =>
      Object.fromEntries(projections.map(([name, maps]) => [name, stack(layer, maps, own[name])])),
    );
    this.head = stack(-1, ['lm_head'], weights.head);
    this.widest = Math.max(4, ...this.#all().map(({ a }) => a.rows));
  }

  /** Puts adapters of this shape in: A where the adapter changed, B where its strength did too. */
  async write(adapters: readonly UsedAdapter[]): Promise<void> {
    const others = new Set<number>();
    const changed = new Set<number>();
    for (const [i, adapter] of adapters.entries()) {
      const before = this.#written[i];
      if (!sameValues(before, adapter)) others.add(i);
      if (others.has(i) || before?.strength !== adapter.strength) changed.add(i);
    }
    await this.#measure(adapters, others);
    for (const stacked of this.#all()) {
      const among = (some: ReadonlySet<number>) => stacked.slots.some(({ adapter }) => some.has(adapter));
      if (among(others)) fill(this.#device, stacked.a, stackedA(stacked, adapters));
      if (!among(changed)) continue;
      fill(this.#device, stacked.b, stackedB(stacked, adapters, this.#factors));
      if (stacked.rows) write(this.#device, stacked.rows, 0, bytesOf(rowsOf(stacked, adapters, this.#factors)));
    }
    this.#written = adapters;
  }

  /** The factors of those adapters' pairs that have a magnitude; of others they are forgotten. */
  async #measure(adapters: readonly UsedAdapter[], others: ReadonlySet<number>): Promise<void> {
    const known = new Set(adapters.flatMap(({ pairs }) => pairs));
    for (const pair of this.#factors.keys()) if (!known.has(pair)) this.#factors.delete(pair);
    const places = this.#all().flatMap(({ slots, matrix }) =>
      slots
        .filter(({ adapter }) => others.has(adapter))
        .map(({ adapter, pair, output }) => ({ pair: adapters[adapter].pairs[pair], matrix, output })),
    );
    for (const [pair, factors] of await rowFactors(this.#context, places)) this.#factors.set(pair, factors);
  }

  #all(): Stacked[] {
    const all = [...this.layers.flatMap((layer) => Object.values(layer)), this.head];
    return all.filter((each) => each !== undefined);
  }
}

function sameValues(before: UsedAdapter | undefined, now: UsedAdapter): boolean {
  return (
    before?.key === now.key && (before.pairs === now.pairs || before.pairs.every((pair, i) => pair === now.pairs[i]))
  );
}

function stackedA({ a, slots }: Stacked, adapters: readonly UsedAdapter[]): Float32Array<ArrayBuffer> {
  const values = new Float32Array(a.rows * a.columns);
  for (const { adapter, pair, rank } of slots) values.set(adapters[adapter].pairs[pair].a, rank * a.columns);
  return values;
}

function stackedB(
  { b, slots }: Stacked,
  adapters: readonly UsedAdapter[],
  factors: RowFactors,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(b.rows * b.columns);
  for (const { adapter, pair: index, rank: first, output } of slots) {
    const { strength, pairs } = adapters[adapter];
    const { b: own, rank, outputs, scale } = pairs[index];
    const scaled = factors.get(pairs[index]);
    for (let row = 0; row < outputs; row++) {
      const to = (output + row) * b.columns + first;
      const factor = strength * scale * (scaled ? scaled[row] : 1);
      for (let r = 0; r < rank; r++) values[to + r] = factor * own[row * rank + r];
    }
  }
  return values;
}

/** The base's biases with those of the pairs, then what W·x is multiplied by: 1 + Σ strength · (factor − 1). */
function rowsOf(
  { matrix, slots }: Stacked,
  adapters: readonly UsedAdapter[],
  factors: RowFactors,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(2 * matrix.rows).fill(1, matrix.rows);
  if (matrix.biasValues) values.set(matrix.biasValues);
  for (const { adapter, pair: index, output } of slots) {
    const { strength, pairs } = adapters[adapter];
    const { bias, scale, outputs } = pairs[index];
    const scaled = factors.get(pairs[index]);
    for (let row = 0; row < outputs; row++) {
      if (bias) values[output + row] += strength * scale * bias[row];
      if (scaled) values[matrix.rows + output + row] += strength * (scaled[row] - 1);
    }
  }
  return values;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** An f32 matrix, cut to what one binding may hold. */
function floatMatrix(buffers: Buffers, rows: number, columns: number, maxPartBytes: number): Matrix {
  const { maxStorageBufferBindingSize, maxBufferSize } = buffers.device.limits;
  const limit = Math.min(maxPartBytes, maxStorageBufferBindingSize, maxBufferSize);
  const most = Math.max(1, Math.floor(limit / (columns * 4)));
  const parts: MatrixPart[] = [];
  for (let rowStart = 0; rowStart < rows; rowStart += most) {
    const count = Math.min(most, rows - rowStart);
    parts.push({ kind: 'f32', rowStart, rows: count, codes: buffers.storage('adapters', count * columns * 4, 'LoRA') });
  }
  return { rows, columns, parts };
}

function fill(device: GPUDevice, { columns, parts }: Matrix, values: Float32Array<ArrayBuffer>): void {
  for (const { codes, rowStart, rows } of parts) {
    const part = values.subarray(rowStart * columns, (rowStart + rows) * columns);
    write(device, codes as GPUBuffer, 0, bytesOf(part));
  }
}
