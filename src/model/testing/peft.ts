// PEFT's tensors as pairs, for tests. It is written apart from the reader of adapters, so that the two check each other.
import { LINEAR_MAPS, type LinearMap } from '../../core/adapter';
import type { ModelConfig } from '../../core/model-config';
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
  /** [outputs], with DoRA; rows as B's */
  readonly magnitude?: Values;
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** What of a configuration says how rows are ordered, and how many there are. */
type Rows = Pick<ModelConfig, 'headDim' | 'rotaryDim' | 'numHeads' | 'numKeyValueHeads' | 'intermediateSize'>;

/** OPT's names of maps. */
const OPT_MAPS: Readonly<Record<string, LinearMap>> = { out_proj: 'o_proj', fc1: 'up_proj', fc2: 'down_proj' };

/** The maps of a packed matrix (Phi-3), with their rows. */
function packed(name: string, { headDim: d, numHeads: H, numKeyValueHeads: K, intermediateSize: F }: Rows) {
  const maps: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
    qkv_proj: [
      ['q_proj', H * d],
      ['k_proj', K * d],
      ['v_proj', K * d],
    ],
    gate_up_proj: [
      ['gate_proj', F],
      ['up_proj', F],
    ],
  };
  return maps[name];
}

/** By layer, then in the order of `LINEAR_MAPS`. B's rows of q and k come out interleaved; packed maps have one A together. */
export function pairsOf<Values extends Floats>(
  tensors: ReadonlyMap<string, GoldenTensor<Values>>,
  config: Rows,
): Matrices<Values>[] {
  const pairs: Matrices<Values>[] = [];
  for (const [name, a] of tensors) {
    const [, layer, module] = /\.(\d+)\.(?:self_attn\.|mlp\.)?(\w+)\.lora_A\.weight$/.exec(name) ?? [];
    if (!module) continue;
    const map = OPT_MAPS[module] ?? module;
    const b = tensors.get(name.replace('lora_A', 'lora_B'))!;
    const magnitudes = tensors.get(name.replace('lora_A', 'lora_magnitude_vector'));
    const [rank, inputs] = a.shape as [number, number];
    const [outputs] = b.shape as [number, number];
    let first = 0;
    for (const [own, rows] of packed(map, config) ?? [[map, outputs] as const]) {
      const turned = (each: Values, columns: number) =>
        own === 'q_proj' || own === 'k_proj' ? interleavedRows(each, columns, config) : each;
      const values = b.values.slice(first * rank, (first + rows) * rank) as Values;
      pairs.push({
        layer: Number(layer),
        map: own as LinearMap,
        rank,
        inputs,
        outputs: rows,
        a: a.values,
        b: turned(values, rank),
        ...(magnitudes && { magnitude: turned(magnitudes.values.slice(first, first + rows) as Values, 1) }),
      });
      first += rows;
    }
  }
  return pairs.toSorted((a, b) => a.layer - b.layer || LINEAR_MAPS.indexOf(a.map) - LINEAR_MAPS.indexOf(b.map));
}

/** Rows j and j + r/2 of each head become rows 2j and 2j + 1, r being how many of them rotate; others stay. */
export function interleavedRows<Values extends Floats>(
  rows: Values,
  columns: number,
  { headDim, rotaryDim = headDim }: Pick<ModelConfig, 'headDim' | 'rotaryDim'>,
): Values {
  const result = rows.slice() as Values;
  const half = rotaryDim / 2;
  for (let row = 0; row * columns < rows.length; row++) {
    const inHead = row % headDim;
    if (inHead >= rotaryDim) continue;
    const to = row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
    result.set(rows.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return result;
}
