// The optimizer's step, without waiting for the CPU: global norm, clipping factor, AdamW (Loshchilov and Hutter 2017,
// arXiv:1711.05101) over pools of parameters.
import { adamw } from '../../ops/optimizer/adamw';
import { gradientNorm, gradientPartials, gradientScale } from '../../ops/optimizer/gradient-norm';
import type { Over, PassBuilder } from './pass-builder';
import type { Work } from './slices';

export async function buildUpdate(builder: PassBuilder): Promise<Work[]> {
  const { b, buffers } = builder.parts;
  const pools = [...b.poolsA.map((pool) => ({ pool, ratio: 0 })), ...b.poolsB.map((pool) => ({ pool, ratio: 1 }))];
  const counts = pools.map(({ pool }) => gradientPartials(pool.length));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const partials = buffers.storage('training', 4 * total, 'partial norms');
  const once: Over = { state: b.labels, rows: () => 1 };
  let first = 0;
  const norms = pools.map(({ pool }, i) => {
    const here = first;
    first += counts[i];
    const bound = { gradient: pool.gradients, partials };
    return builder.dispatch(gradientNorm, once, {}, bound, { count: pool.length, first: here });
  });
  const { optimizer, report } = b;
  return Promise.all([
    ...norms,
    builder.dispatch(gradientScale, once, {}, { partials, optimizer, report }, { count: total }),
    ...pools.map(({ pool: { length, parameters, gradients: gradient, first: m, second: v }, ratio }) =>
      builder.dispatch(
        adamw,
        once,
        {},
        { parameters, gradient, first: m, second: v, optimizer, report },
        { count: length, ratio_b: ratio },
      ),
    ),
  ]);
}
