// What models differ in around their products, in float64: the embedding, norms and the feed-forward's function, with their
// gradients.
import { type ModelConfig, POSITION_OFFSET } from '../../core/model-config';
import { embed } from '../../ops/embed/embed';
import { embedPositions } from '../../ops/embed/embed-positions';
import { glu, gluBackward } from '../../ops/glu/glu';
import { layernorm, layernormBackward } from '../../ops/norm/layernorm';
import { rmsnorm, rmsnormBackward } from '../../ops/norm/rmsnorm';
import { relu, reluBackward } from '../../ops/relu/relu';
import { gainOf, type Model, tensorOf } from './gains';

/**
 * The residual stream before the first layer.
 * @param positions of the tokens, in their own sequences
 * @returns [T, D]
 */
export function embedded(model: Model, ids: ArrayLike<number>, positions: ArrayLike<number>): Float64Array {
  const { hiddenSize: columns, embeddingScale = 1, learnedPositions } = model.config;
  const table = tensorOf(model, 'model.embed_tokens.weight');
  const x = embed.reference(table, ids, columns, embeddingScale);
  if (!learnedPositions) return x;
  const shape = { columns, offset: POSITION_OFFSET };
  return embedPositions.reference(x, tensorOf(model, 'model.embed_positions.weight'), positions, shape);
}

const shapeOf = ({ config }: Model, picked?: readonly number[]) => ({
  columns: config.hiddenSize,
  epsilon: config.rmsNormEps,
  ...(picked && { picked }),
});

/**
 * The norm of this name, without `.weight`.
 * @param x [T, D] @param picked tokens of the rows; all of them when left out
 * @returns [rows, D]
 */
export function normed(model: Model, stem: string, x: Float64Array, picked?: readonly number[]): Float64Array {
  const gain = gainOf(model, stem);
  const shape = shapeOf(model, picked);
  return model.config.layerNorm
    ? layernorm.reference(x, gain, tensorOf(model, `${stem}.bias`), shape)
    : rmsnorm.reference(x, gain, shape);
}

/**
 * dx with the gradient through the norm of this name added.
 * @param x [T, D] that it was given @param dy [rows, D] @param dx [T, D] before
 */
export function normedBackward(
  model: Model,
  stem: string,
  { x, dy, dx, picked }: { x: Float64Array; dy: Float64Array; dx: Float64Array; picked?: readonly number[] },
): Float64Array {
  const { reference } = model.config.layerNorm ? layernormBackward : rmsnormBackward;
  return reference(x, gainOf(model, stem), dy, dx, shapeOf(model, picked));
}

/** @param gateUp [T, 2F], or [T, F] without a gate @returns [T, F] that the down projection reads */
export function hiddenOf({ feedForward, intermediateSize, activation }: ModelConfig, gateUp: Float64Array) {
  return feedForward === 'relu' ? relu.reference(gateUp) : glu.reference(gateUp, intermediateSize, activation);
}

/** The gradient over `gateUp`. */
export function hiddenBackward(config: ModelConfig, gateUp: Float64Array, dHidden: Float64Array): Float64Array {
  const { feedForward, intermediateSize, activation } = config;
  return feedForward === 'relu'
    ? reluBackward.reference(gateUp, dHidden)
    : gluBackward.reference(gateUp, dHidden, intermediateSize, activation);
}
