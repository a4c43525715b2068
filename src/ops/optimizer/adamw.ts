// AdamW (Loshchilov and Hutter 2019) in PyTorch's order, on the GPU and in float64.
import { op } from '../../gpu/op';
import { Struct } from '../../gpu/struct';
import adamwSource from '../../../shaders/optimizer/adamw.wgsl?raw';
import optimizerStep from '../../../shaders/optimizer/optimizer-step.wgsl?raw';
import { folded } from '../rows';

const WORKGROUP_SIZE = 64;

/** An update's settings. */
export interface OptimizerStep {
  readonly learningRate: number;
  /** B's learning rate over A's. */
  readonly ratio: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 0: no clipping */
  readonly maxGradNorm: number;
  /** Updates so far, this one included: of the bias correction. */
  readonly count: number;
}

/** The shaders' struct of an update's settings (shaders/optimizer/optimizer-step.wgsl). */
export const OPTIMIZER_STEP = new Struct({
  learning_rate: 'f32',
  ratio: 'f32',
  decay: 'f32',
  beta1: 'f32',
  beta2: 'f32',
  rest1: 'f32',
  rest2: 'f32',
  epsilon: 'f32',
  correction1: 'f32',
  correction2: 'f32',
  max_norm: 'f32',
});

/** An update's settings as bytes; their differences to 1 are taken in float64. */
export function packOptimizerStep(step: OptimizerStep): ArrayBuffer {
  const { learningRate, ratio, weightDecay, beta1, beta2, epsilon, maxGradNorm, count } = step;
  return OPTIMIZER_STEP.pack({
    learning_rate: learningRate,
    ratio,
    decay: weightDecay,
    beta1,
    beta2,
    rest1: 1 - beta1,
    rest2: 1 - beta2,
    epsilon,
    correction1: 1 - beta1 ** count,
    correction2: 1 - beta2 ** count,
    max_norm: maxGradNorm,
  });
}

/** Moves `count` parameters and their moments by one step; with `ratio_b` 1 the learning rate is B's. */
export const adamw = op({
  name: 'adamw',
  variants: () => [{}],
  source: () => ({ definitions: { WORKGROUP_SIZE }, snippets: { optimizerStep, adamw: adamwSource } }),
  params: { count: 'u32', ratio_b: 'u32' },
  bindings: {
    parameters: 'read_write',
    gradient: 'read',
    first: 'read_write',
    second: 'read_write',
    optimizer: 'read',
    report: 'read',
  },
  // one thread an element
  grid: ({ params: { count } }) => folded(Math.ceil(count / WORKGROUP_SIZE)),
  cost: ({ params: { count } }) => ({ flops: 20 * count, bytes: 28 * count }),
  reference: stepReference,
});

/** Parameters and their moments, [n] each. */
export interface Moments<Numbers = Float64Array> {
  readonly parameters: Numbers;
  readonly first: Numbers;
  readonly second: Numbers;
}

/**
 * A step in float64.
 * @param gradient [n] @param factor of the clipping @param ratioB whether the learning rate is B's
 * @returns what becomes of them
 */
function stepReference(
  { parameters, first, second }: Moments<ArrayLike<number>>,
  gradient: ArrayLike<number>,
  { learningRate, ratio, weightDecay, beta1, beta2, epsilon, count }: OptimizerStep,
  { factor = 1, ratioB = false }: { factor?: number; ratioB?: boolean } = {},
): Moments {
  const rate = learningRate * (ratioB ? ratio : 1);
  const [correction1, correction2] = [1 - beta1 ** count, 1 - beta2 ** count];
  const scaled = Float64Array.from(gradient, (g) => g * factor);
  const m = scaled.map((g, i) => beta1 * first[i] + (1 - beta1) * g);
  const v = scaled.map((g, i) => beta2 * second[i] + (1 - beta2) * g * g);
  const moved = m.map((each, i) => {
    const step = each / correction1 / (Math.sqrt(v[i] / correction2) + epsilon);
    return parameters[i] * (1 - rate * weightDecay) - rate * step;
  });
  return { parameters: moved, first: m, second: v };
}
