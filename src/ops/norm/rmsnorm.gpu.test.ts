// RMSNorm and its gradient in both forms against float64, at odd shapes, of all tokens and of some.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Kernel } from '../../gpu/kernel';
import type { KernelTarget } from '../tuning';
import { rmsnorm, rmsnormBackward } from './rmsnorm';
import {
  altered,
  cheapPipelines,
  joined,
  nowhere,
  random,
  relative,
  run,
  sameBits,
  TARGETS,
  workOf,
} from '../testing/run';

interface Case {
  readonly columns: number;
  readonly tokens: number;
  readonly picked?: readonly number[];
}

const CASES: readonly Case[] = [
  { columns: 36, tokens: 1 },
  { columns: 64, tokens: 5 },
  { columns: 172, tokens: 67 },
  { columns: 4096, tokens: 3 },
  { columns: 36, tokens: 9, picked: [7, 0, 3] },
  { columns: 172, tokens: 21, picked: [20, 4, 5, 6, 2, 19, 0, 11, 12, 3] },
];
const EPSILON = 1;
/** What outputs hold before. */
const UNTOUCHED = -5;
/** Picked tokens that belong to another batch: it begins behind them. */
const POSITION = 2;

const [tested] = await testDevices();
const { device } = tested!;

/** Some channels are a hundred times the others, as a model's are. */
function given({ columns, tokens, picked }: Case) {
  const x = random(tokens * columns, 1).map((value, i) => (i % columns === 5 ? 100 * value : value));
  const rows = picked?.length ?? tokens;
  const [gain, dy, dx] = [random(columns, 2), random(rows * columns, 3), random(tokens * columns, 4)];
  return { x, gain, dy, dx, rows, shape: { columns, epsilon: EPSILON, ...(picked && { picked }) } };
}

/** Runs a kernel with not-a-numbers behind all inputs, and a row more in the output; checks that this one is untouched. */
async function compute(
  it: Case,
  target: KernelTarget,
  op: 'y' | 'dx',
  change = (kernel: Kernel) => kernel,
  accumulate = op === 'dx',
) {
  const { x, gain, dy, dx, rows } = given(it);
  const { columns, picked } = it;
  const variant = { picked: picked !== undefined, accumulate };
  const beyond = nowhere(columns);
  const guard = new Float32Array(columns).fill(UNTOUCHED);
  const begin = op === 'dx' ? dx : accumulate ? dy : new Float32Array(rows * columns);
  const { kernel, work } = workOf(op === 'y' ? rmsnorm : rmsnormBackward, variant, target, {
    bind: {
      x: joined(x, beyond),
      gain,
      dy: joined(dy, beyond),
      picked: Uint32Array.of(0, 0, ...(picked ?? []), 1),
      [op]: joined(begin, guard),
    },
    params: { columns, epsilon: EPSILON },
    dealt: rows + 9,
    position: POSITION,
    count: rows,
  });
  const result = await run(device, change(kernel), work, [op]);
  const all = new Float32Array(result[op]);
  expect(sameBits(all.subarray(begin.length), guard)).toBe(true);
  return all.subarray(0, begin.length);
}

describe.each(Object.entries(TARGETS))('%s form', (form, target) => {
  for (const it of CASES) {
    const { x, gain, dy, dx, shape } = given(it);
    test(`${it.tokens} tokens of ${it.columns}${it.picked ? `, ${it.picked.length} of them` : ''}`, async () => {
      const y = await compute(it, target, 'y');
      expect(relative(y, rmsnorm.reference(x, gain, shape))).toBeLessThan(1e-6);
      const gradient = await compute(it, target, 'dx');
      const expected = rmsnormBackward.reference(x, gain, dy, dx, shape);
      expect(relative(gradient, expected)).toBeLessThan(1e-6);
      // apart from what was there before
      const added = (all: ArrayLike<number>) => Float64Array.from(dx, (before, i) => all[i] - before);
      expect(relative(added(gradient), added(expected))).toBeLessThan(1e-5);
      // tokens that are not picked stay to the bit
      const others = new Set(it.picked ? Array.from({ length: it.tokens }, (_, t) => t) : []);
      for (const token of it.picked ?? []) others.delete(token);
      for (const token of others) {
        const row = [token * it.columns, (token + 1) * it.columns] as const;
        expect(sameBits(gradient.subarray(...row), dx.subarray(...row))).toBe(true);
      }
      expect(sameBits(await compute(it, target, 'y'), y)).toBe(true);
      expect(sameBits(await compute(it, target, 'dx'), gradient)).toBe(true);
    });
  }

  test('a norm that is added, and a gradient that takes the place of another', async () => {
    const it = CASES[2];
    const { x, gain, dy, dx, shape } = given(it);
    const normed = rmsnorm.reference(x, gain, shape);
    const same = (kernel: Kernel) => kernel;
    const sum = await compute(it, target, 'y', same, true);
    expect(
      relative(
        sum,
        normed.map((each, i) => each + dy[i]),
      ),
    ).toBeLessThan(1e-6);
    expect(relative(sum, normed)).toBeGreaterThan(0.05);
    const alone = await compute(it, target, 'dx', same, false);
    const gradient = rmsnormBackward.reference(x, gain, dy, new Float64Array(dx.length), shape);
    expect(relative(alone, gradient)).toBeLessThan(1e-5);
    expect(relative(alone, rmsnormBackward.reference(x, gain, dy, dx, shape))).toBeGreaterThan(0.05);
  });

  test('a row has the same bits whatever stands beside it', async () => {
    const it = CASES[5];
    const one = { ...it, picked: [20] };
    expect(await compute(one, target, 'y')).toEqual((await compute(it, target, 'y')).subarray(0, it.columns));
  });

  test.runIf(form === 'software' || cheapPipelines(tested!))(
    'what is wrong shows (skipped where pipelines take long)',
    async () => {
      const it = CASES[4];
      const { x, gain, dy, dx, shape } = given(it);
      const off = async (op: 'y' | 'dx', from: string, to: string) => {
        const expected =
          op === 'y' ? rmsnorm.reference(x, gain, shape) : rmsnormBackward.reference(x, gain, dy, dx, shape);
        return relative(await compute(it, target, op, (kernel) => altered(kernel, from, to)), expected);
      };
      expect(await off('y', ' + params.epsilon', '')).toBeGreaterThan(1e-4);
      expect(await off('y', 'return picked[state.position + row];', 'return row;')).toBeGreaterThan(0.05);
      expect(await off('dx', ' - n * mean', '')).toBeGreaterThan(1e-3);
      expect(await off('dx', '- n * mean', '+ n * mean')).toBeGreaterThan(1e-3);
      expect(await off('dx', '+= d;', '= d;')).toBeGreaterThan(0.1);
    },
  );
});
