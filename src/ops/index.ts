// All ops, each a literal with its forward and backward pass in a folder of its own. This list is what shader checks, tests and
// the documentation go over: an op that is not in it does not exist.
import type { AnyOp } from '../gpu/op';
import { attention } from './attention/attention';
import { attentionMerge } from './attention/attention-merge';
import { packedAttention } from './attention/packed-attention';
import { packedAttentionBackwardKv, packedAttentionBackwardQ } from './attention/packed-attention-backward';
import { embed } from './embed/embed';
import { embedPositions } from './embed/embed-positions';
import { glu, gluBackward } from './glu/glu';
import { doraBackward, doraNorms, doraScale } from './lora/dora';
import { loraDown, loraUp, loraUpGlu } from './lora/lora';
import { loraInputBackward, loraOutputBackward } from './lora/lora-backward';
import { crossEntropy } from './loss/cross-entropy';
import { sumLosses } from './loss/sum-losses';
import { linear, linearBackward } from './matmul/linear';
import { lowRank } from './matmul/low-rank';
import { linearInt8 } from './matmul/linear-int8';
import { quantize } from './matmul/quantize';
import { layernorm, layernormBackward } from './norm/layernorm';
import { qkNorm, qkNormBackward } from './norm/qk-norm';
import { rmsnorm, rmsnormBackward } from './norm/rmsnorm';
import { adamw } from './optimizer/adamw';
import { gradientNorm, gradientScale } from './optimizer/gradient-norm';
import { fma, stream } from './peak/peak';
import { relu, reluBackward } from './relu/relu';
import { rope } from './rope/rope';
import { ropeInplace } from './rope/rope-inplace';
import { adjust } from './sample/adjust';
import { logprobs } from './sample/logprobs';
import { sample } from './sample/sample';
import { sampleChunks } from './sample/sample-chunks';
import { sortChunks } from './sample/sort-chunks';
import type { KernelTarget } from './tuning';

export const OPS: readonly AnyOp<KernelTarget>[] = [
  embed,
  embedPositions,
  linear,
  linearBackward,
  linearInt8,
  quantize,
  rmsnorm,
  rmsnormBackward,
  layernorm,
  layernormBackward,
  qkNorm,
  qkNormBackward,
  rope,
  ropeInplace,
  attention,
  attentionMerge,
  packedAttention,
  packedAttentionBackwardQ,
  packedAttentionBackwardKv,
  glu,
  gluBackward,
  relu,
  reluBackward,
  loraDown,
  loraUp,
  loraUpGlu,
  loraOutputBackward,
  loraInputBackward,
  doraNorms,
  doraScale,
  doraBackward,
  crossEntropy,
  sumLosses,
  gradientNorm,
  gradientScale,
  adamw,
  sample,
  sampleChunks,
  sortChunks,
  adjust,
  logprobs,
  lowRank,
  stream,
  fma,
];
