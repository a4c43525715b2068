// Training's buffers on the GPU, from shapes alone: a plan shows their sizes before anything is allocated, and they are
// made from the same figures.
import type { Projection } from '../../core/adapter';
import type { ModelConfig } from '../../core/model-config';
import type { LoraSpec, TrainingMemory } from '../lora-types';
import { groupShapes, layOut, type Layout, PROJECTION_NAMES } from './layout';

/** Most bytes of the logits of one chunk of labelled tokens. */
const LOGITS_BYTES = 32 * 2 ** 20;

/**
 * Activations of a layer that the forward pass keeps: its input, q|k|v after RoPE (or, where heads are normalized,
 * before that), attention's result and log-sum-exp (with delta, which the backward pass puts beside it), the residual
 * stream between attention and feed-forward, gate|up, A·x of each group, and the inputs of the norms behind attention
 * and feed-forward. `…Inverse` is one over the rms of the input of the norms before them; `z` is what DoRA scales, and
 * in the backward pass its gradient.
 */
export type KeptName =
  | ('x' | 'qkv' | 'attentionOut' | 'softmax' | 'postAttention' | 'gateUp' | `u ${Projection}`)
  | ('attentionBranch' | 'feedForwardBranch' | 'attentionInverse' | 'feedForwardInverse')
  | `z ${Projection}`;
/**
 * Used by one layer after another, and by the loss. `normedQkv` is q|k|v after the norm of its heads and RoPE; `v` and what
 * begins with d are gradients.
 */
export type WorkspaceName =
  | ('ids' | 'places' | 'targets' | 'picked' | 'losses')
  | ('x' | 'normalized' | 'intermediate' | 'normalizedChunk' | 'logits')
  | 'normedQkv'
  | ('dx' | 'dNormalized' | 'dIntermediate' | 'dAttentionOut' | 'dQkv' | 'dNormalizedChunk')
  | ('dBranch' | 'v');

/** Elements (of 4 bytes) of every buffer by name. */
export interface TrainingSizes {
  /** C: labelled tokens whose logits are computed at a time. */
  readonly chunk: number;
  readonly kept: Readonly<Record<KeptName, number>>;
  /** Layers whose activations are kept at a time. */
  readonly keptLayers: number;
  /** Inputs of the runs of layers that are recomputed, [T, D] each. */
  readonly checkpoints: number;
  readonly workspace: Readonly<Record<WorkspaceName, number>>;
}

/** Layers that are recomputed together, and how many such runs there are; one run is not recomputed. */
function segments({ layers, lowest }: Layout, checkpointing: number): { length: number; count: number } {
  const trained = layers.length - lowest;
  const length = checkpointing > 0 ? Math.min(checkpointing, trained) : trained;
  return { length, count: Math.ceil(trained / length) };
}

/** Sizes for micro-batches of at most `spec.tokens` tokens (T below). */
export function trainingSizes(config: ModelConfig, spec: LoraSpec, layout: Layout): TrainingSizes {
  const { hiddenSize: D, numHeads: H, intermediateSize: F, headDim: d, vocabSize: V } = config;
  const T = spec.tokens;
  const branch = config.postNorms ? T * D : 0;
  const shapes = groupShapes(config);
  const { qkv, gateUp } = shapes;
  const chunk = Math.min(T, spec.chunk ?? Math.max(8, Math.floor(LOGITS_BYTES / 4 / V / 8) * 8));
  const { length, count } = segments(layout, spec.checkpointing);
  const width = (name: Projection) => Math.max(0, ...layout.layers.map((groups) => groups[name]?.width ?? 0));
  const widths = PROJECTION_NAMES.map(width);
  const scaled = (name: Projection) => layout.layers.some((groups) => groups[name]?.dora);
  const z = Object.fromEntries(
    PROJECTION_NAMES.map((name) => [`z ${name}`, scaled(name) ? T * shapes[name].stride : 0]),
  );
  const u = Object.fromEntries(PROJECTION_NAMES.map((name, i) => [`u ${name}`, T * widths[i]]));
  return {
    chunk,
    kept: {
      x: T * D,
      qkv: T * qkv.stride,
      attentionOut: T * H * d,
      softmax: 2 * T * H,
      postAttention: T * D,
      gateUp: T * gateUp.stride,
      ...(u as Record<`u ${Projection}`, number>),
      ...(z as Record<`z ${Projection}`, number>),
      attentionBranch: branch,
      feedForwardBranch: branch,
      attentionInverse: T,
      feedForwardInverse: T,
    },
    keptLayers: length,
    checkpoints: count > 1 ? count : 0,
    workspace: {
      ids: T,
      places: 4 * T,
      targets: T,
      picked: T,
      losses: T,
      x: T * D,
      normalized: T * D,
      intermediate: T * F,
      normedQkv: config.qkNorm ? T * qkv.stride : 0,
      normalizedChunk: chunk * D,
      logits: chunk * V,
      dx: T * D,
      dNormalized: T * D,
      dIntermediate: T * F,
      dAttentionOut: T * H * d,
      dQkv: T * qkv.stride,
      dNormalizedChunk: chunk * D,
      dBranch: branch,
      v: T * Math.max(...widths),
    },
  };
}

/** Bytes that a trainer of this spec allocates beside the model. */
export function trainingMemory(config: ModelConfig, spec: LoraSpec, maxPoolBytes = 2 ** 27): TrainingMemory {
  const layout = layOut(config, spec, maxPoolBytes);
  const { kept, keptLayers, checkpoints, workspace } = trainingSizes(config, spec, layout);
  const pools = sum([...layout.poolsA, ...layout.poolsB]);
  return {
    adapter: 4 * (pools + sum(layout.poolsInverse)),
    optimizer: 12 * pools,
    activations: 4 * (keptLayers * sum(Object.values(kept)) + checkpoints * spec.tokens * config.hiddenSize),
    workspace: 4 * sum(Object.values(workspace)),
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
