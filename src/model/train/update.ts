// The optimizer's step, without waiting for the CPU: global norm, clipping factor, AdamW (Loshchilov and Hutter 2017,
// arXiv:1711.05101) over pools of parameters.
import { adamwGrid, adamwKernel } from '../../ops/optimizer/adamw';
import { gradientNormGrid, gradientNormKernel, gradientPartials } from '../../ops/optimizer/gradient-norm';
import { gradientScaleGrid, gradientScaleKernel } from '../../ops/optimizer/gradient-scale';
import type { Over, PassBuilder } from './pass-builder';
import type { Work } from './slices';

export async function buildUpdate(builder: PassBuilder): Promise<Work[]> {
  const { b, buffers } = builder.parts;
  const { software } = builder;
  const pools = [...b.poolsA.map((pool) => ({ pool, ratio: 0 })), ...b.poolsB.map((pool) => ({ pool, ratio: 1 }))];
  const counts = pools.map(({ pool }) => gradientPartials(pool.length));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const partials = buffers.storage('training', 4 * total, 'partial norms');
  const once: Over = { state: b.labels, rows: () => 1 };
  let first = 0;
  const norms = pools.map(({ pool }, i) => {
    const here = first;
    first += counts[i];
    return builder.step(
      gradientNormKernel({ software }),
      once,
      { gradient: pool.gradients, partials },
      { count: pool.length, first: here },
      () => gradientNormGrid({ software }, pool.length),
      pool.length,
    );
  });
  return Promise.all([
    ...norms,
    builder.step(
      gradientScaleKernel({ software }),
      once,
      { partials, optimizer: b.optimizer, report: b.report },
      { count: total },
      () => gradientScaleGrid(),
      total,
    ),
    ...pools.map(({ pool, ratio }) =>
      builder.step(
        adamwKernel(),
        once,
        {
          parameters: pool.parameters,
          gradient: pool.gradients,
          first: pool.first,
          second: pool.second,
          optimizer: b.optimizer,
          report: b.report,
        },
        { count: pool.length, ratio_b: ratio },
        () => adamwGrid(pool.length),
        10 * pool.length,
      ),
    ),
  ]);
}
