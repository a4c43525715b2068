// Norms of training, forward and backward: RMSNorm, or LayerNorm where a norm has a shift.
import { layernorm, layernormBackward } from '../../ops/norm/layernorm';
import { rmsnorm, rmsnormBackward } from '../../ops/norm/rmsnorm';
import type { Norm } from '../weights';
import type { Over, PassBuilder } from './pass-builder';
import type { Work } from './slices';

interface Forward {
  /** [T, D] */
  readonly x: GPUBuffer;
  /** [rows, D] */
  readonly y: GPUBuffer;
  /** Tokens of the rows; all in order when left out. */
  readonly picked?: GPUBuffer;
  /** y += instead of y =; RMSNorm alone. */
  readonly accumulate?: boolean;
}

interface Backward {
  /** [T, D] */
  readonly x: GPUBuffer;
  /** [rows, D] */
  readonly dy: GPUBuffer;
  /** [T, D] */
  readonly dx: GPUBuffer;
  readonly picked?: GPUBuffer;
  /** dx += unless it is false; LayerNorm always adds. */
  readonly accumulate?: boolean;
}

const paramsOf = ({ parts: { config } }: PassBuilder) => ({
  columns: config.hiddenSize,
  epsilon: config.rmsNormEps,
});

/** y = norm(x) */
export function normed(builder: PassBuilder, norm: Norm, io: Forward, over: Over = builder.tokens): Promise<Work> {
  const { accumulate = false, ...bound } = io;
  const picked = io.picked !== undefined;
  const { gain, shift } = norm;
  const params = paramsOf(builder);
  return shift
    ? builder.dispatch(layernorm, over, { picked }, { ...bound, gain, shift }, params)
    : builder.dispatch(rmsnorm, over, { picked, accumulate }, { ...bound, gain }, params);
}

/** dx += the gradient through norm(x) */
export function normBackward(
  builder: PassBuilder,
  norm: Norm,
  io: Backward,
  over: Over = builder.tokens,
): Promise<Work> {
  const { accumulate = true, ...bound } = io;
  const picked = io.picked !== undefined;
  const { gain, shift } = norm;
  const params = paramsOf(builder);
  return shift
    ? builder.dispatch(layernormBackward, over, { picked }, { ...bound, gain }, params)
    : builder.dispatch(rmsnormBackward, over, { picked, accumulate }, { ...bound, gain }, params);
}
