// What the passes share: work made of kernels, products with frozen matrices, and the LoRA beside each of them.
import type { Projection } from '../../core/adapter';
import type { ModelConfig } from '../../core/model-config';
import type { Buffers } from '../../gpu/buffers';
import type { Gpu } from '../../gpu/device';
import type { Kernels } from '../../gpu/kernel';
import type { Bindings, BindingTypes, Op, OpContext } from '../../gpu/op';
import type { Fields, FieldValues } from '../../gpu/struct';
import { doraBackward, doraNorms, doraScale } from '../../ops/lora/dora';
import {
  loraAGradient,
  loraBGradient,
  loraDown,
  loraDownBackward,
  loraParams,
  loraUp,
  loraUpBackward,
} from '../../ops/lora/lora';
import { linear, linearBackward } from '../../ops/matmul/linear';
import { type KernelTarget, tune } from '../../ops/tuning';
import { bindPart, type Matrix } from '../../ops/matmul/weights';
import { linearCalls } from '../linear';
import type { LoraSpec } from '../lora-types';
import type { Weights } from '../weights';
import type { Pool, TrainingBuffers } from './buffers';
import { type AdaptedGroup, type Layout, PROJECTION_NAMES, type Region } from './layout';
import type { Extent, Work } from './slices';

/** What a piece of work goes over. */
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

type DoraRegions = NonNullable<AdaptedGroup['dora']>;

/** What a product reads and writes. */
interface Product {
  readonly x: GPUBuffer;
  readonly y: GPUBuffer;
  /** y += instead of y =. */
  readonly residual?: boolean;
  readonly wanted?: boolean;
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

  /**
   * y (+)= W·x with its adapter: u = A·mask(x), y += scale · B·u; DoRA scales the rows of both together.
   * @param wanted false where nobody wants y
   */
  adapted(
    layer: number,
    name: Projection,
    matrix: Matrix,
    { x, y, residual = false, wanted = true }: Product,
  ): Promise<Work>[] {
    const group = this.parts.layout.layers[layer][name];
    if (!group?.dora) {
      const base = wanted ? this.product(matrix, x, y, this.tokens, residual) : [];
      return group ? [...base, ...this.#adapt(layer, group, name, x, wanted ? y : undefined)] : base;
    }
    const { bias, biasValues: _, ...unbiased } = matrix;
    const z = this.#kept(layer)[`z ${name}`];
    return [
      ...this.product(unbiased, x, z, this.tokens),
      ...this.#adapt(layer, group, name, x, z),
      ...(wanted ? [this.#scaled(group, group.dora, { z, y, bias, residual })] : []),
    ];
  }

  /** y (+)= m / norm ⊙ z + bias */
  #scaled(
    group: AdaptedGroup,
    dora: DoraRegions,
    { z, y, bias, residual }: { z: GPUBuffer; y: GPUBuffer; bias: GPUBuffer | undefined; residual: boolean },
  ): Promise<Work> {
    const variant = { residual, bias: bias !== undefined };
    return this.dispatch(doraScale, this.tokens, variant, { ...this.#dora(dora), z, y, bias }, this.#params(group));
  }

  /** u = A·mask(x), y += scale · B·u unless nobody wants y. */
  #adapt(
    layer: number,
    group: AdaptedGroup,
    name: Projection,
    x: GPUBuffer,
    y: GPUBuffer | undefined,
  ): Promise<Work>[] {
    const u = this.#kept(layer)[`u ${name}`];
    const params = this.#params(group);
    const { a, b } = this.#matrices(group, 'parameters');
    const variant = { dropout: this.dropout };
    const down = this.dispatch(loraDown, this.tokens, variant, { ...this.#masked, x, a, u }, params);
    return y ? [down, this.dispatch(loraUp, this.tokens, {}, { u, b, y }, params)] : [down];
  }

  /**
   * The gradient of a product without the scale of its rows, and the magnitudes' own. Without DoRA it is dy.
   * @param dy of the product as `adapted` gives it; it stays as it is
   */
  unscaled(
    layer: number,
    name: Projection,
    dy: GPUBuffer,
  ): { readonly dy: GPUBuffer; readonly works: Promise<Work>[] } {
    const group = this.parts.layout.layers[layer][name];
    if (!group?.dora) return { dy, works: [] };
    const z = this.#kept(layer)[`z ${name}`];
    const dm = bound(this.parts.b.poolsB, group.dora.magnitude, 'gradients');
    const bindings = { ...this.#dora(group.dora), dy, z, dm };
    return { dy: z, works: [this.dispatch(doraBackward, this.tokens, {}, bindings, this.#params(group))] };
  }

  /** One over the norm of each row of W + scale · B · A, for all adapted maps, after each update. */
  norms(): Promise<Work>[] {
    const { layout, weights, spec, b } = this.parts;
    const once: Over = { state: b.labels, rows: () => 1 };
    return layout.layers.flatMap((groups, layer) =>
      PROJECTION_NAMES.flatMap((name) => {
        const group = groups[name];
        if (!group?.dora) return [];
        const { inverse } = this.#dora(group.dora);
        const { a, b: own } = this.#matrices(group, 'parameters');
        let begin = 0;
        return group.maps.flatMap(({ first, rows }, index) => {
          const before = begin;
          begin += rows;
          return weights.layers[layer][name].parts.flatMap((part) => {
            const from = Math.max(first, part.rowStart);
            const count = Math.min(first + rows, part.rowStart + part.rows) - from;
            if (count <= 0) return [];
            const params = {
              rows: count,
              columns: group.inputs,
              rank: spec.rank,
              first: from - part.rowStart,
              first_b: before + from - first,
              first_a: index * spec.rank,
              scale: spec.scale,
            };
            const bindings = { a, b: own, inverse, ...bindPart(part) };
            return [this.dispatch(doraNorms, once, { kind: part.kind }, bindings, params)];
          });
        });
      }),
    );
  }

  #kept(layer: number) {
    const { b, layout } = this.parts;
    return b.kept[Math.max(0, layer - layout.lowest) % b.kept.length];
  }

  #dora({ magnitude, inverse: { pool, offset, length } }: DoraRegions) {
    const { poolsB, poolsInverse } = this.parts.b;
    return {
      magnitude: bound(poolsB, magnitude, 'parameters'),
      inverse: { buffer: poolsInverse[pool], offset: 4 * offset, size: 4 * length },
    };
  }

  /** Gradients of A and B from dy, the output's; and what goes to dx, unless nobody wants it. */
  adaptBackward(
    layer: number,
    name: Projection,
    { dy, x, u, dx }: { dy: GPUBuffer; x: GPUBuffer; u: GPUBuffer; dx: GPUBuffer | undefined },
  ): Promise<Work>[] {
    const group = this.parts.layout.layers[layer][name];
    if (!group) return [];
    const { tokens } = this;
    const { v } = this.parts.b.workspace;
    const params = this.#params(group);
    const variant = { dropout: this.dropout };
    const { a, b } = this.#matrices(group, 'parameters');
    const { a: da, b: db } = this.#matrices(group, 'gradients');
    const works = [
      this.dispatch(loraUpBackward, tokens, {}, { dy, b, v }, params),
      this.dispatch(loraBGradient, tokens, {}, { dy, u, db }, params),
      this.dispatch(loraAGradient, tokens, variant, { ...this.#masked, x, v, da }, params),
    ];
    if (dx) works.push(this.dispatch(loraDownBackward, tokens, variant, { ...this.#masked, v, a, dx }, params));
    return works;
  }

  /** What dropout masks are drawn from. */
  get #masked() {
    const { workspace, noise } = this.parts.b;
    return this.dropout ? { places: workspace.places, noise } : {};
  }

  #params({ maps, inputs, stride }: AdaptedGroup) {
    const { rank, scale, dropout } = this.parts.spec;
    return loraParams({ columns: inputs, rank, scale, stride, maps, keep: 1 - dropout });
  }

  #matrices(group: AdaptedGroup, what: 'parameters' | 'gradients') {
    const { poolsA, poolsB } = this.parts.b;
    return { a: bound(poolsA, group.a, what), b: bound(poolsB, group.b, what) };
  }
}

function bound(pools: readonly Pool[], { pool, offset, length }: Region, what: 'parameters' | 'gradients') {
  return { buffer: pools[pool][what], offset: 4 * offset, size: 4 * length };
}
