// Every kernel that the ops build, in every variant that a device of any kind gets: what the shader checks go over.
// A new op adds its kernels here; a shader file that none of them uses fails the check.
import type { Features } from '../../gpu/device';
import type { Kernel } from '../../gpu/kernel';
import { adamwKernel } from '../optimizer/adamw';
import { attentionKernel } from '../attention/flash';
import {
  attentionBackwardKvKernel,
  attentionBackwardQKernel,
  attentionDeltaKernel,
} from '../attention/attention-backward';
import { attentionPackedKernel } from '../attention/attention-packed';
import { crossEntropyKernel } from '../loss/cross-entropy';
import { OPS } from '../index';
import { embedKernel } from '../embed/embed';
import { gemmKernel } from '../matmul/gemm';
import { gemmTransposedKernel } from '../matmul/gemm-transposed';
import { gradientNormKernel } from '../optimizer/gradient-norm';
import { gradientScaleKernel } from '../optimizer/gradient-scale';
import {
  loraAGradientKernel,
  loraBGradientKernel,
  loraDownBackwardKernel,
  loraDownKernel,
  loraUpBackwardKernel,
  loraUpKernel,
} from '../lora/lora';
import { matvecKernel, type ProjectionVariant } from '../matmul/matvec';
import { matvecTransposedKernel } from '../matmul/matvec-transposed';
import { fmaKernel, streamKernel } from '../peak/peak';
import { ropeKernel } from '../rope/rope';
import { ropeInplaceKernel } from '../rope/rope-inplace';
import { sampleKernel } from '../sample/sample';
import { sumLossesKernel } from '../loss/sum-losses';
import { swigluKernel } from '../swiglu/swiglu';
import { swigluBackwardKernel } from '../swiglu/swiglu-backward';
import { type KernelTarget, tune } from '../tuning';
import { KINDS } from './weights';

/** 20 and 100 leave threads of a group idle. */
const HEAD_WIDTHS = [20, 64, 100, 128];

/** The projections of a model: what is folded into each, and between which element types. */
const projections = (activation: KernelTarget['activation']): Omit<ProjectionVariant, 'kind'>[] => [
  { input: 'f32', output: activation, norm: true } as const,
  { input: activation, output: 'f32', residual: true } as const,
  { input: 'f32', output: activation, norm: true, swiglu: true } as const,
  { input: 'f32', output: 'f32', norm: true } as const,
  { input: 'f32', output: activation, norm: true, bias: true } as const,
  { input: activation, output: 'f32', residual: true, bias: true } as const,
  { input: 'f32', output: activation, norm: true, swiglu: true, bias: true } as const,
];

/** The products with an adapter's matrices, which are f32. */
const adapterProjections = (activation: KernelTarget['activation']): ProjectionVariant[] =>
  [
    { input: activation, output: 'f32' } as const,
    { input: 'f32', output: 'f32', norm: true } as const,
    { input: 'f32', output: activation, residual: true } as const,
    { input: 'f32', output: 'f32', residual: true } as const,
  ].map((each) => ({ ...each, kind: 'f32' }));

/** Kernels of a model on this target. */
function kernelsOf(target: KernelTarget): Kernel[] {
  const { activation, prefill, decode, samplerThreads } = target;
  const shapes = [prefill, decode];
  return [
    ...KINDS.map(embedKernel),
    ...shapes.flatMap(({ linear: shape }) =>
      [
        ...KINDS.flatMap((kind) => projections(activation).map((each) => ({ ...each, kind }))),
        ...adapterProjections(activation),
      ].map((each) => (shape === 'tiles' ? gemmKernel(each) : matvecKernel({ ...each, shape }))),
    ),
    ropeKernel(target),
    ...shapes.flatMap(({ attention }) => HEAD_WIDTHS.map((width) => attentionKernel(target, attention, width))),
    swigluKernel(activation),
    sampleKernel(samplerThreads),
  ];
}

/** Attention and RoPE in training. */
const packedAttention = (): Kernel[] => [
  ropeInplaceKernel(),
  attentionDeltaKernel(),
  ...[true, false].flatMap((software) =>
    HEAD_WIDTHS.flatMap((headDim) =>
      [attentionPackedKernel, attentionBackwardQKernel, attentionBackwardKvKernel].map((kernel) =>
        kernel({ software, headDim }),
      ),
    ),
  ),
];

/** Loss and optimizer of training. */
function lossOptimizer(): Kernel[] {
  const forms = [true, false].map((software) => ({ software }));
  return [
    ...forms.flatMap((form) => [
      ...[true, false].map((gradient) => crossEntropyKernel({ ...form, gradient })),
      sumLossesKernel(form),
      gradientNormKernel(form),
      gradientScaleKernel(form),
    ]),
    swigluBackwardKernel(),
    adamwKernel(),
  ];
}

/** Kernels of linear maps in training. */
const trainedMaps = (software: boolean): Kernel[] => [
  ...[true, false].flatMap((accumulate) =>
    KINDS.map((kind) => (software ? matvecTransposedKernel : gemmTransposedKernel)({ kind, accumulate })),
  ),
  ...[true, false].flatMap((dropout) =>
    [loraDownKernel, loraAGradientKernel, loraDownBackwardKernel].map((make) => make({ software, dropout })),
  ),
  ...[loraUpKernel, loraUpBackwardKernel, loraBGradientKernel].map((make) => make({ software })),
];

/** The catalogue of a device with these features, each kernel once. */
export function kernelsFor(features: Features): Kernel[] {
  const targets = [true, false].flatMap((software) =>
    (['exact', 'fast'] as const).map((precision) => tune(features, software, precision)),
  );
  const all = [
    ...targets.flatMap((target) => OPS.flatMap((op) => op.kernels(target))),
    ...targets.flatMap(kernelsOf),
    ...[true, false].flatMap(trainedMaps),
    ...packedAttention(),
    ...lossOptimizer(),
    streamKernel(),
    fmaKernel(),
  ];
  return [...new Map(all.map((kernel) => [`${kernel.wgsl} ${JSON.stringify(kernel.overrides)}`, kernel])).values()];
}
