// LLaMA (Touvron et al. 2023) as a list of dispatches, made once for a loaded model. B is 1; T tokens at most `batch`.
//
//   x = embedding[ids]
//   for each layer:   x += W_o · attention(rope(W_qkv · norm(x)))
//                     x += W_down · (f(W_gate · norm(x)) · W_up · norm(x))
//   logits = W_head · norm(x)
//
// f is SiLU or GELU. Each W may have a bias, and adapters that add to it (lora.ts); a window limits how far back attention
// sees. Heads of q and k may be normalized before rope, and layers may be without it. What is added to x may have a norm of
// its own, and the embedding a factor (Gemma). OPT has max(W_up · norm(x), 0) in place of f and its gate, LayerNorms, and
// positions that are added to the embedding.
import { defined } from '../../core/defined';
import { type ModelConfig, POSITION_OFFSET, rotaryOf } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import type { Kernels, Step } from '../../gpu/kernel';
import { splitsOf } from '../../ops/attention/attention';
import { embed } from '../../ops/embed/embed';
import { embedPositions } from '../../ops/embed/embed-positions';
import { glu } from '../../ops/glu/glu';
import { linear } from '../../ops/matmul/linear';
import { fitsLowRank, lowRank as lowRankProducts } from '../../ops/matmul/low-rank';
import { fitsIntegers, linearInt8 } from '../../ops/matmul/linear-int8';
import { INPUT_BLOCK, quantize } from '../../ops/matmul/quantize';
import { layernorm } from '../../ops/norm/layernorm';
import { rmsnorm } from '../../ops/norm/rmsnorm';
import { relu } from '../../ops/relu/relu';
import { rope } from '../../ops/rope/rope';
import { queryScalingParams } from '../../ops/rope/rotation';
import type { ForwardShape, KernelTarget } from '../../ops/tuning';
import { bindPart, type Matrix } from '../../ops/matmul/weights';
import { attend } from './attend';
import type { KeyValueCache } from './kv-cache';
import type { LoraProjection, LoraWeights } from './lora';
import type { Rotary, RotaryTables } from './rotary';
import { linearCalls, type LinearOptions } from '../linear';
import type { Norm, Weights } from '../weights';

/** Buffers that the dispatches of a forward pass read and write. */
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
  readonly attentionOut: GPUBuffer;
  /** [H, splits, d] and [H, splits, 2] of a token whose keys are split, f32 */
  readonly split: { readonly sums: GPUBuffer; readonly totals: GPUBuffer } | undefined;
  /** [T, F] */
  readonly intermediate: GPUBuffer;
  /** [T, 2F], only where gate and up cannot share a dispatch; [T, F] of up alone where there is no gate */
  readonly gateUp: GPUBuffer | undefined;
  /** [T, D] what attention or feed-forward give, f32; only where a norm stands behind them */
  readonly branch: GPUBuffer | undefined;
  /** [T, D] x behind a LayerNorm, f32; RMSNorm is folded into the products that read it */
  readonly normalized: GPUBuffer | undefined;
  /** [T, J] A·x of the adapters of one projection after the other, f32; only where there are adapters */
  readonly lowRank?: GPUBuffer;
  /**
   * A product's input as 8-bit integers, [T, K] codes and [T, K / 32, 4] of their blocks; only where `target` has
   * integer products
   */
  readonly rounded?: { readonly codes: GPUBuffer; readonly blocks: GPUBuffer } | undefined;
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
const fusesGlu = ({ feedForward }: ModelConfig, gateUp: Matrix) => !feedForward && gateUp.parts.length === 1;

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
  const parts = H * splitsOf(target.decode.attention, { heads: H, kvHeads: K, headDim: d });
  return {
    state: make(4, 4, 'state'),
    ids: make(T, 4, 'ids'),
    x: make(T * D, 4, 'x'),
    qkv: make(T * (H + 2 * K) * d, bytes, 'qkv'),
    attentionOut: make(T * H * d, bytes, 'attentionOut'),
    split:
      parts > H ? { sums: make(parts * d, 4, 'split sums'), totals: make(parts * 2, 4, 'split totals') } : undefined,
    intermediate: make(T * F, bytes, 'intermediate'),
    gateUp: weights.layers.every((layer) => fusesGlu(config, layer.gateUp))
      ? undefined
      : make(T * 2 * F, bytes, 'gate|up'),
    branch: config.postNorms && make(T * D, 4, 'branch'),
    normalized: config.layerNorm && make(T * D, 4, 'normalized'),
    rounded: target.integers && {
      codes: make(T * Math.max(D, F, H * d), 1, 'codes'),
      blocks: make((T * Math.max(D, F, H * d)) / INPUT_BLOCK, 16, 'blocks'),
    },
    logits: make(V, 4, 'logits'),
  };
}

/** Activations of a model with adapters, with what they need beside. @param resized where their vocabulary is another */
export function adaptedActivations(
  buffers: Buffers,
  { intermediateSize: F, vocabSize: V }: ModelConfig,
  { widest, layers }: LoraWeights,
  { batch: T, activation }: KernelTarget,
  base: Activations,
  resized: boolean,
): Activations {
  const bytes = activation === 'f16' ? 2 : 4;
  const apart = base.gateUp === undefined && layers.some((layer) => layer.gateUp);
  return {
    ...base,
    ...(apart && { gateUp: buffers.storage('activations', T * 2 * F * bytes, 'gate|up') }),
    lowRank: buffers.storage('activations', T * widest * 4, 'A·x'),
    ...(resized && { logits: buffers.storage('activations', V * 4, 'logits') }),
  };
}

/**
 * The dispatches of a forward pass with kernels of these shapes.
 * @param tables of rotary angles, one a layer; none for a layer that does not rotate
 */
export async function buildForward(llama: LlamaParts, shape: ForwardShape, tables: RotaryTables): Promise<Forward> {
  const { config, weights, cache, activations: a, target, lora } = llama;
  const { hiddenSize: D, numHeads: H, numKeyValueHeads: K, headDim: d, intermediateSize: F } = config;
  const { activation } = target;
  const { state } = a;
  const project = projector(llama, shape.linear);
  const body: Promise<Step>[] = [];
  const factor = config.embeddingScale ?? 1;
  /** x += what the projection gives, through the norm behind it where there is one. */
  const add = (matrix: Matrix, adapted: LoraProjection | undefined, input: GPUBuffer, gain: GPUBuffer | undefined) => {
    const types = { input: activation, output: 'f32' } as const;
    if (!gain) return project(matrix, adapted, input, a.x, { ...types, residual: true });
    const branch = defined(a.branch, 'the buffer of a branch');
    return [
      ...project(matrix, adapted, input, branch, types),
      rmsnorm.step(
        llama,
        { picked: false, accumulate: true },
        { state, x: branch, gain, y: a.x },
        { columns: D, epsilon: config.rmsNormEps },
      ),
    ];
  };

  for (const part of weights.embedding.parts) {
    const params = { rows: part.rows, columns: D, row_start: part.rowStart, factor };
    body.push(embed.step(llama, { kind: part.kind }, { state, ids: a.ids, x: a.x, ...bindPart(part) }, params));
  }
  if (weights.positions) {
    const params = { columns: D, offset: POSITION_OFFSET };
    body.push(embedPositions.step(llama, { packed: false }, { state, positions: weights.positions, x: a.x }, params));
  }
  weights.layers.forEach((layer, i) => {
    const { keys, values } = cache.layers[i];
    const adapted = lora?.layers[i];
    const table = tables[i];
    const gains = layer.qkNorm;
    const rotary = rotaryOf(config, i);
    const types = { input: 'f32', output: activation, norm: layer.attentionNorm } as const;
    const shapes = { heads: H, kv_heads: K, head_dim: d, context: cache.context };
    const scaled = rotary?.queryScaling !== undefined;
    if (!gains && !scaled && !adapted?.qkv && placesHeads(llama, layer.qkv, i)) {
      const params = { ...shapes, values_start: (values.offset * d) / cache.rowBytes };
      const heads = { table, keysValues: keys.buffer, params };
      body.push(...project(layer.qkv, undefined, a.x, a.qkv, { ...types, heads }));
    } else {
      body.push(
        ...project(layer.qkv, adapted?.qkv, a.x, a.qkv, types),
        rope.step(
          llama,
          { rotates: table !== undefined, normed: gains !== undefined, scaled },
          { state, table, gains, qkv: a.qkv, keys, values },
          { ...shapes, epsilon: config.rmsNormEps, ...queryScalingParams(rotary) },
        ),
      );
    }
    body.push(
      ...attend(llama, shape.attention, i),
      ...add(layer.output, adapted?.output, a.attentionOut, layer.attentionPostNorm),
    );
    const norm = layer.feedForwardNorm;
    if (fusesGlu(config, layer.gateUp) && !adapted?.gateUp) {
      body.push(
        ...project(layer.gateUp, undefined, a.x, a.intermediate, {
          input: 'f32',
          output: activation,
          norm,
          glu: true,
        }),
      );
    } else {
      const gateUp = defined(a.gateUp, 'the buffer of gate|up');
      const options = { input: 'f32', output: activation, norm } as const;
      if (config.feedForward === 'relu') {
        body.push(
          ...project(layer.gateUp, adapted?.gateUp, a.x, gateUp, options),
          relu.step(llama, {}, { state, x: gateUp, hidden: a.intermediate }, { columns: F }),
        );
      } else if (adapted?.gateUp && project.inOne(adapted.gateUp)) {
        body.push(...project(layer.gateUp, adapted.gateUp, a.x, gateUp, { ...options, gated: a.intermediate }));
      } else {
        body.push(
          ...project(layer.gateUp, adapted?.gateUp, a.x, gateUp, options),
          glu.step(
            llama,
            { activation: config.activation ?? 'silu' },
            { state, gate_up: gateUp, hidden: a.intermediate },
            { half: F },
          ),
        );
      }
    }
    body.push(...add(layer.down, adapted?.down, a.intermediate, layer.feedForwardPostNorm));
  });
  return { body: await Promise.all(body), head: await buildHead(llama, target.decode.linear, a.logits, true) };
}

/**
 * Whether the product that gives q, k and v can also write k and v to the cache, within the number of buffers that a
 * kernel may bind.
 */
function placesHeads({ buffers, cache, target }: LlamaParts, { parts, bias }: Matrix, layer: number): boolean {
  const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize } = buffers.device.limits;
  const { keys, values } = cache.layers[layer];
  const most = bias ? 9 : 8;
  return (
    target.integers === undefined &&
    most <= maxStorageBuffersPerShaderStage &&
    keys.buffer === values.buffer &&
    keys.buffer.size <= maxStorageBufferBindingSize &&
    parts.every(({ rowStart, rows }) => rowStart % 2 === 0 && rows % 2 === 0)
  );
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
  const project = projector(llama, shape);
  return Promise.all(project(weights.head, lora?.head, activations.x, logits, options));
}

/** Options of a product of normalized input, beside its matrix. */
interface ProjectionOptions extends Omit<LinearOptions, 'shape' | 'norm'> {
  readonly norm?: Norm | undefined;
  /** Output [F] of f(gate) · up, where y is gate|up and the adapters' products are one dispatch. */
  readonly gated?: GPUBuffer;
}

/**
 * Makes the dispatches of y = W·x, of y += B·(A·x) where there are adapters, and of a LayerNorm before them, if x has
 * one. `inOne` says whether an adapter's two products are one dispatch.
 */
function projector(llama: LlamaParts, shape: ForwardShape['linear']) {
  const { config, activations, target } = llama;
  const { state, lowRank, normalized, rounded } = activations;
  const { integers } = target;
  const integerShape = shape === target.decode.linear ? integers?.decode : integers?.prefill;
  const steps = (
    matrix: Matrix,
    x: GPUBuffer,
    y: GPUBuffer,
    options: Omit<LinearOptions, 'shape'>,
  ): Promise<Step>[] => {
    const { columns, parts } = matrix;
    if (!rounded || !integerShape || !parts.every(({ kind }) => fitsIntegers(kind, columns))) {
      return linearCalls(config, matrix, { state, x, y }, { ...options, shape }).map((call) =>
        linear.step(llama, ...call),
      );
    }
    const { input, norm } = options;
    const { codes, blocks } = rounded;
    const shapes = 'tokenLanes' in integerShape ? integerShape : [integerShape];
    return [
      quantize.step(llama, { input, norm: norm !== undefined }, { state, x, gain: norm, codes, blocks }, { columns }),
      ...linearCalls(config, matrix, { state, x: codes, y }, { ...options, shape: shapes }).map(
        ([variant, bindings, params]) =>
          linearInt8.step(llama, { ...variant, shape: integerShape }, { ...bindings, gain: blocks }, params),
      ),
    ];
  };
  // only decode, which has one token at a time
  const inOne = ({ a, b }: LoraProjection) => shape === target.decode.linear && fitsLowRank(a, b, target);
  const project = (
    matrix: Matrix,
    adapted: LoraProjection | undefined,
    x: GPUBuffer,
    y: GPUBuffer,
    { norm: given, gated, ...options }: ProjectionOptions,
  ): Promise<Step>[] => {
    const apart = given?.shift && { ...given, shift: given.shift, y: defined(normalized, 'the buffer of a LayerNorm') };
    const params = { columns: config.hiddenSize, epsilon: config.rmsNormEps };
    const before = apart ? [layernorm.step(llama, { picked: false }, { state, x, ...apart }, params)] : [];
    const [read, norm] = apart ? [apart.y, undefined] : [x, given?.gain];
    const rows = adapted?.rows;
    const scaled = rows ? { ...matrix, bias: rows, rowScales: true } : matrix;
    const base = [...before, ...steps(scaled, read, y, { ...options, norm })];
    if (!adapted || !lowRank) return base;
    const { input, output, lastOnly = false } = options;
    if (inOne(adapted)) {
      const [a, b] = [adapted.a, adapted.b].map(({ parts: [part] }) => defined(part, 'a part').codes);
      const sizes = { columns: adapted.a.columns, rank_quads: adapted.a.rows / 4 };
      const outputs = gated ? adapted.b.rows / 2 : adapted.b.rows;
      const { activation = 'silu' } = config;
      const step = lowRankProducts.step(
        llama,
        { input, output, norm: norm !== undefined, gated: gated !== undefined, ...(gated && { activation }) },
        { state, x: read, gain: norm ?? state, a, b, y: gated ?? y, ...(gated && { gate_up: y }) },
        { ...sizes, outputs, epsilon: config.rmsNormEps },
      );
      return [...base, step];
    }
    return [
      ...base,
      // A·x is of every token also where only the last one counts: B reads it in the last one's place
      ...steps(adapted.a, read, lowRank, { input, output: 'f32', norm }),
      ...steps(adapted.b, lowRank, y, { input: 'f32', output, residual: true, lastOnly }),
    ];
  };
  return Object.assign(project, { inOne });
}
