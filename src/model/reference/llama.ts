// LLaMA's forward pass in float64 with plain loops: what the GPU's is tested against.
import { type ModelConfig, rotaryOf, windowAt } from '../../core/model-config';
import { attention } from '../../ops/attention/attention';
import { linear } from '../../ops/matmul/linear';
import { rmsnorm } from '../../ops/norm/rmsnorm';
import { rope } from '../../ops/rope/rope';
import { rotationOf } from '../../ops/rope/rotation';
import { embedded, hiddenOf, normed } from './blocks';
import { gainOf, normsOf, tensorOf } from './gains';

/** Dequantized tensors by name; q and k rows in interleaved pair order. */
export type ReferenceWeights = ReadonlyMap<string, ArrayLike<number>>;

/** Logits of every position, [T, V]. */
export function llamaReference(config: ModelConfig, weights: ReferenceWeights, ids: readonly number[]): Float64Array {
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F, vocabSize: V } = config;
  const T = ids.length;
  const epsilon = config.rmsNormEps;
  const model = { config, weights };
  const weight = (name: string) => tensorOf(model, name);
  let x = embedded(model, ids, [...ids.keys()]);
  /** [T, heads, d] rotated by position, in layers that rotate */
  const rotate = (rows: Float64Array, heads: number, layer: number, of: 'q' | 'k') => {
    const rotary = rotaryOf(config, layer);
    if (!rotary) return rows;
    const rotation = rotationOf(rotary, T);
    const out = new Float64Array(rows.length);
    for (let t = 0; t < T; t++) {
      for (let h = 0; h < heads; h++) {
        const at = (t * heads + h) * d;
        out.set(rope.reference(rows.subarray(at, at + d), t, rotation, of), at);
      }
    }
    return out;
  };
  /** [T, K, d] as the cache has it: [K, T, d] */
  const byHead = (rows: Float64Array) => {
    const out = new Float64Array(rows.length);
    for (let t = 0; t < T; t++) {
      for (let k = 0; k < K; k++) out.set(rows.subarray((t * K + k) * d, (t * K + k + 1) * d), (k * T + t) * d);
    }
    return out;
  };
  /** x + y, through the norm behind y where there is one. */
  const added = (y: Float64Array, norm: string | undefined) => {
    const normal = norm === undefined ? y : normed(model, norm, y);
    return x.map((each, i) => each + normal[i]);
  };
  for (let layer = 0; layer < config.numLayers; layer++) {
    const name = (part: string) => `model.layers.${layer}.${part}.weight`;
    const bias = (part: string) => weights.get(`model.layers.${layer}.${part}.bias`);
    const norms = normsOf(config, layer);
    const input = normed(model, norms.attention, x);
    const project = (part: string, rows: number) =>
      linear.reference(
        weight(name(`self_attn.${part}`)),
        input,
        { rows, columns: D, tokens: T },
        { bias: bias(`self_attn.${part}`) },
      );
    /** [T, heads, d] of q or k, each head normalized where the model does that */
    const headNormed = (rows: Float64Array, part: string) => {
      if (!config.qkNorm) return rows;
      const gain = gainOf(model, `model.layers.${layer}.self_attn.${part}`);
      return rmsnorm.reference(rows, gain, { columns: d, epsilon });
    };
    const q = rotate(headNormed(project('q_proj', H * d), 'q_norm'), H, layer, 'q');
    const k = byHead(rotate(headNormed(project('k_proj', K * d), 'k_norm'), K, layer, 'k'));
    const v = byHead(project('v_proj', K * d));
    const window = windowAt(config, layer);
    const shape = { tokens: T, heads: H, kvHeads: K, headDim: d, context: T, position: 0, window };
    const mixed = attention.reference(q, k, v, shape);
    const attended = linear.reference(
      weight(name('self_attn.o_proj')),
      mixed,
      { rows: D, columns: H * d, tokens: T },
      { bias: bias('self_attn.o_proj') },
    );
    x = added(attended, norms.afterAttention);
    const maps = config.feedForward ? ['mlp.up_proj'] : ['mlp.gate_proj', 'mlp.up_proj'];
    const none = new Float64Array(F);
    const gateUp = linear.reference(
      stacked(maps.map((map) => weight(name(map)))),
      normed(model, norms.feedForward, x),
      { rows: maps.length * F, columns: D, tokens: T },
      { bias: stacked(maps.map((map) => bias(map) ?? none)) },
    );
    const hidden = hiddenOf(config, gateUp);
    const down = linear.reference(
      weight(name('mlp.down_proj')),
      hidden,
      { rows: D, columns: F, tokens: T },
      { bias: bias('mlp.down_proj') },
    );
    x = added(down, norms.afterFeedForward);
  }
  const head = weight(config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  return linear.reference(head, normed(model, 'model.norm', x), { rows: V, columns: D, tokens: T });
}

/** Matrices or vectors, one below the other. */
function stacked(parts: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}
