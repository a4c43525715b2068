// The backward pass of training (research: Hu et al. 2021; Dao et al. 2022 for attention; Chen et al. 2016, arXiv:1604.06174,
// for recomputing). `dx` is the gradient of the residual stream; what a layer needs is kept or computed again.
import type { Projection } from '../../core/adapter';
import { rotaryOf, windowAt } from '../../core/model-config';
import { packedAttentionBackwardKv, packedAttentionBackwardQ } from '../../ops/attention/packed-attention-backward';
import { gluBackward } from '../../ops/glu/glu';
import { qkNormBackward } from '../../ops/norm/qk-norm';
import { reluBackward } from '../../ops/relu/relu';
import { adaptedBackward } from './adapted';
import { unscaled } from './dora';
import { branchOf, headParams, hiddenOf, layerForward, positioned, positionedQkv, rotated } from './forward';
import { PROJECTION_NAMES } from './layout';
import { normBackward } from './norms';
import type { PassBuilder } from './pass-builder';
import type { Work } from './slices';

/** All layers down to the lowest trained one. The last run of layers is as the forward pass left it. */
export async function buildBackward(builder: PassBuilder): Promise<Work[]> {
  const { config, b, layout } = builder.parts;
  const { length } = b.kept;
  const works: Promise<Work>[] = [];
  const runs = Math.ceil((config.numLayers - layout.lowest) / length);
  for (let run = runs - 1; run >= 0; run--) {
    const first = layout.lowest + run * length;
    const end = Math.min(config.numLayers, first + length);
    if (run < runs - 1) {
      works.push(builder.copy(b.checkpoints[run], b.workspace.x));
      for (let layer = first; layer < end; layer++) works.push(...layerForward(builder, layer, layer < end - 1));
    }
    for (let layer = end - 1; layer >= first; layer--) works.push(...layerBackward(builder, layer));
  }
  return Promise.all(works);
}

function layerBackward(builder: PassBuilder, layer: number): Promise<Work>[] {
  const works: Promise<Work>[] = [];
  // nothing is trained below the first trained map, so the gradient of its input is not computed
  const { layout } = builder.parts;
  const last = layer === layout.lowest ? PROJECTION_NAMES.find((name) => layout.layers[layer][name]) : undefined;
  for (const name of PROJECTION_NAMES.toReversed()) {
    works.push(...backward[name](builder, layer, name === last));
    if (name === last) break;
  }
  return works;
}

/** The gradient through one product and what stands before it, in the order of the backward pass. */
const backward: Record<Projection, (builder: PassBuilder, layer: number, last: boolean) => Promise<Work>[]> = {
  down(builder, layer, last) {
    const { config, weights, b, layout } = builder.parts;
    const { dIntermediate, intermediate } = b.workspace;
    const { down, feedForwardPostNorm } = weights.layers[layer];
    const kept = builder.keptOf(layer);
    const { feedForward, activation = 'silu' } = config;
    const rectified = feedForward === 'relu' && layout.layers[layer].down !== undefined;
    const branch = branchBackward(builder, layer, 'down', feedForwardPostNorm);
    const { dy, works } = unscaled(builder, layer, 'down', branch.dy);
    return [
      ...branch.works,
      ...works,
      ...(rectified ? [hiddenOf(builder, kept.gateUp)] : []),
      ...(last ? [] : builder.transposed(down, dy, dIntermediate, builder.tokens)),
      ...adaptedBackward(builder, layer, 'down', {
        dy,
        dx: last ? undefined : dIntermediate,
        input: feedForward === 'relu' ? { x: intermediate } : { gateUp: kept.gateUp, activation },
      }),
    ];
  },

  gateUp(builder, layer, last) {
    const { weights, b } = builder.parts;
    const { dx, dNormalized, normalized } = b.workspace;
    const { feedForwardNorm, gateUp } = weights.layers[layer];
    const kept = builder.keptOf(layer);
    const before = { norm: feedForwardNorm, x: kept.postAttention, inverse: kept.feedForwardInverse };
    const { dy, works } = unscaled(builder, layer, 'gateUp', kept.gateUp);
    return [
      hiddenBackward(builder, kept.gateUp),
      ...works,
      ...(last ? [] : builder.transposed(gateUp, dy, dNormalized, builder.tokens)),
      ...adaptedBackward(builder, layer, 'gateUp', {
        dy,
        dx: last ? undefined : dNormalized,
        input: { before, x: normalized },
      }),
      ...(last ? [] : [normBackward(builder, feedForwardNorm, { x: kept.postAttention, dy: dNormalized, dx })]),
    ];
  },

  output(builder, layer, last) {
    const { weights, b } = builder.parts;
    const { dAttentionOut } = b.workspace;
    const { output, attentionPostNorm } = weights.layers[layer];
    const kept = builder.keptOf(layer);
    const branch = branchBackward(builder, layer, 'output', attentionPostNorm);
    const { dy, works } = unscaled(builder, layer, 'output', branch.dy);
    return [
      ...branch.works,
      ...works,
      ...(last ? [] : builder.transposed(output, dy, dAttentionOut, builder.tokens)),
      ...adaptedBackward(builder, layer, 'output', {
        dy,
        dx: last ? undefined : dAttentionOut,
        input: { x: kept.attentionOut },
      }),
    ];
  },

  qkv(builder, layer, last) {
    const { weights, b } = builder.parts;
    const { dx, dNormalized, normalized, dQkv } = b.workspace;
    const { attentionNorm, qkv, qkNorm: gains } = weights.layers[layer];
    const kept = builder.keptOf(layer);
    const before = { norm: attentionNorm, x: kept.x, inverse: kept.attentionInverse };
    const { dy, works } = unscaled(builder, layer, 'qkv', dQkv);
    return [
      // another layer's stand where attention finds them
      ...(gains ? positioned(builder, layer) : []),
      ...attentionBackward(builder, layer),
      ...(gains
        ? [
            builder.dispatch(
              qkNormBackward,
              builder.tokens,
              {},
              { qkv: kept.qkv, gains, d_qkv: dQkv },
              headParams(builder),
            ),
          ]
        : []),
      ...works,
      ...(last ? [] : builder.transposed(qkv, dy, dNormalized, builder.tokens)),
      ...adaptedBackward(builder, layer, 'qkv', {
        dy,
        dx: last ? undefined : dNormalized,
        input: { before, x: normalized },
      }),
      ...(last ? [] : [normBackward(builder, attentionNorm, { x: kept.x, dy: dNormalized, dx })]),
    ];
  },
};

/** The gradients of gate and up, or of up alone, in their place. */
function hiddenBackward(builder: PassBuilder, gateUp: GPUBuffer): Promise<Work> {
  const { config, b } = builder.parts;
  const { dIntermediate: d_hidden } = b.workspace;
  const { tokens } = builder;
  const { intermediateSize: F, activation = 'silu' } = config;
  return config.feedForward === 'relu'
    ? builder.dispatch(reluBackward, tokens, {}, { x: gateUp, d_hidden }, { columns: F })
    : builder.dispatch(gluBackward, tokens, { activation }, { gate_up: gateUp, d_hidden }, { half: F });
}

/** dQkv from dAttentionOut, rotated back by RoPE. */
function attentionBackward(builder: PassBuilder, layer: number): Promise<Work>[] {
  const { config, b, spec } = builder.parts;
  const { numHeads: H, numKeyValueHeads: K, headDim: d } = config;
  const { tokens } = builder;
  const { places, dAttentionOut, dQkv } = b.workspace;
  const { attentionOut, softmax } = builder.keptOf(layer);
  const qkv = positionedQkv(builder, layer);
  const params = { heads: H, kv_heads: K, window: windowAt(config, layer) ?? spec.tokens, quads: d / 4 };
  // scaled queries are rotated back by the kernel that scaled them
  const table = rotaryOf(config, layer)?.queryScaling ? undefined : b.tables[layer];
  const variant = { headDim: d, rotated: table !== undefined };
  const bound = { places, qkv, d_out: dAttentionOut, softmax, d_qkv: dQkv, ...(table && { table }) };
  return [
    builder.dispatch(packedAttentionBackwardQ, tokens, variant, { ...bound, out: attentionOut }, params),
    builder.dispatch(packedAttentionBackwardKv, tokens, variant, bound, params),
    ...(table ? [] : rotated(builder, layer, dQkv, -1)),
  ];
}

/** The gradient of what attention or feed-forward give: the stream's own, or what comes back through the norm behind them. */
function branchBackward(
  builder: PassBuilder,
  layer: number,
  name: 'output' | 'down',
  postGain: GPUBuffer | undefined,
): { readonly dy: GPUBuffer; readonly works: Promise<Work>[] } {
  const { dx, dBranch } = builder.parts.b.workspace;
  if (!postGain) return { dy: dx, works: [] };
  return {
    dy: dBranch,
    works: [
      normBackward(
        builder,
        { gain: postGain },
        { x: branchOf(builder, layer, name), dy: dx, dx: dBranch, accumulate: false },
      ),
    ],
  };
}
