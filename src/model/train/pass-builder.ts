// What the passes share: work made of kernels, products with frozen matrices, and the LoRA beside each of them.
import type { ModelConfig } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import type { Bound, Grid, Kernel, Kernels, Step } from '../../gpu/kernel';
import type { Bindings, BindingTypes, Op, OpContext } from '../../gpu/op';
import type { Fields, FieldValues } from '../../gpu/struct';
import * as lora from '../../ops/lora/lora';
import { linear, linearBackward } from '../../ops/matmul/linear';
import { type KernelTarget, tune } from '../../ops/tuning';
import { bindPart, type Matrix } from '../../ops/matmul/weights';
import { linearCalls } from '../linear';
import type { LoraSpec } from '../lora-types';
import type { Weights } from '../weights';
import type { Pool, TrainingBuffers } from './buffers';
import type { AdaptedGroup, GroupName, Layout, Region } from './layout';
import type { Extent, Work } from './slices';

type Params = Readonly<Record<string, number | readonly number[]>>;

/** What a piece of work goes over. */
export interface Over {
  /** Says how many rows there are, to the kernel. */
  readonly state: GPUBuffer;
  /** The same, to the CPU. */
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
  readonly software: boolean;
  /** Dropout is on. */
  readonly dropout: boolean;
  readonly tokens: Over;
  readonly #labels = new Set<string>();

  constructor(parts: BuilderParts, dropout = parts.spec.dropout > 0) {
    const { kernels, buffers, gpu } = parts;
    this.parts = parts;
    this.context = { kernels, buffers, target: tune(gpu.features, gpu.software, 'exact') };
    this.software = parts.gpu.software;
    this.dropout = dropout;
    this.tokens = { state: parts.b.tokens, rows: ({ tokens }) => tokens };
  }

  /** The same without dropout. */
  plain(): PassBuilder {
    return new PassBuilder(this.parts, false);
  }

  /** Labels of the kernels that were used so far, sorted. */
  get labels(): string {
    return [...this.#labels].toSorted().join(', ');
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
    return this.work(step, over);
  }

  /** @param cost multiplications a row, about */
  async step(
    kernel: Kernel,
    over: Over,
    bound: Readonly<Record<string, Bound>>,
    params: Params | undefined,
    grid: (rows: number) => Grid,
    cost: number,
  ): Promise<Work> {
    const { kernels, buffers } = this.parts;
    // optimizer kernels go over whole pools, and have no state
    const state = /\bstate *:/.test(kernel.wgsl) ? { state: over.state } : {};
    const step = await kernels.step(kernel, buffers, { ...state, ...bound }, params, ({ count }) => grid(count));
    return this.work(step, over, (rows) => 2 * cost * rows);
  }

  /** A step as work. */
  work(step: Step, { rows }: Over, cost = (count: number) => step.cost(count).flops): Work {
    this.#labels.add(step.label);
    return { rows, cost, do: { step } };
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

  /** u = A·mask(x), y += scale · B·u unless nobody wants y; nothing for a product without trained maps. */
  adapt(layer: number, name: GroupName, x: GPUBuffer, u: GPUBuffer, y: GPUBuffer | undefined): Promise<Work>[] {
    const group = this.parts.layout.layers[layer][name];
    if (!group) return [];
    const { software, dropout } = this;
    const shape = this.#shape(group);
    const params = lora.loraParams(shape);
    const { b } = this.parts;
    const { a, b: up } = this.#matrices(group, 'parameters');
    const masked = dropout ? { places: b.workspace.places, noise: b.noise } : {};
    const downStep = this.step(
      lora.loraDownKernel({ software, dropout }),
      this.tokens,
      { ...masked, x, a, u },
      params,
      (rows) => lora.loraDownGrid({ software }, shape, rows),
      group.width * group.inputs,
    );
    if (!y) return [downStep];
    const upStep = this.step(
      lora.loraUpKernel({ software }),
      this.tokens,
      { u, b: up, y },
      params,
      (rows) => lora.loraUpGrid({ software }, shape, rows),
      group.rows * this.parts.spec.rank,
    );
    return [downStep, upStep];
  }

  /** Gradients of A and B from dy, the output's; and what goes to dx, unless nobody wants it. */
  adaptBackward(
    layer: number,
    name: GroupName,
    { dy, x, u, dx }: { dy: GPUBuffer; x: GPUBuffer; u: GPUBuffer; dx: GPUBuffer | undefined },
  ): Promise<Work>[] {
    const group = this.parts.layout.layers[layer][name];
    if (!group) return [];
    const { software, dropout } = this;
    const shape = this.#shape(group);
    const params = lora.loraParams(shape);
    const { b } = this.parts;
    const { v } = b.workspace;
    const parameters = this.#matrices(group, 'parameters');
    const gradients = this.#matrices(group, 'gradients');
    const masked = dropout ? { places: b.workspace.places, noise: b.noise } : {};
    const [up, down] = [group.rows * this.parts.spec.rank, group.width * group.inputs];
    // the grid of a gradient is over its own elements: the rows tell the cost alone
    return [
      this.step(
        lora.loraUpBackwardKernel({ software }),
        this.tokens,
        { dy, b: parameters.b, v },
        params,
        (rows) => lora.loraUpBackwardGrid({ software }, shape, rows),
        up,
      ),
      this.step(
        lora.loraBGradientKernel({ software }),
        this.tokens,
        { dy, u, db: gradients.b },
        params,
        () => lora.loraBGradientGrid({ software }, shape),
        up,
      ),
      this.step(
        lora.loraAGradientKernel({ software, dropout }),
        this.tokens,
        { ...masked, x, v, da: gradients.a },
        params,
        () => lora.loraAGradientGrid({ software }, shape),
        down,
      ),
      ...(dx
        ? [
            this.step(
              lora.loraDownBackwardKernel({ software, dropout }),
              this.tokens,
              { ...masked, v, a: parameters.a, dx },
              params,
              (rows: number) => lora.loraDownBackwardGrid({ software }, shape, rows),
              down,
            ),
          ]
        : []),
    ];
  }

  #shape({ maps, inputs, stride }: AdaptedGroup): lora.LoraShape {
    const { rank, scale, dropout } = this.parts.spec;
    return { columns: inputs, rank, scale, stride, maps, keep: 1 - dropout };
  }

  #matrices(group: AdaptedGroup, what: 'parameters' | 'gradients') {
    const { poolsA, poolsB } = this.parts.b;
    const bound = (pools: readonly Pool[], { pool, offset, length }: Region) => {
      return { buffer: pools[pool][what], offset: 4 * offset, size: 4 * length };
    };
    return { a: bound(poolsA, group.a), b: bound(poolsB, group.b) };
  }
}
