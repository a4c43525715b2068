// All ops, each a literal with its forward and backward pass in a folder of its own. This list is what shader checks, tests and
// the documentation go over: an op that is not in it does not exist.
import type { AnyOp } from '../gpu/op';
import { rmsnorm, rmsnormBackward } from './norm/rmsnorm';
import type { KernelTarget } from './tuning';

export const OPS: readonly AnyOp<KernelTarget>[] = [rmsnorm, rmsnormBackward];
