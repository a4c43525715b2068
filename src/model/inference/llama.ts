// LLaMA (Touvron et al. 2023) as a list of dispatches, made once for a loaded model. B is 1; T tokens at most `batch`.
//
//   x = embedding[ids]
//   for each layer:   x += W_o · attention(rope(W_qkv · norm(x)))
//                     x += W_down · (silu(W_gate · norm(x)) · W_up · norm(x))
//   logits = W_head · norm(x)
//
// Each W may have a bias, and adapters that add to it (lora.ts); a window limits how far back attention sees.
import { type ModelConfig, windowAt } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import type { Kernels, Step } from '../../gpu/kernel';
import { attentionGrid, attentionKernel } from '../../ops/attention/flash';
import { embedGrid, embedKernel } from '../../ops/embed/embed';
import { gemmGrid, gemmKernel } from '../../ops/matmul/gemm';
import { matvecGrid, matvecKernel, type ProjectionVariant } from '../../ops/matmul/matvec';
import { ropeGrid, ropeKernel } from '../../ops/rope/rope';
import { swigluGrid, swigluKernel } from '../../ops/swiglu/swiglu';
import type { ForwardShape, KernelTarget } from '../../ops/tuning';
import { bindPart, type Matrix } from '../../ops/matmul/weights';
import type { KeyValueCache } from './kv-cache';
import type { LoraProjection, LoraWeights } from './lora';
import type { Rotary } from './rotary';
import type { Weights } from '../weights';

/** What the dispatches read and write. */
export interface Activations {
  /** Position, count, step, token: shaders/common/state.wgsl */
  readonly state: GPUBuffer;
  /** [T] ids of the batch */
  readonly ids: GPUBuffer;
  /** [T, D] residual stream, f32 */
  readonly x: GPUBuffer;
  /** [T, (H + 2K) · d] */
  readonly qkv: GPUBuffer;
  /** [T, H · d] */
  readonly mixed: GPUBuffer;
  /** [T, F] */
  readonly hidden: GPUBuffer;
  /** [T, 2F], only where gate and up cannot share a dispatch */
  readonly gateUp: GPUBuffer | undefined;
  /** [T, J] A·x of the adapters of one projection after the other, f32; only where there are adapters */
  readonly lowRank?: GPUBuffer;
  /** [V] of the batch's last token, f32 */
  readonly logits: GPUBuffer;
}

/** One forward pass as steps: `body` up to the residual stream, `head` the last token's logits. */
export interface Forward {
  readonly body: readonly Step[];
  readonly head: readonly Step[];
}

export interface LlamaParts {
  readonly kernels: Kernels;
  readonly buffers: Buffers;
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly cache: KeyValueCache;
  readonly rotary: Rotary;
  readonly activations: Activations;
  readonly target: KernelTarget;
  /** Adapters in use. */
  readonly lora?: LoraWeights | undefined;
}

/** Gate and up fuse where one part holds both. */
const fusesSwiglu = (gateUp: Matrix) => gateUp.parts.length === 1;

/** Buffers for batches of at most `target.batch` tokens. */
export function createActivations(
  buffers: Buffers,
  config: ModelConfig,
  weights: Weights,
  target: KernelTarget,
): Activations {
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F, vocabSize: V } = config;
  const T = target.batch;
  const bytes = target.activation === 'f16' ? 2 : 4;
  const make = (elements: number, size: number, label: string) =>
    buffers.storage('activations', elements * size, label);
  return {
    state: make(4, 4, 'state'),
    ids: make(T, 4, 'ids'),
    x: make(T * D, 4, 'x'),
    qkv: make(T * (H + 2 * K) * d, bytes, 'qkv'),
    mixed: make(T * H * d, bytes, 'mixed'),
    hidden: make(T * F, bytes, 'hidden'),
    gateUp: weights.layers.every((layer) => fusesSwiglu(layer.gateUp)) ? undefined : make(T * 2 * F, bytes, 'gate|up'),
    logits: make(V, 4, 'logits'),
  };
}

/** Activations of a model with adapters, with what they need beside. */
export function adaptedActivations(
  buffers: Buffers,
  { intermediateSize: F }: ModelConfig,
  { widest, layers }: LoraWeights,
  { batch: T, activation }: KernelTarget,
  base: Activations,
): Activations {
  const bytes = activation === 'f16' ? 2 : 4;
  const apart = base.gateUp === undefined && layers.some((layer) => layer.gateUp);
  return {
    ...base,
    ...(apart && { gateUp: buffers.storage('activations', T * 2 * F * bytes, 'gate|up') }),
    lowRank: buffers.storage('activations', T * widest * 4, 'A·x'),
  };
}

/**
 * The dispatches of a forward pass with kernels of these shapes.
 * @param table of rotary angles
 */
export async function buildForward(llama: LlamaParts, shape: ForwardShape, table: GPUBuffer): Promise<Forward> {
  const { kernels, buffers, config, weights, cache, activations: a, target, lora } = llama;
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F } = config;
  const { activation } = target;
  const { state } = a;
  const project = adaptedProjector({ ...llama, state }, shape.linear, a.lowRank);
  const body: Promise<Step>[] = [];

  for (const part of weights.embedding.parts) {
    body.push(
      kernels.step(
        embedKernel(part.kind),
        buffers,
        { state, ids: a.ids, x: a.x, ...bindPart(part) },
        { rows: part.rows, columns: D, row_start: part.rowStart },
        ({ count }) => embedGrid(D, count),
      ),
    );
  }
  weights.layers.forEach((layer, i) => {
    const { keys, values } = cache.layers[i];
    const adapted = lora?.layers[i];
    body.push(
      ...project(layer.qkv, adapted?.qkv, a.x, a.qkv, { input: 'f32', output: activation, norm: layer.attentionNorm }),
      kernels.step(
        ropeKernel(target),
        buffers,
        { state, table, qkv: a.qkv, keys, values },
        { heads: H, kv_heads: K, head_dim: d, context: cache.context },
        ({ count }) => ropeGrid(H, K, d, count),
      ),
      kernels.step(
        attentionKernel(target, shape.attention, d),
        buffers,
        { state, qkv: a.qkv, keys, values, out: a.mixed },
        { heads: H, kv_heads: K, context: cache.context, quads: d / 4, window: windowAt(config, i) ?? cache.context },
        ({ count }) => attentionGrid(shape.attention, H, K, count),
      ),
      ...project(layer.output, adapted?.output, a.mixed, a.x, { input: activation, output: 'f32', residual: true }),
    );
    const norm = layer.feedForwardNorm;
    if (fusesSwiglu(layer.gateUp) && !adapted?.gateUp) {
      body.push(
        ...project(layer.gateUp, undefined, a.x, a.hidden, { input: 'f32', output: activation, norm, swiglu: true }),
      );
    } else {
      body.push(
        ...project(layer.gateUp, adapted?.gateUp, a.x, a.gateUp!, { input: 'f32', output: activation, norm }),
        kernels.step(
          swigluKernel(activation),
          buffers,
          { state, gate_up: a.gateUp!, hidden: a.hidden },
          { half: F },
          ({ count }) => swigluGrid(F, count),
        ),
      );
    }
    body.push(
      ...project(layer.down, adapted?.down, a.hidden, a.x, { input: activation, output: 'f32', residual: true }),
    );
  });
  return { body: await Promise.all(body), head: await buildHead(llama, target.decode.linear, a.logits, true) };
}

/** W_head · norm(x): of the batch's last token, or of every token into [T, V]. */
export function buildHead(
  llama: LlamaParts,
  shape: ForwardShape['linear'],
  logits: GPUBuffer,
  lastOnly: boolean,
): Promise<Step[]> {
  const { weights, activations, lora } = llama;
  const options = { input: 'f32', output: 'f32', norm: weights.norm, lastOnly } as const;
  const project = adaptedProjector({ ...llama, state: activations.state }, shape, activations.lowRank);
  return Promise.all(project(weights.head, lora?.head, activations.x, logits, options));
}

interface ProjectionOptions extends Pick<ProjectionVariant, 'input' | 'output' | 'residual' | 'swiglu'> {
  readonly norm?: GPUBuffer;
  readonly lastOnly?: boolean;
}

/** Makes the dispatches of y = W·x, and of y += B·(A·x) where there are adapters. */
function adaptedProjector(parts: ProjectorParts, shape: ForwardShape['linear'], lowRank: GPUBuffer | undefined) {
  const project = projector(parts, shape);
  return (
    matrix: Matrix,
    adapted: LoraProjection | undefined,
    x: GPUBuffer,
    y: GPUBuffer,
    options: ProjectionOptions,
  ): Promise<Step>[] => {
    const base = project(matrix, x, y, options);
    if (!adapted || !lowRank) return base;
    const { input, output, norm, lastOnly = false } = options;
    return [
      ...base,
      // of every token also where only the last one counts: B reads it in the last one's place
      ...project(adapted.a, x, lowRank, { input, output: 'f32', ...(norm && { norm }) }),
      ...project(adapted.b, lowRank, y, { input: 'f32', output, residual: true, lastOnly }),
    ];
  };
}

/** What the products of a model have in common; `state` says how many tokens there are. */
export type ProjectorParts = Pick<LlamaParts, 'kernels' | 'buffers' | 'config'> & { readonly state: GPUBuffer };

/** Makes the dispatches of y = W·x, one a part of the matrix. */
export function projector({ kernels, buffers, config, state }: ProjectorParts, shape: ForwardShape['linear']) {
  const tiles = shape === 'tiles';
  const kernel = (variant: ProjectionVariant) => (tiles ? gemmKernel(variant) : matvecKernel({ ...variant, shape }));
  const grid = tiles ? gemmGrid : matvecGrid.bind(undefined, shape);
  return (matrix: Matrix, x: GPUBuffer, y: GPUBuffer, { norm, lastOnly = false, ...variant }: ProjectionOptions) => {
    const { swiglu = false } = variant;
    return matrix.parts.map((part) =>
      kernels.step(
        kernel({ ...variant, kind: part.kind, norm: norm !== undefined, bias: matrix.bias !== undefined }),
        buffers,
        {
          state,
          x,
          y,
          // without a norm the gain is bound to something that is never read
          gain: norm ?? state,
          ...bindPart(part),
          ...(matrix.bias && { bias: matrix.bias }),
        },
        {
          rows: part.rows,
          columns: matrix.columns,
          row_start: part.rowStart,
          out_stride: swiglu ? matrix.rows / 2 : matrix.rows,
          half: matrix.rows / 2,
          last_only: Number(lastOnly),
          epsilon: config.rmsNormEps,
        },
        ({ count }) => grid(part.rows, lastOnly ? 1 : count),
      ),
    );
  };
}
