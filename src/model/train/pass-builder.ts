// Common parts of the training passes: work made of kernels, and products with frozen matrices. Their LoRA is in
// adapted.ts.
import type { ModelConfig } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import type { Kernels } from '../../gpu/kernel';
import type { Bindings, BindingTypes, Op, OpContext } from '../../gpu/op';
import type { Fields, FieldValues } from '../../gpu/struct';
import { type LoraParams, loraParams } from '../../ops/lora/lora';
import { linear, linearBackward } from '../../ops/matmul/linear';
import { type KernelTarget, tune } from '../../ops/tuning';
import { bindPart, type Matrix } from '../../ops/matmul/weights';
import { linearCalls } from '../linear';
import type { LoraSpec } from '../lora-types';
import type { Weights } from '../weights';
import type { TrainingBuffers } from './buffers';
import type { AdaptedGroup, Layout } from './layout';
import type { Extent, Work } from './slices';

/** The rows that a piece of work goes over. */
export interface Over {
  /** Says how many rows there are, to the kernel. */
  readonly state: GPUBuffer;
  /** Rows as the CPU counts them. */
  readonly rows: (extent: Extent) => number;
}

export interface BuilderParts {
  readonly kernels: Kernels;
  readonly buffers: Buffers;
  readonly gpu: Gpu;
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly spec: LoraSpec;
  readonly layout: Layout;
  readonly b: TrainingBuffers;
}

/** Makes work for one run. */
export class PassBuilder {
  readonly parts: BuilderParts;
  readonly context: OpContext<KernelTarget>;
  /** Dropout is on. */
  readonly dropout: boolean;
  readonly tokens: Over;
  readonly #labels = new Set<string>();

  constructor(parts: BuilderParts, dropout = parts.spec.dropout > 0) {
    const { kernels, buffers, gpu } = parts;
    this.parts = parts;
    this.context = { kernels, buffers, target: tune(gpu.features, gpu.software, 'exact') };
    this.dropout = dropout;
    this.tokens = { state: parts.b.tokens, rows: ({ tokens }) => tokens };
  }

  /** A builder of the same passes without dropout. */
  plain(): PassBuilder {
    return new PassBuilder(this.parts, false);
  }

  /** Labels of the kernels that were used so far, sorted. */
  get labels(): string {
    return [...this.#labels].toSorted().join(', ');
  }

  /** The buffers of a layer's kept activations; layers below the lowest trained one share scratch buffers. */
  keptOf(layer: number): TrainingBuffers['kept'][number] {
    const { b, layout } = this.parts;
    return b.kept[Math.max(0, layer - layout.lowest) % b.kept.length];
  }

  /** The parameters of a group's kernels. */
  adapterParams({ maps, inputs, stride }: AdaptedGroup): LoraParams {
    const { spec, config } = this.parts;
    const { rank, scale, dropout } = spec;
    return loraParams({ columns: inputs, rank, scale, stride, maps, keep: 1 - dropout, epsilon: config.rmsNormEps });
  }

  /** An op over some rows; its `state` says to the kernel how many those are. */
  async dispatch<Variant, P extends Fields, B extends BindingTypes>(
    op: Op<Variant, KernelTarget, P, B, unknown>,
    over: Over,
    variant: Variant,
    bindings: Omit<Bindings<B>, 'state'>,
    params: FieldValues<P>,
  ): Promise<Work> {
    const bound = (op.bindings['state'] ? { ...bindings, state: over.state } : bindings) as unknown as Bindings<B>;
    const step = await op.step(this.context, variant, bound, params);
    this.#labels.add(step.label);
    return { rows: over.rows, cost: (rows) => step.cost(rows).flops, do: { step } };
  }

  copy(copy: GPUBuffer, to: GPUBuffer): Promise<Work> {
    const { hiddenSize } = this.parts.config;
    return Promise.resolve({
      rows: this.tokens.rows,
      cost: (rows) => 2 * hiddenSize * rows,
      do: { copy, to, stride: 4 * hiddenSize },
    });
  }

  clear(clear: GPUBuffer): Promise<Work> {
    return Promise.resolve({ rows: () => 1, cost: () => clear.size / 2, do: { clear } });
  }

  /** y (+)= W·x */
  product(matrix: Matrix, x: GPUBuffer, y: GPUBuffer, over: Over, residual = false): Promise<Work>[] {
    const { config } = this.parts;
    const shape = this.context.target.training.linear;
    const bound = { state: over.state, x, y };
    return linearCalls(config, matrix, bound, { shape, input: 'f32', output: 'f32', residual }).map((call) =>
      this.dispatch(linear, over, ...call),
    );
  }

  /** dx = dy·W: the gradient of the product's input. */
  transposed(matrix: Matrix, dy: GPUBuffer, dx: GPUBuffer, over: Over): Promise<Work>[] {
    return matrix.parts.map((part, i) =>
      this.dispatch(
        linearBackward,
        over,
        { kind: part.kind, accumulate: i > 0 },
        { x: dy, y: dx, ...bindPart(part) },
        { rows: part.rows, columns: matrix.columns, row_start: part.rowStart, x_stride: matrix.rows },
      ),
    );
  }
}
