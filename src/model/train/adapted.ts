// Products with their adapters: u = A·mask(x), y = W·x + scale · B·u. The backward pass has two dispatches beside the
// product's own: for the gradients that follow from dy, and for those that follow from v, the gradient of u.
import type { Projection } from '../../core/adapter';
import { loraDown, type LoraParams, loraUp } from '../../ops/lora/lora';
import { loraInputBackward, loraOutputBackward } from '../../ops/lora/lora-backward';
import type { Activation } from '../../core/model-config';
import type { Matrix } from '../../ops/matmul/weights';
import type { Norm } from '../weights';
import { scaledRows } from './dora';
import { bindMatrices } from './buffers';
import type { AdaptedGroup } from './layout';
import { normed } from './norms';
import type { PassBuilder } from './pass-builder';
import type { Work } from './slices';

type Works = readonly Promise<Work>[];

/** The norm before a product. */
interface NormBefore {
  readonly norm: Norm;
  /** The norm's input. */
  readonly x: GPUBuffer;
  /** One over the rms of each row, where the norm is folded into A·x. */
  readonly inverse: GPUBuffer;
}

/** u [T, J] and the matrices of a group's update. */
export interface Update {
  readonly u: GPUBuffer;
  readonly b: ReturnType<typeof bindMatrices>['b'];
  readonly params: LoraParams;
}

/** Buffers and options of a product. */
interface Product {
  readonly x: GPUBuffer;
  readonly y: GPUBuffer;
  /** The norm that gives x, and is computed first. */
  readonly before?: NormBefore;
  /** Whether the product is added to y. */
  readonly residual?: boolean;
  readonly wanted?: boolean;
  /** Adds scale · B·u to y in a dispatch that computes more than that. */
  readonly update?: ((update: Update) => Promise<Work>) | undefined;
}

/**
 * y (+)= W·x with its adapter; DoRA then scales the rows of the sum.
 * @param product `wanted` is false where nobody wants y
 */
export function adapted(
  builder: PassBuilder,
  layer: number,
  name: Projection,
  matrix: Matrix,
  { x, y, before, residual = false, wanted = true, update }: Product,
): Works {
  const group = builder.parts.layout.layers[layer][name];
  const first = before ? normBefore(builder, group, before, x) : [];
  const { tokens } = builder;
  if (!group) return [...first, ...(wanted ? builder.product(matrix, x, y, tokens, residual) : [])];
  const kept = builder.keptOf(layer);
  const u = kept[`u ${name}`];
  const params = builder.adapterParams(group);
  const { a, b } = bindMatrices(builder.parts.b, group, 'parameters');
  const down =
    before && folds(builder, before)
      ? builder.dispatch(
          loraDown,
          tokens,
          { dropout: false, normed: true },
          { x: before.x, gain: before.norm.gain, a, u, normalized: x, inverse: before.inverse },
          params,
        )
      : builder.dispatch(loraDown, tokens, { dropout: builder.dropout }, { ...masked(builder), x, a, u }, params);
  const up = (to: GPUBuffer) => builder.dispatch(loraUp, tokens, {}, { u, b, y: to }, params);
  if (group.dora) {
    const { bias, biasValues: _, ...unbiased } = matrix;
    const z = kept[`z ${name}`];
    const scaled = wanted ? [scaledRows(builder, group.dora, params, { z, y, bias, residual })] : [];
    return [...first, down, ...builder.product(unbiased, x, z, tokens), up(z), ...scaled];
  }
  if (!wanted) return [...first, down];
  return [...first, down, ...builder.product(matrix, x, y, tokens, residual), update?.({ u, b, params }) ?? up(y)];
}

/** Whether the norm is folded into A·x: an RMSNorm is, unless there are dropout masks between them. */
function folds({ dropout }: PassBuilder, { norm }: NormBefore): boolean {
  return !dropout && !norm.shift;
}

/** Dispatches of the norm where it is not folded into A·x. */
function normBefore(builder: PassBuilder, group: AdaptedGroup | undefined, before: NormBefore, y: GPUBuffer): Works {
  return group && folds(builder, before) ? [] : [normed(builder, before.norm, { x: before.x, y })];
}

/** The input of A in the forward pass. */
type Input =
  /** The buffer x, into which the norm is computed again where there is one. */
  | { readonly x: GPUBuffer; readonly before?: NormBefore }
  | { readonly gateUp: GPUBuffer; readonly activation: Activation };

/**
 * Adds the gradients of A and B from dy, the gradient of the output, and the adapter's part of dx, unless dx is left
 * out.
 */
export function adaptedBackward(
  builder: PassBuilder,
  layer: number,
  name: Projection,
  { dy, dx, input }: { readonly dy: GPUBuffer; readonly dx: GPUBuffer | undefined; readonly input: Input },
): Works {
  const { layout, b: buffers } = builder.parts;
  const group = layout.layers[layer][name];
  if (!group) return [];
  const { tokens, dropout } = builder;
  const { v } = buffers.workspace;
  const u = builder.keptOf(layer)[`u ${name}`];
  const { a, b } = bindMatrices(buffers, group, 'parameters');
  const { a: da, b: db } = bindMatrices(buffers, group, 'gradients');
  const params = builder.adapterParams(group);
  const { works, ...read } = inputOf(builder, input);
  const bindings = { ...masked(builder), ...read.bindings, v, da, ...(dx && { a, dx }) };
  const variant = { dropout, input: read.input, dx: dx !== undefined };
  return [
    ...works,
    builder.dispatch(loraOutputBackward, tokens, {}, { dy, b, u, v, db }, params),
    builder.dispatch(loraInputBackward, tokens, variant, bindings, params),
  ];
}

/** The input of A in the backward pass: dispatches before it, the kernel's variant, and bindings. */
function inputOf(builder: PassBuilder, input: Input) {
  if ('gateUp' in input) return { works: [], input: input.activation, bindings: { gate_up: input.gateUp } };
  const { before, x } = input;
  if (!before) return { works: [], input: 'plain' as const, bindings: { x } };
  const { norm, inverse } = before;
  return folds(builder, before)
    ? { works: [], input: 'normed' as const, bindings: { x: before.x, gain: norm.gain, inverse } }
    : { works: [normed(builder, norm, { x: before.x, y: x })], input: 'plain' as const, bindings: { x } };
}

/** Bindings that dropout masks are drawn from. */
function masked({ dropout, parts: { b } }: PassBuilder) {
  return dropout ? { places: b.workspace.places, noise: b.noise } : {};
}
