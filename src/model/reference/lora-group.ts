// Linear maps that share their input, with their pairs, in float64: y = W x + bias + scale · B · A · mask(x), and the gradients.
import { defined } from '../../core/defined';
import type { ModelConfig } from '../../core/model-config';
import { LINEAR_MAPS, type LinearMap, type LoraPair } from '../../core/adapter';
import { linear, linearBackward } from '../../ops/matmul/linear';
import { doraBackward, doraNorms, doraScale } from '../../ops/lora/dora';
import { loraDown, loraUp } from '../../ops/lora/lora';
import { loraInputBackward, loraOutputBackward } from '../../ops/lora/lora-backward';
import type { Dropout } from '../../ops/lora/lora-reference';
import type { LoraShape } from '../../ops/lora/shape';
import { tensorOf } from './gains';
import type { ReferenceWeights } from './llama';

/** A pair, in float32 or float64. */
export type ReferencePair = Pick<LoraPair, 'layer' | 'map' | 'rank' | 'scale'> & {
  /** [rank, inputs] */
  readonly a: ArrayLike<number>;
  /** [outputs, rank]; rows of q and k in interleaved order */
  readonly b: ArrayLike<number>;
  /** DoRA's, [outputs] */
  readonly magnitude?: ArrayLike<number> | undefined;
  /** One over the norm of each adapted row; computed where it is left out. Gradients take it for a constant. */
  readonly inverse?: ArrayLike<number> | undefined;
};

/** The gradient of a pair's matrices. */
export interface PairGradient {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** With DoRA. */
  readonly magnitude?: Float64Array | undefined;
}

export interface LoraReference {
  readonly config: ModelConfig;
  readonly weights: ReferenceWeights;
  readonly pairs: readonly ReferencePair[];
  /** Share of the pairs' inputs that is dropped, and what the masks are drawn from; nothing is dropped when left out. */
  readonly dropout?: { readonly rate: number; readonly seed: number; readonly step: number };
}

/** Matrices stacked by rows. */
export interface MapGroup {
  /** [N, K] */
  readonly w: Float64Array;
  /** [N] */
  readonly bias?: Float64Array | undefined;
  /** K */
  readonly columns: number;
  readonly lora?: {
    readonly shape: LoraShape;
    /** Indices of the pairs among the model's, in the order in which they are stacked. */
    readonly pairs: readonly number[];
    readonly a: Float64Array;
    readonly b: Float64Array;
    readonly dora?: { readonly magnitude: Float64Array; readonly inverse: Float64Array } | undefined;
  };
}

/** The maps of a layer that read the same. Those that are adapted have one rank and one scale. */
export function mapGroup(model: LoraReference, layer: number, maps: readonly LinearMap[]): MapGroup {
  const columns = inputs(model.config, maps[0]);
  const name = (map: LinearMap) => `model.layers.${layer}.${/gate|up|down/.test(map) ? 'mlp' : 'self_attn'}.${map}`;
  const matrices = maps.map((map) => tensorOf(model, `${name(map)}.weight`));
  const biases = maps.map((map) => model.weights.get(`${name(map)}.bias`));
  const group = {
    w: stacked(matrices),
    bias: biases[0] && stacked(biases.map((bias) => defined(bias, 'a bias'))),
    columns,
  };
  const rows = matrices.map((matrix) => matrix.length / columns);
  const found = maps.map((map) => model.pairs.findIndex((pair) => pair.layer === layer && pair.map === map));
  const pairs = found.filter((index) => index >= 0);
  if (!pairs.length) return group;
  const { rank, scale } = model.pairs[pairs[0]];
  const shape = {
    columns,
    rank,
    scale,
    stride: rows.reduce((a, b) => a + b),
    keep: 1 - (model.dropout?.rate ?? 0),
    maps: maps.flatMap((map, s) => {
      const first = rows.slice(0, s).reduce((a, b) => a + b, 0);
      const module = layer * LINEAR_MAPS.length + LINEAR_MAPS.indexOf(map);
      return found[s] < 0 ? [] : [{ first, rows: rows[s], module }];
    }),
  };
  const [a, b] = (['a', 'b'] as const).map((side) => stacked(pairs.map((index) => model.pairs[index][side])));
  const dora = model.pairs[pairs[0]].magnitude && {
    magnitude: stacked(pairs.map((index) => defined(model.pairs[index].magnitude, 'a magnitude'))),
    inverse: stacked(
      pairs.map((index) => {
        const pair = model.pairs[index];
        const w = tensorOf(model, `${name(pair.map as LinearMap)}.weight`);
        return pair.inverse ?? doraNorms.reference(w, pair.a, pair.b, { columns, rank, scale });
      }),
    ),
  };
  return { ...group, lora: { shape, pairs, a, b, dora } };
}

/** @param x [T, K] @returns [T, N] */
export function groupForward({ w, bias, columns, lora }: MapGroup, x: Float64Array, dropout?: Dropout): Float64Array {
  const tokens = x.length / columns;
  const sizes = { rows: w.length / columns, columns, tokens };
  if (!lora) return linear.reference(w, x, sizes, { bias });
  if (!lora.dora) return plus(linear.reference(w, x, sizes, { bias }), low(lora, x, tokens, dropout));
  const { magnitude, inverse } = lora.dora;
  const z = plus(linear.reference(w, x, sizes), low(lora, x, tokens, dropout));
  return doraScale.reference(lora.shape, z, magnitude, inverse, bias);
}

/** scale · B·A·mask(x) */
function low({ shape, a, b }: Lora, x: Float64Array, tokens: number, dropout?: Dropout): Float64Array {
  return loraUp.reference(shape, loraDown.reference(shape, x, a, tokens, dropout), b, tokens);
}

type Lora = NonNullable<MapGroup['lora']>;

/**
 * @param x [T, K] that the forward pass was given @param dOut [T, N]
 * @param gradients of the model's pairs, which the group's are added to
 * @returns dx [T, K]
 */
export function groupBackward(
  { w, columns, lora }: MapGroup,
  x: Float64Array,
  dOut: Float64Array,
  gradients: readonly PairGradient[],
  dropout?: Dropout,
): Float64Array {
  const tokens = x.length / columns;
  let dy = dOut;
  if (lora?.dora) {
    const { magnitude, inverse } = lora.dora;
    const sizes = { rows: w.length / columns, columns, tokens };
    const z = plus(linear.reference(w, x, sizes), low(lora, x, tokens, dropout));
    const back = doraBackward.reference(lora.shape, dOut, z, magnitude, inverse);
    dy = back.z;
    let at = 0;
    for (const index of lora.pairs) {
      const own = defined(gradients[index].magnitude, 'a gradient of magnitudes');
      own.forEach((before, i) => (own[i] = before + back.magnitude[at + i]));
      at += own.length;
    }
  }
  const dx = linearBackward.reference(w, dy, { rows: w.length / columns, columns, tokens });
  if (!lora) return dx;
  const { shape, pairs, a, b } = lora;
  const down = loraDown.reference(shape, x, a, tokens, dropout);
  const { v, db } = loraOutputBackward.reference(shape, dy, b, down, tokens);
  const { da, dx: added } = loraInputBackward.reference(shape, x, v, a, tokens, dropout);
  let [atA, atB] = [0, 0];
  for (const index of pairs) {
    const own = gradients[index];
    own.a.forEach((before, i) => (own.a[i] = before + da[atA + i]));
    own.b.forEach((before, i) => (own.b[i] = before + db[atB + i]));
    atA += own.a.length;
    atB += own.b.length;
  }
  return plus(dx, added);
}

export function plus(a: Float64Array, b: ArrayLike<number>): Float64Array {
  return a.map((each, i) => each + b[i]);
}

function inputs({ hiddenSize, intermediateSize, numHeads, headDim }: ModelConfig, map: LinearMap): number {
  return map === 'o_proj' ? numHeads * headDim : map === 'down_proj' ? intermediateSize : hiddenSize;
}

function stacked(matrices: readonly ArrayLike<number>[]): Float64Array {
  const out = new Float64Array(matrices.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const matrix of matrices) {
    out.set(matrix, at);
    at += matrix.length;
  }
  return out;
}
