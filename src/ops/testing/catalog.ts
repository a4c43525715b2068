// Every kernel that the ops build, in every variant that a device of any kind gets: what the shader checks go over. It follows
// from the list of ops: a shader file that none of them uses fails the check.
import type { Features } from '../../gpu/device';
import type { Kernel } from '../../gpu/kernel';
import { OPS } from '../index';
import { crossEntropyKernel } from '../loss/cross-entropy';
import { sumLossesKernel } from '../loss/sum-losses';
import {
  loraAGradientKernel,
  loraBGradientKernel,
  loraDownBackwardKernel,
  loraDownKernel,
  loraUpBackwardKernel,
  loraUpKernel,
} from '../lora/lora';
import { adamwKernel } from '../optimizer/adamw';
import { gradientNormKernel } from '../optimizer/gradient-norm';
import { gradientScaleKernel } from '../optimizer/gradient-scale';
import { swigluKernel } from '../swiglu/swiglu';
import { swigluBackwardKernel } from '../swiglu/swiglu-backward';
import { tune } from '../tuning';

/** Kernels of ops that are not yet made by `op`. */
function others(): Kernel[] {
  const forms = [true, false].map((software) => ({ software }));
  return [
    ...forms.flatMap((form) => [
      ...[true, false].map((gradient) => crossEntropyKernel({ ...form, gradient })),
      sumLossesKernel(form),
      gradientNormKernel(form),
      gradientScaleKernel(form),
      ...[true, false].flatMap((dropout) =>
        [loraDownKernel, loraAGradientKernel, loraDownBackwardKernel].map((make) => make({ ...form, dropout })),
      ),
      ...[loraUpKernel, loraUpBackwardKernel, loraBGradientKernel].map((make) => make(form)),
    ]),
    swigluBackwardKernel(),
    adamwKernel(),
  ];
}

/** The catalogue of a device with these features, each kernel once. */
export function kernelsFor(features: Features): Kernel[] {
  const targets = [true, false].flatMap((software) =>
    (['exact', 'fast'] as const).map((precision) => tune(features, software, precision)),
  );
  const all = [
    ...targets.flatMap((target) => OPS.flatMap((op) => op.kernels(target))),
    ...targets.map(({ activation }) => swigluKernel(activation)),
    ...others(),
  ];
  return [...new Map(all.map((kernel) => [`${kernel.wgsl} ${JSON.stringify(kernel.overrides)}`, kernel])).values()];
}
