// PEFT's tensors as pairs, for tests. It is written apart from the reader of adapters, so that the two check each other.
import { LINEAR_MAPS, type LinearMap } from '../../core/adapter';
import type { GoldenTensor } from './safetensors';

/** A pair's matrices, or what belongs to them element by element: gradients, moments. */
export interface Matrices<Values = Float32Array<ArrayBuffer>> {
  readonly layer: number;
  readonly map: LinearMap;
  readonly rank: number;
  readonly inputs: number;
  readonly outputs: number;
  /** [rank, inputs] */
  readonly a: Values;
  /** [outputs, rank]; rows of q and k in interleaved order */
  readonly b: Values;
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** By layer, then in the order of `LINEAR_MAPS`. B's rows of q and k come out interleaved. */
export function pairsOf<Values extends Floats>(
  tensors: ReadonlyMap<string, GoldenTensor<Values>>,
  headDim: number,
): Matrices<Values>[] {
  const pairs: Matrices<Values>[] = [];
  for (const [name, a] of tensors) {
    const [, layer, map] = /\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_A\.weight$/.exec(name) ?? [];
    if (!map) continue;
    const b = tensors.get(name.replace('lora_A', 'lora_B'))!;
    const [rank, inputs] = a.shape as [number, number];
    const [outputs] = b.shape as [number, number];
    const rotated = map === 'q_proj' || map === 'k_proj';
    pairs.push({
      layer: Number(layer),
      map: map as LinearMap,
      rank,
      inputs,
      outputs,
      a: a.values,
      b: rotated ? interleavedRows(b.values, rank, headDim) : b.values,
    });
  }
  return pairs.toSorted((a, b) => a.layer - b.layer || LINEAR_MAPS.indexOf(a.map) - LINEAR_MAPS.indexOf(b.map));
}

/** Rows j and j + d/2 of each head become rows 2j and 2j + 1. */
export function interleavedRows<Values extends Floats>(rows: Values, columns: number, headDim: number): Values {
  const result = rows.slice() as Values;
  for (let row = 0; row * columns < rows.length; row++) {
    const inHead = row % headDim;
    const half = headDim / 2;
    const to = row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
    result.set(rows.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return result;
}
