// Where an adapter's pairs belong in a model: Hugging Face's module names, and the shapes that the base has there.

import type { ModelConfig } from '../../core/model-config';
import { type Adapter, LINEAR_MAPS, type LinearMap, type LoraPair } from '../../core/adapter';
import { expectedTensors } from '../config/llama-config';
import { fromHalfSplit, type HeadRows, toHalfSplit } from '../checkpoint/permute';
import { mismatch, unsupportedAdapter } from './failures';
import { checkWhole } from './whole';

export type Floats = Float32Array<ArrayBuffer>;

/** A pair without its values. */
export type Place = Pick<LoraPair, 'layer' | 'map'>;

/** `self_attn.q_proj` */
function modulePath(map: LinearMap): string {
  return `${/^(q|k|v|o)_/.test(map) ? 'self_attn' : 'mlp'}.${map}`;
}

/** `model.layers.3.self_attn.q_proj`, `lm_head`: the name of a weight without `.weight`. */
export function moduleName({ layer, map }: Place): string {
  return map === 'lm_head' ? map : `model.layers.${layer}.${modulePath(map)}`;
}

/** The place of a module of that name; undefined where LLaMA has none that is adapted. */
function placeOf(module: string): Place | undefined {
  if (module === 'lm_head') return { layer: -1, map: 'lm_head' };
  const [, layer, path] = /^model\.layers\.(\d+)\.(.+)$/.exec(module) ?? [];
  const map = LINEAR_MAPS.find((each) => modulePath(each) === path);
  return map && { layer: Number(layer), map };
}

/** A name for a message: that of the file's tensor. */
export interface Named {
  readonly file: string;
  readonly tensor: string;
}

/**
 * The place of a file's tensor in a base, checked to be there.
 * @throws PronkError `unsupported-adapter`, `adapter-mismatch`
 */
export function checkedPlace(module: string, config: ModelConfig, { file, tensor }: Named): Place {
  const place = placeOf(module);
  if (!place) throw unsupportedAdapter(file, `adapts ${tensor}, which is not one of a LLaMA's linear modules`);
  if (place.map === 'lm_head' && config.tieWordEmbeddings) {
    throw mismatch(file, `${tensor} adapts the head, and this model's head is its embedding, which would change too`);
  }
  if (place.layer >= config.numLayers) {
    throw mismatch(file, `${tensor} is for layer ${place.layer}, and it has ${config.numLayers} layers`);
  }
  return place;
}

const shown = (outputs: number, inputs: number) => `${inputs} inputs and ${outputs} outputs`;

/**
 * Checks that a pair has the shapes of its base.
 * @throws PronkError `adapter-mismatch` naming the tensor
 */
export function checkShape(
  pair: Omit<LoraPair, 'scale' | 'a' | 'b'>,
  config: ModelConfig,
  { file, tensor }: Named,
): void {
  const [rows, columns] = expectedTensors(config).get(`${moduleName(pair)}.weight`) ?? [0, 0];
  if (pair.inputs !== columns || pair.outputs !== rows) {
    throw mismatch(
      file,
      `${tensor} is for ${shown(pair.outputs, pair.inputs)}, and the model has ${shown(rows, columns)} there`,
    );
  }
}

const bytesOf = (values: Floats) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function reordered(
  place: Place,
  b: Floats,
  rank: number,
  config: ModelConfig,
  order: (rows: Uint8Array, rowBytes: number, head: HeadRows) => Uint8Array<ArrayBuffer>,
): Floats {
  if (place.map !== 'q_proj' && place.map !== 'k_proj') return b;
  return new Float32Array(order(bytesOf(b), rank * 4, config).buffer);
}

/** B of q and k with rows in Hugging Face's half-split order as it is in memory; of other maps the same. */
export function interleavedB(place: Place, b: Floats, rank: number, config: ModelConfig): Floats {
  return reordered(place, b, rank, config, fromHalfSplit);
}

/** B of q and k as Hugging Face has it; of other maps the same. */
export function halfSplitB(pair: LoraPair, config: ModelConfig): Floats {
  return reordered(pair, pair.b, pair.rank, config, toHalfSplit);
}

/** What q and k have of each row (a magnitude, a bias) in half-split order as it is in memory; of other maps the same. */
export function interleavedRows(place: Place, values: Floats, config: ModelConfig): Floats {
  return reordered(place, values, 1, config, fromHalfSplit);
}

/** What q and k have of each row as Hugging Face has it; of other maps the same. */
export function halfSplitRows(place: Place, values: Floats, config: ModelConfig): Floats {
  return reordered(place, values, 1, config, toHalfSplit);
}

/** A matrix [rows, columns] as [columns, rows]. */
export function transposed(values: Floats, rows: number, columns: number): Floats {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}

/** Pairs in the order of layers, and of maps within one; the head last. */
export function inOrder(pairs: readonly LoraPair[]): LoraPair[] {
  return pairs.toSorted((a, b) => ordinal(a) - ordinal(b));
}

/** A module's number in its model; the head's is above all others. */
export function ordinal({ layer, map }: Place): number {
  return map === 'lm_head' ? 2 ** 20 : layer * LINEAR_MAPS.length + LINEAR_MAPS.indexOf(map);
}

/**
 * Checks that an adapter that was read for one model can be used with another.
 * @throws PronkError `adapter-mismatch`
 */
export function checkFit({ name, pairs, whole = [] }: Adapter, config: ModelConfig): void {
  checkWhole(whole, config, name);
  for (const pair of pairs) {
    const named = { file: name, tensor: `${moduleName(pair)}.lora_A` };
    checkedPlace(moduleName(pair), config, named);
    checkShape(pair, config, named);
  }
}
