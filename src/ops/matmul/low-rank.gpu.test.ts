// Both products of an adapter in one dispatch, against the reference in float64.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { altered, joined, nowhere, random, relative, run, TARGETS, workOf } from '../testing/run';
import { lowRank } from './low-rank';

const { device } = (await testDevices())[0];
const EPSILON = 1e-5;

for (const [rank, columns, outputs] of [
  [4, 12, 5],
  [24, 300, 261],
  [96, 132, 40],
] as const) {
  for (const [norm, gated] of [
    [false, false],
    [true, false],
    [true, true],
  ] as const) {
    test(`${rank} of ${columns} to ${outputs}${norm ? ', normalised' : ''}${gated ? ', gated' : ''}`, async () => {
      const rows = gated ? 2 * outputs : outputs;
      const [a, b, x, gain] = [rank * columns, rows * rank, columns, columns].map((n, i) => random(n, i + 1));
      const before = random(rows, 7);
      const variant = { input: 'f32', output: 'f32', norm, gated } as const;
      const { kernel, work } = workOf(lowRank, variant, TARGETS.hardware, {
        // only the last of three tokens counts
        bind: {
          x: joined(nowhere(2 * columns), x),
          gain,
          a,
          b,
          y: gated ? nowhere(outputs) : before,
          gate_up: before,
        },
        params: { columns, rank_quads: rank / 4, outputs, epsilon: EPSILON },
        count: 3,
      });
      const expected = lowRank.reference(a, b, before, x, { epsilon: EPSILON, gated, ...(norm && { gain }) });
      const distance = async (tried: typeof kernel) =>
        relative(new Float32Array((await run(device, tried, work, ['y'])).y), expected);
      expect(await distance(kernel)).toBeLessThan(1e-5);
      const wrong = altered(kernel, 'a[row + 2u * quads + q]', 'a[row + quads + q]');
      expect(await distance(wrong)).toBeGreaterThan(1e-2);
      if (norm) {
        const unscaled = altered(kernel, 'sum * select(1.0,', 'sum * select(1.0, 1.1 *');
        expect(await distance(unscaled)).toBeGreaterThan(1e-3);
      }
    });
  }
}
