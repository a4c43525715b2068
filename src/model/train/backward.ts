// The backward pass of training (research: Hu et al. 2021; Dao et al. 2022 for attention; Chen et al. 2016, arXiv:1604.06174,
// for recomputing). `dx` is the gradient of the residual stream; what a layer needs is kept or computed again.
import type { Projection } from '../../core/adapter';
import { windowAt } from '../../core/model-config';
import {
  attentionDelta,
  packedAttentionBackwardKv,
  packedAttentionBackwardQ,
} from '../../ops/attention/packed-attention-backward';
import { gluBackward } from '../../ops/glu/glu';
import { qkNormBackward } from '../../ops/norm/qk-norm';
import { reluBackward } from '../../ops/relu/relu';
import { branchOf, headParams, hiddenOf, layerForward, positioned, positionedQkv, rotated, segmentOf } from './forward';
import { PROJECTION_NAMES } from './layout';
import { normBackward, normed } from './norms';
import type { PassBuilder } from './pass-builder';
import type { Work } from './slices';

/** All layers down to the lowest trained one. The last run of layers is as the forward pass left it. */
export async function buildBackward(builder: PassBuilder): Promise<Work[]> {
  const { config, b, layout } = builder.parts;
  const { length } = segmentOf(builder);
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
    const { weights, b } = builder.parts;
    const { dIntermediate, intermediate } = b.workspace;
    const { down, feedForwardPostNorm } = weights.layers[layer];
    const kept = segmentOf(builder).keptOf(layer);
    const adapted = builder.parts.layout.layers[layer].down !== undefined;
    const branch = branchBackward(builder, layer, 'down', feedForwardPostNorm);
    const { dy, works } = builder.unscaled(layer, 'down', branch.dy);
    return [
      ...branch.works,
      ...works,
      ...(adapted ? [hiddenOf(builder, kept.gateUp)] : []),
      ...(last ? [] : builder.transposed(down, dy, dIntermediate, builder.tokens)),
      ...builder.adaptBackward(layer, 'down', {
        dy,
        x: intermediate,
        u: kept['u down'],
        dx: last ? undefined : dIntermediate,
      }),
    ];
  },

  gateUp(builder, layer, last) {
    const { weights, b, layout } = builder.parts;
    const { dx, dNormalized, normalized } = b.workspace;
    const { feedForwardNorm, gateUp } = weights.layers[layer];
    const kept = segmentOf(builder).keptOf(layer);
    const adapted = layout.layers[layer].gateUp !== undefined;
    const { dy, works } = builder.unscaled(layer, 'gateUp', kept.gateUp);
    return [
      hiddenBackward(builder, kept.gateUp),
      ...works,
      ...(adapted ? [normed(builder, feedForwardNorm, { x: kept.postAttention, y: normalized })] : []),
      ...(last ? [] : builder.transposed(gateUp, dy, dNormalized, builder.tokens)),
      ...builder.adaptBackward(layer, 'gateUp', {
        dy,
        x: normalized,
        u: kept['u gateUp'],
        dx: last ? undefined : dNormalized,
      }),
      ...(last ? [] : [normBackward(builder, feedForwardNorm, { x: kept.postAttention, dy: dNormalized, dx })]),
    ];
  },

  output(builder, layer, last) {
    const { weights, b } = builder.parts;
    const { dAttentionOut } = b.workspace;
    const { output, attentionPostNorm } = weights.layers[layer];
    const kept = segmentOf(builder).keptOf(layer);
    const branch = branchBackward(builder, layer, 'output', attentionPostNorm);
    const { dy, works } = builder.unscaled(layer, 'output', branch.dy);
    return [
      ...branch.works,
      ...works,
      ...(last ? [] : builder.transposed(output, dy, dAttentionOut, builder.tokens)),
      ...builder.adaptBackward(layer, 'output', {
        dy,
        x: kept.attentionOut,
        u: kept['u output'],
        dx: last ? undefined : dAttentionOut,
      }),
    ];
  },

  qkv(builder, layer, last) {
    const { weights, b, layout } = builder.parts;
    const { dx, dNormalized, normalized, dQkv } = b.workspace;
    const { attentionNorm, qkv, qkNorm: gains } = weights.layers[layer];
    const kept = segmentOf(builder).keptOf(layer);
    const adapted = layout.layers[layer].qkv !== undefined;
    const { dy, works } = builder.unscaled(layer, 'qkv', dQkv);
    return [
      // another layer's stand where attention finds them
      ...(gains ? positioned(builder, layer) : []),
      ...attentionBackward(builder, layer),
      ...rotated(builder, layer, dQkv, -1),
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
      ...(adapted ? [normed(builder, attentionNorm, { x: kept.x, y: normalized })] : []),
      ...(last ? [] : builder.transposed(qkv, dy, dNormalized, builder.tokens)),
      ...builder.adaptBackward(layer, 'qkv', {
        dy,
        x: normalized,
        u: kept['u qkv'],
        dx: last ? undefined : dNormalized,
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

/** dQkv from dAttentionOut. */
function attentionBackward(builder: PassBuilder, layer: number): Promise<Work>[] {
  const { config, b, spec } = builder.parts;
  const { numHeads: H, numKeyValueHeads: K, headDim: d } = config;
  const { tokens } = builder;
  const variant = { headDim: d };
  const { places, dAttentionOut, dQkv, delta } = b.workspace;
  const { attentionOut, lse } = segmentOf(builder).keptOf(layer);
  const qkv = positionedQkv(builder, layer);
  const params = { heads: H, kv_heads: K, window: windowAt(config, layer) ?? spec.tokens, quads: d / 4 };
  const bound = { places, qkv, d_out: dAttentionOut, lse, delta, d_qkv: dQkv };
  return [
    builder.dispatch(
      attentionDelta,
      tokens,
      {},
      { out: attentionOut, d_out: dAttentionOut, delta },
      { heads: H, quads: d / 4 },
    ),
    builder.dispatch(packedAttentionBackwardQ, tokens, variant, bound, params),
    builder.dispatch(packedAttentionBackwardKv, tokens, variant, bound, params),
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
