// Random models and adapters of any shape, for tests: stored for the GPU, and as the values that it must read from that.
import { layerNorms, type ModelConfig, POSITION_OFFSET } from '../../core/model-config';
import { type LinearMap, linearMapsOf, type LoraPair } from '../../core/adapter';
import type { PackedRows, WeightKind, WeightTensor } from '../../core/weight-kinds';
import { dequantizeRows, quantizeRows } from '../../quant/repack';

/** Odd on purpose: grouped heads of 20, which are no D / H. */
export const TINY: ModelConfig = {
  architecture: 'llama',
  vocabSize: 131,
  hiddenSize: 96,
  intermediateSize: 160,
  numLayers: 2,
  numHeads: 6,
  numKeyValueHeads: 2,
  headDim: 20,
  contextLength: 128,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  tieWordEmbeddings: false,
};

/** What OPT has otherwise than LLaMA. */
export const OPT_WAYS = {
  layerNorm: true,
  learnedPositions: true,
  feedForward: 'relu',
} as const satisfies Partial<ModelConfig>;

/** What Gemma 3 adds to LLaMA's block: four norms a layer, gains of 1 + w, GELU, two rotary bases, scaled embedding and scores. */
export const GEMMA = {
  qkNorm: true,
  postNorms: true,
  unitOffsetNorm: true,
  activation: 'gelu_tanh',
  slidingWindow: 3,
  windowLayers: [0],
  localRopeTheta: 50,
  embeddingScale: 3.5,
  attentionScale: 0.4,
  tieWordEmbeddings: true,
} as const satisfies Partial<ModelConfig>;

/** A deterministic stand-in for weights: normal enough, and the same on each run. */
function pseudoRandom(seed: number) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/**
 * A model whose matrices are stored as `kind`, v and what does not fit apart.
 * @param biased linear maps that get a bias
 */
export function randomModel(config: ModelConfig, kind: WeightKind, biased: readonly string[] = []) {
  const next = pseudoRandom(7);
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F, vocabSize: V } = config;
  const reference = new Map<string, Float32Array>();
  const tensors: WeightTensor[] = [];
  const add = (name: string, rows: number, columns: number, as: WeightKind, spread: number, centre = 0) => {
    const values = Float32Array.from({ length: rows * columns }, () => centre + spread * next());
    const f32: PackedRows = {
      kind: 'f32',
      rows,
      columns,
      codes: new Uint8Array(values.buffer),
      scales: new Uint8Array(),
    };
    const packed = quantizeRows(f32, as);
    reference.set(name, dequantizeRows(packed));
    tensors.push({
      name,
      kind: packed.kind,
      rows,
      columns,
      async *groups() {
        yield { ...packed, rowStart: 0 };
      },
    });
  };
  const norms = layerNorms(config);
  const gain = (name: string, columns: number, spread: number) =>
    add(`${name}.weight`, 1, columns, 'f32', spread, config.unitOffsetNorm ? 0 : 1);
  /** A norm's gain, and its shift where it is a LayerNorm. */
  const norm = (name: string) => {
    gain(name, D, 0.2);
    if (config.layerNorm) add(`${name}.bias`, 1, D, 'f32', 0.3);
  };
  add('model.embed_tokens.weight', V, D, kind, 1);
  if (config.learnedPositions) {
    add('model.embed_positions.weight', config.contextLength + POSITION_OFFSET, D, 'f32', 1);
  }
  for (let i = 0; i < config.numLayers; i++) {
    const stem = (part: string) => `model.layers.${i}.${part}`;
    const name = (part: string) => `${stem(part)}.weight`;
    norm(stem(norms.attention));
    add(name('self_attn.q_proj'), H * d, D, kind, 0.4);
    add(name('self_attn.k_proj'), K * d, D, kind, 0.4);
    if (config.qkNorm) for (const each of ['q_norm', 'k_norm']) gain(stem(`self_attn.${each}`), d, 0.6);
    add(name('self_attn.v_proj'), K * d, D, 'f32', 0.2); // another kind: the fused projection has two parts
    add(name('self_attn.o_proj'), D, H * d, (H * d) % 32 === 0 ? kind : 'f16', 0.2);
    if (norms.afterAttention) norm(stem(norms.afterAttention));
    norm(stem(norms.feedForward));
    if (!config.feedForward) add(name('mlp.gate_proj'), F, D, kind, 0.2);
    add(name('mlp.up_proj'), F, D, kind, 0.2);
    add(name('mlp.down_proj'), D, F, kind, 0.2);
    if (norms.afterFeedForward) norm(stem(norms.afterFeedForward));
  }
  for (const [name, values] of reference) {
    if (!biased.some((part) => name.endsWith(`${part}.weight`))) continue;
    const { rows } = tensors.find((tensor) => tensor.name === name)!;
    add(name.replace(/weight$/, 'bias'), 1, rows, 'f32', 0.5, values[0] > 0 ? 0.5 : -0.5);
  }
  norm('model.norm');
  if (!config.tieWordEmbeddings) add('lm_head.weight', V, D, kind, 0.3);
  return { reference, tensors };
}

/** Inputs and outputs of a linear map. */
export function mapShape(config: ModelConfig, map: LinearMap): { readonly inputs: number; readonly outputs: number } {
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F } = config;
  return {
    q_proj: { inputs: D, outputs: H * d },
    k_proj: { inputs: D, outputs: K * d },
    v_proj: { inputs: D, outputs: K * d },
    o_proj: { inputs: H * d, outputs: D },
    gate_proj: { inputs: D, outputs: F },
    up_proj: { inputs: D, outputs: F },
    down_proj: { inputs: F, outputs: D },
  }[map];
}

/** Pairs of these maps in every layer, or in some; both matrices far from zero. */
export function randomPairs(
  config: ModelConfig,
  {
    rank,
    scale,
    maps = linearMapsOf(config),
    layers = Array.from({ length: config.numLayers }, (_, layer) => layer),
  }: { rank: number; scale: number; maps?: readonly LinearMap[]; layers?: readonly number[] },
): LoraPair[] {
  const next = pseudoRandom(31);
  const matrix = (count: number) => Float32Array.from({ length: count }, () => 0.3 * next());
  return layers.flatMap((layer) =>
    maps.map((map) => {
      const { inputs, outputs } = mapShape(config, map);
      return { layer, map, rank, inputs, outputs, scale, a: matrix(rank * inputs), b: matrix(outputs * rank) };
    }),
  );
}
