// AdamW (Loshchilov and Hutter 2019) in PyTorch's order, on the GPU and in float64.
import { compose } from '../../gpu/wgsl';
import type { Grid, Kernel } from '../../gpu/kernel';
import optimizerStep from '../../../shaders/optimizer/optimizer-step.wgsl?raw';
import adamw from '../../../shaders/optimizer/adamw.wgsl?raw';
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

/** Contents of the shaders' `Optimizer`, its differences to 1 taken in float64. */
export function optimizerParams(step: OptimizerStep): Float32Array<ArrayBuffer> {
  const { learningRate, ratio, weightDecay, beta1, beta2, epsilon, maxGradNorm, count } = step;
  const rests = [1 - beta1, 1 - beta2];
  const corrections = [1 - beta1 ** count, 1 - beta2 ** count];
  const fields = [learningRate, ratio, weightDecay, beta1, beta2, ...rests, epsilon, ...corrections, maxGradNorm];
  return Float32Array.from(fields);
}

/** One thread an element, on every device. */
export function adamwKernel(): Kernel {
  return { label: 'adamw', wgsl: compose({ WORKGROUP_SIZE }, { optimizerStep, adamw }) };
}

/** @param count elements of the parameters */
export function adamwGrid(count: number): Grid {
  return folded(Math.ceil(count / WORKGROUP_SIZE));
}

/** Parameters and their moments, [n] each. */
export interface Moments<Numbers = Float64Array> {
  readonly parameters: Numbers;
  readonly first: Numbers;
  readonly second: Numbers;
}

/**
 * The reference in float64.
 * @param gradient [n] @param factor of the clipping @param ratioB whether the learning rate is B's
 * @returns what becomes of them
 */
export function adamwReference(
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
