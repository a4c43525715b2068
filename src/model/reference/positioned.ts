// What happens to q and k between their projection and attention, in float64: the norm of their heads where the model has
// one, and the rotation where the layer has one; and the gradients.
import { type ModelConfig, rotaryOf } from '../../core/model-config';
import { qkNorm, qkNormBackward } from '../../ops/norm/qk-norm';
import { rotationOf } from '../../ops/rope/rotation';
import { ropeInplace } from '../../ops/rope/rope-inplace';
import { headGainsOf } from './gains';
import type { LoraReference } from './lora-group';

type Model = Pick<LoraReference, 'config' | 'weights'>;

/** @param qkv [T][(H + 2K) · d] @param places [T][4] */
export function positioned(model: Model, layer: number, qkv: Float64Array, places: Uint32Array): Float64Array {
  const { config } = model;
  const gains = headGainsOf(model, layer);
  const normed = gains ? qkNorm.reference(qkv, gains, shapeOf(config)) : qkv;
  return rotated(config, layer, normed, places, 1);
}

/**
 * The gradient of what `positioned` was given.
 * @param qkv that it was given @param dPositioned of what it gave
 */
export function positionedBackward(
  model: Model,
  layer: number,
  qkv: Float64Array,
  dPositioned: Float64Array,
  places: Uint32Array,
): Float64Array {
  const { config } = model;
  const gains = headGainsOf(model, layer);
  const dNormed = rotated(config, layer, dPositioned, places, -1);
  return gains ? qkNormBackward.reference(qkv, gains, dNormed, shapeOf(config)) : dNormed;
}

function rotated(config: ModelConfig, layer: number, qkv: Float64Array, places: Uint32Array, direction: 1 | -1) {
  const rotary = rotaryOf(config, layer);
  return rotary ? ropeInplace.reference(qkv, places, shapeOf(config), rotationOf(rotary), direction) : qkv;
}

function shapeOf({ numHeads, numKeyValueHeads, headDim, rmsNormEps }: ModelConfig) {
  return { heads: numHeads, kvHeads: numKeyValueHeads, headDim, epsilon: rmsNormEps };
}
