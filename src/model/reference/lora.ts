// LLaMA with a LoRA in float64, forward and backward: the ops' own references put together, so that the truth which the
// GPU's training is tested against is itself tested against finite differences and PyTorch.
import { type ModelConfig, windowAt } from '../../core/model-config';
import { packedAttentionBackwardQ } from '../../ops/attention/packed-attention-backward';
import { packedAttention } from '../../ops/attention/packed-attention';
import { crossEntropy } from '../../ops/loss/cross-entropy';
import { packPlaces } from '../../ops/attention/places';
import {
  type LoraReference,
  type MapGroup,
  type PairGradient,
  groupBackward,
  groupForward,
  mapGroup,
  plus,
} from './lora-group';
import { embedded, hiddenBackward, hiddenOf, normed, normedBackward } from './blocks';
import { normsOf, tensorOf } from './gains';
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
  const { kept, last, picked, logits, targets, dropout } = forward(model, batch);
  const { places } = dropout;
  const gradients = pairs.map(({ a, b, magnitude }) => ({
    a: new Float64Array(a.length),
    b: new Float64Array(b.length),
    ...(magnitude && { magnitude: new Float64Array(magnitude.length) }),
  }));
  const backward = (group: MapGroup, x: Float64Array, dy: Float64Array) =>
    groupBackward(group, x, dy, gradients, model.dropout && dropout);
  const { losses, gradient: dLogits } = crossEntropy.reference(logits, targets, weight);
  const dFinal = backward(head(model), new Float64Array(targets.length * config.hiddenSize), dLogits);
  const nothing = new Float64Array(last.length);
  /** The gradient of what is added to the stream, through the norm behind it where there is one. */
  const branchBackward = (branch: Float64Array, norm: string | undefined, dy: Float64Array) =>
    norm === undefined ? dy : normedBackward(model, norm, { x: branch, dy, dx: nothing });
  let dx = normedBackward(model, 'model.norm', { x: last, dy: dFinal, dx: nothing, picked });
  for (const [layer, each] of [...kept.entries()].toReversed()) {
    const { groups, norms, x, input, plain, qkv, mixed, attended, between, normedBetween, gateUp, hidden, down } = each;
    const dHidden = backward(groups.down, hidden, branchBackward(down, norms.afterFeedForward, dx));
    const dGateUp = hiddenBackward(config, gateUp, dHidden);
    const dNormedBetween = backward(groups.gateUp, normedBetween, dGateUp);
    dx = normedBackward(model, norms.feedForward, { x: between, dy: dNormedBetween, dx });
    const dMixed = backward(groups.o, mixed, branchBackward(attended, norms.afterAttention, dx));
    const dPositioned = packedAttentionBackwardQ.reference(qkv, dMixed, places, attentionShape(config, layer));
    const dQkv = positionedBackward(model, layer, plain, dPositioned, places);
    const dNormed = backward(groups.qkv, input, dQkv);
    // what is below the first layer is frozen
    if (layer > 0) dx = normedBackward(model, norms.attention, { x, dy: dNormed, dx });
  }
  return { loss: weight * total(losses), gradients };
}

/** The logits of the tokens that have a target, and all that the backward pass reads. */
function forward(model: LoraReference, batch: MicroBatch) {
  const { config } = model;
  const places = packPlaces(batch);
  const dropout = { noise: [model.dropout?.seed ?? 0, model.dropout?.step ?? 0], places };
  const project = (group: MapGroup, input: Float64Array) => groupForward(group, input, model.dropout && dropout);
  const added = (stream: Float64Array, branch: Float64Array, norm: string | undefined) =>
    plus(stream, norm === undefined ? branch : normed(model, norm, branch));
  let x = embedded(model, batch.ids, batch.positions);
  const layers = Array.from({ length: config.numLayers }, (_, layer) => layer);
  const kept = layers.map((layer) => {
    const groups = groupsOf(model, layer);
    const norms = normsOf(config, layer);
    const before = x;
    const input = normed(model, norms.attention, x);
    const plain = project(groups.qkv, input);
    const qkv = positioned(model, layer, plain, places);
    const mixed = packedAttention.reference(qkv, places, attentionShape(config, layer)).out;
    const attended = project(groups.o, mixed);
    const between = added(x, attended, norms.afterAttention);
    const normedBetween = normed(model, norms.feedForward, between);
    const gateUp = project(groups.gateUp, normedBetween);
    const hidden = hiddenOf(config, gateUp);
    const down = project(groups.down, hidden);
    x = added(between, down, norms.afterFeedForward);
    return {
      groups,
      norms,
      x: before,
      input,
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
  const final = normed(model, 'model.norm', x, picked);
  const logits = project(head(model), final);
  return { kept, last: x, picked, logits, targets: picked.map((t) => batch.targets[t]), dropout };
}

function groupsOf(model: LoraReference, layer: number) {
  const { config } = model;
  return {
    qkv: mapGroup(model, layer, ['q_proj', 'k_proj', 'v_proj']),
    o: mapGroup(model, layer, ['o_proj']),
    gateUp: mapGroup(model, layer, config.feedForward ? ['up_proj'] : ['gate_proj', 'up_proj']),
    down: mapGroup(model, layer, ['down_proj']),
  };
}

function head(model: LoraReference): MapGroup {
  const { tieWordEmbeddings, hiddenSize: columns } = model.config;
  const name = tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return { w: Float64Array.from(tensorOf(model, name)), columns };
}

function attentionShape(config: ModelConfig, layer: number) {
  const { numHeads, numKeyValueHeads, headDim } = config;
  return { heads: numHeads, kvHeads: numKeyValueHeads, headDim, window: windowAt(config, layer) };
}

function total(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
