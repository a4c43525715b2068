// The forward pass of training: what a layer computes is kept for its backward pass.
import { POSITION_OFFSET, rotaryOf, windowAt } from '../../core/model-config';
import { packedAttention } from '../../ops/attention/packed-attention';
import { embed } from '../../ops/embed/embed';
import { embedPositions } from '../../ops/embed/embed-positions';
import { glu } from '../../ops/glu/glu';
import { qkNorm } from '../../ops/norm/qk-norm';
import { relu } from '../../ops/relu/relu';
import { queryScalingParams } from '../../ops/rope/rotation';
import { ropeInplace } from '../../ops/rope/rope-inplace';
import { bindPart, type Matrix } from '../../ops/matmul/weights';
import { loraUpGlu } from '../../ops/lora/lora';
import { adapted, type Update } from './adapted';
import { normed } from './norms';
import type { PassBuilder } from './pass-builder';
import type { Work } from './slices';

/** Embedding and all layers; the residual stream is left in `x`. */
export async function buildForward(builder: PassBuilder): Promise<Work[]> {
  const { weights, config, b, layout } = builder.parts;
  const { workspace: w } = b;
  const { length } = b.kept;
  const works: Promise<Work>[] = weights.embedding.parts.map((part) =>
    builder.dispatch(
      embed,
      builder.tokens,
      { kind: part.kind },
      { ids: w.ids, x: w.x, ...bindPart(part) },
      { rows: part.rows, columns: config.hiddenSize, row_start: part.rowStart, factor: config.embeddingScale ?? 1 },
    ),
  );
  if (weights.positions) {
    const bound = { places: w.places, positions: weights.positions, x: w.x };
    const params = { columns: config.hiddenSize, offset: POSITION_OFFSET };
    works.push(builder.dispatch(embedPositions, builder.tokens, { packed: true }, bound, params));
  }
  for (let layer = 0; layer < config.numLayers; layer++) {
    const trained = layer - layout.lowest;
    const checkpoint = trained >= 0 && trained % length === 0 ? b.checkpoints[trained / length] : undefined;
    if (checkpoint) works.push(builder.copy(w.x, checkpoint));
    works.push(...layerForward(builder, layer));
  }
  return Promise.all(works);
}

/**
 * One layer, from residual stream to residual stream.
 * @param output false where only what the layer keeps is wanted, and not the stream that it leaves
 */
export function layerForward(builder: PassBuilder, layer: number, output = true): Promise<Work>[] {
  const { weights, config, b, layout, spec } = builder.parts;
  const { numHeads: H, numKeyValueHeads: K, headDim: d } = config;
  const { tokens } = builder;
  const { workspace: w } = b;
  const { qkv, gateUp, attentionNorm, feedForwardNorm, ...own } = weights.layers[layer];
  const kept = builder.keptOf(layer);
  const keep = layer >= layout.lowest;
  const gated = updatesGate(builder, layer);
  return [
    ...(keep ? [builder.copy(w.x, kept.x)] : []),
    ...adapted(builder, layer, 'qkv', qkv, {
      x: w.normalized,
      y: kept.qkv,
      before: { norm: attentionNorm, x: w.x, inverse: kept.attentionInverse },
    }),
    ...positioned(builder, layer),
    builder.dispatch(
      packedAttention,
      tokens,
      { headDim: d },
      { places: w.places, qkv: positionedQkv(builder, layer), out: kept.attentionOut, softmax: kept.softmax },
      { heads: H, kv_heads: K, window: windowAt(config, layer) ?? spec.tokens, quads: d / 4 },
    ),
    ...added(builder, layer, 'output', { matrix: own.output, x: kept.attentionOut, postGain: own.attentionPostNorm }),
    ...(keep ? [builder.copy(w.x, kept.postAttention)] : []),
    ...adapted(builder, layer, 'gateUp', gateUp, {
      x: w.normalized,
      y: kept.gateUp,
      before: { norm: feedForwardNorm, x: w.x, inverse: kept.feedForwardInverse },
      ...(gated && { update: (update) => updatedHidden(builder, kept.gateUp, update) }),
    }),
    ...(gated ? [] : [hiddenOf(builder, kept.gateUp)]),
    ...added(
      builder,
      layer,
      'down',
      { matrix: own.down, x: w.intermediate, postGain: own.feedForwardPostNorm },
      output,
    ),
  ];
}

/** The input of a norm behind attention or feed-forward. */
export function branchOf(builder: PassBuilder, layer: number, name: 'output' | 'down'): GPUBuffer {
  return builder.keptOf(layer)[name === 'output' ? 'attentionBranch' : 'feedForwardBranch'];
}

/**
 * The residual stream += the product with its adapter, through the norm behind it where there is one.
 * @param output false where nobody wants the stream
 */
function added(
  builder: PassBuilder,
  layer: number,
  name: 'output' | 'down',
  { matrix, x, postGain }: { matrix: Matrix; x: GPUBuffer; postGain: GPUBuffer | undefined },
  output = true,
): readonly Promise<Work>[] {
  const stream = builder.parts.b.workspace.x;
  if (!postGain) return adapted(builder, layer, name, matrix, { x, y: stream, residual: true, wanted: output });
  const branch = branchOf(builder, layer, name);
  return [
    ...adapted(builder, layer, name, matrix, { x, y: branch }),
    ...(output ? [normed(builder, { gain: postGain }, { x: branch, y: stream, accumulate: true })] : []),
  ];
}

/** Computes the input of the down projection: f(gate) · up, or max(up, 0) where there is no gate. */
export function hiddenOf(builder: PassBuilder, gateUp: GPUBuffer): Promise<Work> {
  const { config, b } = builder.parts;
  const { intermediate: hidden } = b.workspace;
  const { intermediateSize: F, activation = 'silu' } = config;
  return config.feedForward === 'relu'
    ? builder.dispatch(relu, builder.tokens, {}, { x: gateUp, hidden }, { columns: F })
    : builder.dispatch(glu, builder.tokens, { activation }, { gate_up: gateUp, hidden }, { half: F });
}

/** Whether gate and up both have an adapter, so that one dispatch updates them and multiplies them. */
function updatesGate({ parts: { config, layout } }: PassBuilder, layer: number): boolean {
  const group = layout.layers[layer].gateUp;
  return config.feedForward === undefined && group?.maps.length === 2 && !group.dora;
}

/** Computes gate and up with their update, and the input of the down projection. */
function updatedHidden(builder: PassBuilder, gate_up: GPUBuffer, { u, b, params }: Update): Promise<Work> {
  const { config, b: buffers } = builder.parts;
  const variant = { activation: config.activation ?? 'silu' };
  return builder.dispatch(
    loraUpGlu,
    builder.tokens,
    variant,
    { u, b, gate_up, hidden: buffers.workspace.intermediate },
    params,
  );
}

/**
 * Where attention finds a layer's q|k|v. What is kept of a layer that normalizes heads is as it was before, which the norm's
 * gradient needs: `positioned` makes the rest anew.
 */
export function positionedQkv(builder: PassBuilder, layer: number): GPUBuffer {
  const { weights, b } = builder.parts;
  return weights.layers[layer].qkNorm ? b.workspace.normedQkv : builder.keptOf(layer).qkv;
}

/** The norm of q's and k's heads where the model has one, and RoPE. */
export function positioned(builder: PassBuilder, layer: number): Promise<Work>[] {
  const gains = builder.parts.weights.layers[layer].qkNorm;
  const out = positionedQkv(builder, layer);
  const { qkv } = builder.keptOf(layer);
  return [
    ...(gains ? [builder.dispatch(qkNorm, builder.tokens, {}, { qkv, gains, out }, headParams(builder))] : []),
    ...rotated(builder, layer, out, 1),
  ];
}

/** Heads as the norm of them takes them. */
export function headParams({ parts: { config } }: PassBuilder) {
  const { numHeads, numKeyValueHeads, headDim, rmsNormEps } = config;
  return { heads: numHeads, kv_heads: numKeyValueHeads, quads: headDim / 4, epsilon: rmsNormEps };
}

/** RoPE on q and k in place, in layers that have it; backward it is the rotation the other way. */
export function rotated(builder: PassBuilder, layer: number, qkv: GPUBuffer, direction: 1 | -1): Promise<Work>[] {
  const { config, b } = builder.parts;
  const { numHeads: H, numKeyValueHeads: K, headDim: d } = config;
  const table = b.tables[layer];
  if (!table) return [];
  const rotary = rotaryOf(config, layer);
  const variant = { scaled: rotary?.queryScaling !== undefined };
  const params = { heads: H, kv_heads: K, head_dim: d, direction, ...queryScalingParams(rotary) };
  return [builder.dispatch(ropeInplace, builder.tokens, variant, { places: b.workspace.places, table, qkv }, params)];
}
