// LLaMA with a LoRA in float64, forward and backward: the ops' own references put together, so that the truth which the
// GPU's training is tested against is itself tested against finite differences and PyTorch.
import { type ModelConfig, windowAt } from '../../core/model-config';
import { packedAttentionBackwardQ } from '../../ops/attention/packed-attention-backward';
import { packedAttention } from '../../ops/attention/packed-attention';
import { crossEntropy } from '../../ops/loss/cross-entropy';
import { packPlaces } from '../../ops/attention/places';
import { glu, gluBackward } from '../../ops/glu/glu';
import { rmsnorm, rmsnormBackward } from '../../ops/norm/rmsnorm';
import {
  type LoraReference,
  type MapGroup,
  type PairGradient,
  groupBackward,
  groupForward,
  mapGroup,
  plus,
  weightNamed,
} from './lora-group';
import { gainOf, gainsOf } from './gains';
import { positioned, positionedBackward } from './positioned';
import type { MicroBatch } from '../lora-types';

/** Σ cross-entropy of a batch over its targets, times a weight. */
export function loraLossReference(model: LoraReference, batch: MicroBatch, weight: number): number {
  const { logits, targets } = forward(model, batch);
  return weight * total(crossEntropy.reference(logits, targets, weight).losses);
}

/** The loss with its gradients, in the order of the pairs. */
export function loraReference(
  model: LoraReference,
  batch: MicroBatch,
  weight: number,
): { readonly loss: number; readonly gradients: readonly PairGradient[] } {
  const { config, pairs } = model;
  const { hiddenSize: columns, intermediateSize, rmsNormEps: epsilon, activation } = config;
  const { kept, last, picked, logits, targets, dropout } = forward(model, batch);
  const { places } = dropout;
  const gradients = pairs.map(({ a, b }) => ({ a: new Float64Array(a.length), b: new Float64Array(b.length) }));
  const backward = (group: MapGroup, x: Float64Array, dy: Float64Array) =>
    groupBackward(group, x, dy, gradients, model.dropout && dropout);
  const { losses, gradient: dLogits } = crossEntropy.reference(logits, targets, weight);
  const dFinal = backward(head(model), new Float64Array(targets.length * columns), dLogits);
  const nothing = new Float64Array(last.length);
  /** The gradient of what is added to the stream, through the norm behind it where there is one. */
  const branchBackward = (branch: Float64Array, by: ArrayLike<number> | undefined, dy: Float64Array) =>
    by ? rmsnormBackward.reference(branch, by, dy, nothing.slice(0, branch.length), { columns, epsilon }) : dy;
  let dx = rmsnormBackward.reference(last, gainOf(model, 'model.norm'), dFinal, nothing, { columns, epsilon, picked });
  for (const [layer, each] of [...kept.entries()].toReversed()) {
    const { groups, gains, x, normed, plain, qkv, mixed, attended, between, normedBetween, gateUp, hidden, down } =
      each;
    const dHidden = backward(groups.down, hidden, branchBackward(down, gains.afterFeedForward, dx));
    const dGateUp = gluBackward.reference(gateUp, dHidden, intermediateSize, activation);
    const dNormedBetween = backward(groups.gateUp, normedBetween, dGateUp);
    dx = rmsnormBackward.reference(between, gains.feedForward, dNormedBetween, dx, { columns, epsilon });
    const dMixed = backward(groups.o, mixed, branchBackward(attended, gains.afterAttention, dx));
    const dPositioned = packedAttentionBackwardQ.reference(qkv, dMixed, places, attentionShape(config, layer));
    const dQkv = positionedBackward(model, layer, plain, dPositioned, places);
    const dNormed = backward(groups.qkv, normed, dQkv);
    // what is below the first layer is frozen
    if (layer > 0) dx = rmsnormBackward.reference(x, gains.attention, dNormed, dx, { columns, epsilon });
  }
  return { loss: weight * total(losses), gradients };
}

/** The logits of the tokens that have a target, and all that the backward pass reads. */
function forward(model: LoraReference, batch: MicroBatch) {
  const { config } = model;
  const { hiddenSize: columns, intermediateSize: F, rmsNormEps: epsilon } = config;
  const places = packPlaces(batch);
  const dropout = { noise: [model.dropout?.seed ?? 0, model.dropout?.step ?? 0], places };
  const project = (group: MapGroup, input: Float64Array) => groupForward(group, input, model.dropout && dropout);
  const embedding = weightNamed(model, 'model.embed_tokens.weight');
  const scale = config.embeddingScale ?? 1;
  const added = (stream: Float64Array, branch: Float64Array, by: ArrayLike<number> | undefined) =>
    plus(stream, by ? rmsnorm.reference(branch, by, { columns, epsilon }) : branch);
  let x: Float64Array = Float64Array.from(
    { length: batch.ids.length * columns },
    (_, i) => scale * embedding[batch.ids[Math.floor(i / columns)] * columns + (i % columns)],
  );
  const layers = Array.from({ length: config.numLayers }, (_, layer) => layer);
  const kept = layers.map((layer) => {
    const groups = groupsOf(model, layer);
    const gains = gainsOf(model, layer);
    const before = x;
    const normed = rmsnorm.reference(x, gains.attention, { columns, epsilon });
    const plain = project(groups.qkv, normed);
    const qkv = positioned(model, layer, plain, places);
    const mixed = packedAttention.reference(qkv, places, attentionShape(config, layer)).out;
    const attended = project(groups.o, mixed);
    const between = added(x, attended, gains.afterAttention);
    const normedBetween = rmsnorm.reference(between, gains.feedForward, { columns, epsilon });
    const gateUp = project(groups.gateUp, normedBetween);
    const hidden = glu.reference(gateUp, F, config.activation);
    const down = project(groups.down, hidden);
    x = added(between, down, gains.afterFeedForward);
    return {
      groups,
      gains,
      x: before,
      normed,
      plain,
      qkv,
      mixed,
      attended,
      between,
      normedBetween,
      gateUp,
      hidden,
      down,
    };
  });
  const picked = Array.from(batch.targets.keys()).filter((t) => batch.targets[t] >= 0);
  const final = rmsnorm.reference(x, gainOf(model, 'model.norm'), { columns, epsilon, picked });
  const logits = project(head(model), final);
  return { kept, last: x, picked, logits, targets: picked.map((t) => batch.targets[t]), dropout };
}

function groupsOf(model: LoraReference, layer: number) {
  return {
    qkv: mapGroup(model, layer, ['q_proj', 'k_proj', 'v_proj']),
    o: mapGroup(model, layer, ['o_proj']),
    gateUp: mapGroup(model, layer, ['gate_proj', 'up_proj']),
    down: mapGroup(model, layer, ['down_proj']),
  };
}

function head(model: LoraReference): MapGroup {
  const { tieWordEmbeddings, hiddenSize: columns } = model.config;
  const name = tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return { w: Float64Array.from(weightNamed(model, name)), columns };
}

function attentionShape(config: ModelConfig, layer: number) {
  const { numHeads, numKeyValueHeads, headDim } = config;
  return { heads: numHeads, kvHeads: numKeyValueHeads, headDim, window: windowAt(config, layer) };
}

function total(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
