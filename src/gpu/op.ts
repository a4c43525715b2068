// An op is one literal: the kernel's source, its parameters and bindings with their types, its grid, its cost, and what it
// computes in float64. All else follows from that: kernels are composed and checked against it, uniforms are packed by it,
// and a call that leaves out or misspells a binding or a parameter is a type error.
//
//     export const scale = op({
//       name: 'scale',
//       variants: () => [{ half: true }, { half: false }],
//       source: ({ half }: ScaleVariant, target: KernelTarget) => ({ definitions: { … }, snippets: { state, scale: source } }),
//       params: { columns: 'u32', factor: 'f32' },
//       bindings: { state: 'read', x: 'read', y: 'read_write' },
//       grid: ({ params: { columns }, rows }) => [Math.ceil((rows * columns) / 64)],
//       cost: ({ params: { columns }, rows }) => ({ flops: rows * columns, bytes: 8 * rows * columns }),
//       reference: (x: ArrayLike<number>, factor: number) => Float64Array.from(x, (each) => each * factor),
//     });
//     const step = await scale.step(context, { half: false }, { state, x, y }, { columns: 64, factor: 0.5 });
//
// A variant is plain data: what the caller chooses. A target is what the device chooses (src/ops/tuning.ts).
import type { Buffers } from './buffers';
import { type Access, checkBindings, checkStruct, readBindings } from './declarations';
import type { Bound, Cost, Grid, Kernel, Kernels, Step } from './kernel';
import { type Fields, type FieldValues, Struct } from './struct';
import { compose, type Definitions, type Snippets } from './wgsl';

/** How the kernel uses each buffer, by its variable's name; with a question mark, some variants do not have it. */
export type BindingTypes = Readonly<Record<string, Exclude<Access, 'uniform'> | `${Exclude<Access, 'uniform'>}?`>>;

type Optional<B extends BindingTypes> = { [Name in keyof B]: B[Name] extends `${string}?` ? Name : never }[keyof B];

/** What is bound. */
export type Bindings<B extends BindingTypes> = { readonly [Name in Exclude<keyof B, Optional<B>>]: Bound } & {
  readonly [Name in Optional<B>]?: Bound | undefined;
};

/** What a variant's kernel is composed of. */
interface KernelSource {
  /** Tells kernels that round differently apart: a checkpoint of a training run names them. The op's name when left out. */
  readonly label?: string;
  readonly definitions: Definitions;
  readonly snippets: Snippets;
  /** Values of `override` constants. */
  readonly overrides?: Readonly<Record<string, number>>;
}

/** What a grid may depend on. */
interface GridOf<Variant, Target, P extends Fields> {
  readonly variant: Variant;
  readonly target: Target;
  readonly params: FieldValues<P>;
  /** Tokens of the batch, or whatever else the kernel's rows are. */
  readonly rows: number;
}

/** What a cost may depend on. */
interface CostOf<Variant, Target, P extends Fields> extends GridOf<Variant, Target, P> {
  /** Position of the batch's first token. */
  readonly position: number;
}

export interface OpLiteral<Variant, Target, P extends Fields, B extends BindingTypes, Reference> {
  readonly name: string;
  /** All that a device of this target can be asked for: what shader checks and tests go over. */
  readonly variants: (target: Target) => readonly Variant[];
  readonly source: (variant: Variant, target: Target) => KernelSource;
  /** Fields of the shader's uniform `Params`, in its order; none where it has no such uniform. */
  readonly params: P;
  readonly bindings: B;
  /** Workgroups. */
  readonly grid: (dispatch: GridOf<Variant, Target, P>) => Grid;
  /** The least that any device must do. */
  readonly cost: (dispatch: CostOf<Variant, Target, P>) => Cost;
  /** What the kernel computes, in float64. */
  readonly reference: Reference;
}

/** Where steps are made. */
export interface OpContext<Target> {
  readonly kernels: Kernels;
  /** Own the uniforms. */
  readonly buffers: Buffers;
  readonly target: Target;
}

/** An op of any types, for lists. */
export interface AnyOp<Target> {
  readonly name: string;
  /** The kernels of all variants. */
  readonly kernels: (target: Target) => Kernel[];
}

export interface Op<Variant, Target, P extends Fields, B extends BindingTypes, Reference>
  extends OpLiteral<Variant, Target, P, B, Reference>,
    AnyOp<Target> {
  /** The kernel of a variant, composed once. @throws when WGSL and the literal disagree */
  readonly kernel: (variant: Variant, target: Target) => Kernel;
  /** Bytes of `Params`. */
  readonly pack: (params: FieldValues<P>) => ArrayBuffer;
  /**
   * One dispatch, prebuilt.
   * @param params values, or a uniform buffer that the caller fills with what `pack` gives
   */
  readonly step: (
    context: OpContext<Target>,
    variant: Variant,
    bindings: Bindings<B>,
    params: FieldValues<P>,
    uniforms?: GPUBuffer,
  ) => Promise<Step>;
}

/** Makes an op of its literal. */
export function op<Variant, Target extends object, const P extends Fields, const B extends BindingTypes, Reference>(
  literal: OpLiteral<Variant, Target, P, B, Reference>,
): Op<Variant, Target, P, B, Reference> {
  const { name, bindings, grid, cost } = literal;
  const hasParams = Object.keys(literal.params).length > 0;
  const params = new Struct(literal.params);
  const wanted = hasParams ? { ...bindings, params: 'uniform' as const } : bindings;
  const composed = new WeakMap<Target, Map<string, Kernel>>();

  const make = (variant: Variant, target: Target): Kernel => {
    const { label = name, definitions, snippets, overrides = {} } = literal.source(variant, target);
    const wgsl = compose(definitions, snippets);
    try {
      const found = readBindings(wgsl);
      checkBindings(found, wanted);
      if (hasParams) checkStruct(wgsl, 'Params', literal.params);
      return { label, wgsl, overrides, bindings: found };
    } catch (error) {
      throw new Error(`${label}: ${(error as Error).message}`, { cause: error });
    }
  };

  const kernel = (variant: Variant, target: Target): Kernel => {
    const known = composed.get(target) ?? new Map<string, Kernel>();
    composed.set(target, known);
    const key = JSON.stringify(variant);
    const made = known.get(key) ?? make(variant, target);
    known.set(key, made);
    return made;
  };

  return {
    ...literal,
    kernel,
    kernels: (target) => literal.variants(target).map((variant) => kernel(variant, target)),
    pack: (values) => params.pack(values),
    step({ kernels, buffers, target }, variant, bound, values, uniforms) {
      const bytes = uniforms ?? (hasParams ? params.pack(values) : undefined);
      return kernels.prepare(kernel(variant, target), buffers, bound, bytes, {
        grid: (rows) => grid({ variant, target, params: values, rows }),
        cost: (rows, position = 0) => cost({ variant, target, params: values, rows, position }),
      });
    },
  };
}
