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
import { normed } from './norms';
import type { PassBuilder } from './pass-builder';
import type { Work } from './slices';

/** Embedding and all layers; the residual stream is left in `x`. */
export async function buildForward(builder: PassBuilder): Promise<Work[]> {
  const { weights, config, b, layout } = builder.parts;
  const { workspace: w } = b;
  const { length } = segmentOf(builder);
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

/** Which set of kept buffers a layer has: the n-th of the layers that are recomputed together has the n-th set. */
export function segmentOf({ parts: { b, layout } }: PassBuilder): {
  length: number;
  keptOf: (layer: number) => (typeof b.kept)[number];
} {
  const length = b.kept.length;
  // layers below the lowest trained one keep nothing: they use the first set of buffers as scratch
  const keptOf = (layer: number) => b.kept[Math.max(0, layer - layout.lowest) % length];
  return { length, keptOf };
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
  const kept = segmentOf(builder).keptOf(layer);
  const keep = layer >= layout.lowest;
  return [
    ...(keep ? [builder.copy(w.x, kept.x)] : []),
    normed(builder, attentionNorm, { x: w.x, y: w.normalized }),
    ...builder.adapted(layer, 'qkv', qkv, { x: w.normalized, y: kept.qkv }),
    ...positioned(builder, layer),
    builder.dispatch(
      packedAttention,
      tokens,
      { headDim: d },
      { places: w.places, qkv: positionedQkv(builder, layer), out: kept.attentionOut, lse: kept.lse },
      { heads: H, kv_heads: K, window: windowAt(config, layer) ?? spec.tokens, quads: d / 4 },
    ),
    ...added(builder, layer, 'output', { matrix: own.output, x: kept.attentionOut, postGain: own.attentionPostNorm }),
    ...(keep ? [builder.copy(w.x, kept.postAttention)] : []),
    normed(builder, feedForwardNorm, { x: w.x, y: w.normalized }),
    ...builder.adapted(layer, 'gateUp', gateUp, { x: w.normalized, y: kept.gateUp }),
    hiddenOf(builder, kept.gateUp),
    ...added(
      builder,
      layer,
      'down',
      { matrix: own.down, x: w.intermediate, postGain: own.feedForwardPostNorm },
      output,
    ),
  ];
}

/** What goes into a norm behind attention or feed-forward. */
export function branchOf(builder: PassBuilder, layer: number, name: 'output' | 'down'): GPUBuffer {
  return segmentOf(builder).keptOf(layer)[name === 'output' ? 'attentionBranch' : 'feedForwardBranch'];
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
): Promise<Work>[] {
  const stream = builder.parts.b.workspace.x;
  if (!postGain) return builder.adapted(layer, name, matrix, { x, y: stream, residual: true, wanted: output });
  const branch = branchOf(builder, layer, name);
  return [
    ...builder.adapted(layer, name, matrix, { x, y: branch }),
    ...(output ? [normed(builder, { gain: postGain }, { x: branch, y: stream, accumulate: true })] : []),
  ];
}

/** What goes into the down projection: f(gate) · up, or max(up, 0) where there is no gate. */
export function hiddenOf(builder: PassBuilder, gateUp: GPUBuffer): Promise<Work> {
  const { config, b } = builder.parts;
  const { intermediate: hidden } = b.workspace;
  const { intermediateSize: F, activation = 'silu' } = config;
  return config.feedForward === 'relu'
    ? builder.dispatch(relu, builder.tokens, {}, { x: gateUp, hidden }, { columns: F })
    : builder.dispatch(glu, builder.tokens, { activation }, { gate_up: gateUp, hidden }, { half: F });
}

/**
 * Where attention finds a layer's q|k|v. What is kept of a layer that normalizes heads is as it was before, which the norm's
 * gradient needs: `positioned` makes the rest anew.
 */
export function positionedQkv(builder: PassBuilder, layer: number): GPUBuffer {
  const { weights, b } = builder.parts;
  return weights.layers[layer].qkNorm ? b.workspace.normedQkv : segmentOf(builder).keptOf(layer).qkv;
}

/** The norm of q's and k's heads where the model has one, and RoPE. */
export function positioned(builder: PassBuilder, layer: number): Promise<Work>[] {
  const gains = builder.parts.weights.layers[layer].qkNorm;
  const out = positionedQkv(builder, layer);
  const { qkv } = segmentOf(builder).keptOf(layer);
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
