// Adapters in use: y = W·x + Σ strength · scale · B·(A·x), with the base untouched. The A's of all adapters that share an
// input (q|k|v, gate|up, …) lie stacked in one f32 matrix, and so do their B's, side by side: two products more for each
// projection of the base, by its own kernels. Strengths are folded into B, so that another strength rewrites B alone.
import type { ModelConfig } from '../../core/model-config';
import { LINEAR_MAPS, type LinearMap, type LoraPair } from '../../core/adapter';
import { type Buffers, write } from '../../gpu/buffers';
import type { Matrix, MatrixPart } from '../../ops/matmul/weights';

/** An adapter, and how much of it. */
export interface UsedAdapter {
  /** Names its values: what has another key or other pairs is another adapter. */
  readonly key: string;
  readonly pairs: readonly LoraPair[];
  /** 1 is as trained, 0 is nothing. */
  readonly strength: number;
}

/** What a projection of the base gets added. */
export interface LoraProjection {
  /** [J, inputs], J the ranks of all pairs together, filled up to a multiple of 4 */
  readonly a: Matrix;
  /** [outputs, J]; zero where a row's map has no pair there */
  readonly b: Matrix;
}

/** The projections of a layer that inputs are shared by. */
const PROJECTIONS = {
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  output: ['o_proj'],
  gateUp: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
} as const satisfies Record<string, readonly LinearMap[]>;
export type Projection = keyof typeof PROJECTIONS;

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
}

/** Rows of each map's output. */
function outputsOf(config: ModelConfig) {
  const { numHeads: H, numKeyValueHeads: K, headDim: d, hiddenSize: D, intermediateSize: F, feedForward } = config;
  const rows = [H * d, K * d, K * d, D, feedForward ? 0 : F, F, D];
  return Object.fromEntries(LINEAR_MAPS.map((map, i) => [map, rows[i]])) as Record<LinearMap, number>;
}

/** What decides how large the matrices are: adapters of one shape can take each other's place. */
export function loraShape(adapters: readonly UsedAdapter[]): string {
  return JSON.stringify(adapters.map(({ pairs }) => pairs.map(({ layer, map, rank }) => [layer, map, rank])));
}

/** The stacked matrices of some adapters on the GPU. */
export class Lora implements LoraWeights {
  readonly layers: readonly { readonly [P in Projection]?: Stacked | undefined }[];
  readonly head: Stacked | undefined;
  readonly widest: number;
  readonly #device: GPUDevice;
  #written: readonly UsedAdapter[] = [];

  /** Allocates for adapters of this shape; `write` fills it. */
  constructor(buffers: Buffers, config: ModelConfig, adapters: readonly UsedAdapter[], maxPartBytes: number) {
    this.#device = buffers.device;
    const outputs = outputsOf(config);
    const stack = (layer: number, maps: readonly (LinearMap | 'lm_head')[]): Stacked | undefined => {
      const rowsOf = (map: LinearMap | 'lm_head') => (map === 'lm_head' ? config.vocabSize : outputs[map]);
      let [rank, inputs] = [0, 0];
      const slots: Slot[] = [];
      for (const [adapter, { pairs }] of adapters.entries()) {
        for (const [index, pair] of pairs.entries()) {
          if (pair.layer !== layer || !maps.includes(pair.map)) continue;
          const output = maps.slice(0, maps.indexOf(pair.map)).reduce((sum, map) => sum + rowsOf(map), 0);
          slots.push({ adapter, pair: index, rank, output });
          rank += pair.rank;
          inputs = pair.inputs;
        }
      }
      if (slots.length === 0) return undefined;
      const total = Math.ceil(rank / 4) * 4;
      const all = maps.reduce((sum, map) => sum + rowsOf(map), 0);
      const matrix = (rows: number, columns: number) => floatMatrix(buffers, rows, columns, maxPartBytes);
      return { slots, a: matrix(total, inputs), b: matrix(all, total) };
    };
    this.layers = Array.from({ length: config.numLayers }, (_, layer) =>
      Object.fromEntries(Object.entries(PROJECTIONS).map(([name, maps]) => [name, stack(layer, maps)])),
    );
    this.head = stack(-1, ['lm_head']);
    this.widest = Math.max(...this.#all().map(({ a }) => a.rows));
  }

  /** Puts adapters of this shape in: A where the adapter changed, B where its strength did too. */
  write(adapters: readonly UsedAdapter[]): void {
    const others = new Set<number>();
    const changed = new Set<number>();
    for (const [i, adapter] of adapters.entries()) {
      const before = this.#written[i];
      if (!sameValues(before, adapter)) others.add(i);
      if (others.has(i) || before?.strength !== adapter.strength) changed.add(i);
    }
    for (const stacked of this.#all()) {
      const among = (some: ReadonlySet<number>) => stacked.slots.some(({ adapter }) => some.has(adapter));
      if (among(others)) fill(this.#device, stacked.a, stackedA(stacked, adapters));
      if (among(changed)) fill(this.#device, stacked.b, stackedB(stacked, adapters));
    }
    this.#written = adapters;
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

function stackedB({ b, slots }: Stacked, adapters: readonly UsedAdapter[]): Float32Array<ArrayBuffer> {
  const values = new Float32Array(b.rows * b.columns);
  for (const { adapter, pair: index, rank: first, output } of slots) {
    const { strength, pairs } = adapters[adapter];
    const { b: own, rank, outputs, scale } = pairs[index];
    for (let row = 0; row < outputs; row++) {
      const to = (output + row) * b.columns + first;
      for (let r = 0; r < rank; r++) values[to + r] = strength * scale * own[row * rank + r];
    }
  }
  return values;
}

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
    write(device, codes as GPUBuffer, 0, new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
}
