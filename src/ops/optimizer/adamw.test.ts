// Clipping and AdamW in float64: against PyTorch's (tools/golden/optimizer.py), and against steps done by hand.
import { describe, expect, test } from 'vitest';
import golden from '../golden/optimizer.json';
import { adamw, type Moments, type OptimizerStep, packOptimizerStep } from './adamw';
import { gradientNorm, gradientScale } from './gradient-norm';

type Case = (typeof golden)[number];
type Rule = typeof adamw.reference;

/** The largest difference over the largest number; B begins as zeros. */
function apart(actual: Float64Array, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((x, i) => Math.abs(actual[i] - x))) / (largest || 1);
}

/** Largest relative difference to PyTorch's over all steps, from the same beginning. */
function off({ start, steps, ...options }: Case, rule: Rule = adamw.reference): number {
  const state = start.map((parameters): Moments<ArrayLike<number>> => {
    const zeros = new Float64Array(parameters.length);
    return { parameters, first: zeros, second: zeros };
  });
  let worst = 0;
  steps.forEach((step, index) => {
    const { norm, factor } = gradientScale.reference(gradientNorm.reference(step.gradients.flat()), options.maxNorm);
    worst = Math.max(worst, Math.abs(norm / step.norm - 1));
    step.gradients.forEach((gradient, part) => {
      const after = rule(state[part], gradient, stepOf(options, step.learningRate, index + 1), {
        factor,
        ratioB: part === 1,
      });
      state[part] = after;
      const expected = [step.parameters, step.first, step.second].map((each) => each[part]);
      [after.parameters, after.first, after.second].forEach(
        (each, i) => (worst = Math.max(worst, apart(each, expected[i]))),
      );
    });
  });
  return worst;
}

const stepOf = (
  { ratio, weightDecay, betas, eps, maxNorm }: Omit<Case, 'start' | 'steps'>,
  learningRate: number,
  count: number,
): OptimizerStep => ({
  learningRate,
  ratio,
  weightDecay,
  beta1: betas[0],
  beta2: betas[1],
  epsilon: eps,
  maxGradNorm: maxNorm,
  count,
});

describe.each(golden.map((each) => [each.name, each] as const))('PyTorch, %s', (_, each) => {
  test('the same norms, parameters and moments', () => {
    expect(off(each)).toBeLessThan(1e-12);
  });

  test('what would be wrong shows', () => {
    const wrong: Record<string, Rule> = {
      'no bias correction': (state, g, step, how) => adamw.reference(state, g, { ...step, count: 1e9 }, how),
      "the decay in the gradient, Adam's way": ({ parameters, ...state }, g, { weightDecay, ...step }, how) =>
        adamw.reference(
          { parameters, ...state },
          Float64Array.from(g, (x, i) => x + weightDecay * parameters[i]),
          { ...step, weightDecay: 0 },
          how,
        ),
      'the decay after the step': (state, g, step, how) => {
        const after = adamw.reference(state, g, { ...step, weightDecay: 0 }, how);
        const rate = step.learningRate * (how?.ratioB ? step.ratio : 1);
        return { ...after, parameters: after.parameters.map((p) => p * (1 - rate * step.weightDecay)) };
      },
      'no clipping': (state, g, step, how) => adamw.reference(state, g, step, { ...how, factor: 1 }),
      'one rate for both': (state, g, step, how) => adamw.reference(state, g, step, { ...how, ratioB: false }),
    };
    for (const [name, rule] of Object.entries(wrong)) {
      const applies =
        (each.weightDecay > 0 || !name.includes('decay')) &&
        (each.maxNorm > 0 || name !== 'no clipping') &&
        (each.ratio !== 1 || name !== 'one rate for both');
      if (applies) expect(off(each, rule), name).toBeGreaterThan(1e-8);
    }
  });
});

test('two steps by hand', () => {
  const step = { learningRate: 0.1, ratio: 2, weightDecay: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 0, maxGradNorm: 0 };
  const start = { parameters: [1], first: [0], second: [0] };
  // m = 2, v = 4; corrected 4 and 16: a step of one rate after 5 % of decay
  const one = adamw.reference(start, [4], { ...step, count: 1 });
  expect([one.first[0], one.second[0]]).toEqual([2, 4]);
  expect(one.parameters[0]).toBeCloseTo(0.95 - 0.1, 15);
  // m = 1 − 1 = 0 exactly: nothing but decay, at B's rate
  const two = adamw.reference(one, [-4], { ...step, count: 2 }, { factor: 0.5, ratioB: true });
  expect([two.first[0], two.second[0]]).toEqual([0, 4]);
  expect(two.parameters[0]).toBeCloseTo(0.85 * 0.9, 15);
});

test('a gradient is clipped at its norm, not below; what is not finite has no factor', () => {
  expect(gradientScale.reference([9, 16], 1)).toEqual({ norm: 5, factor: 1 / 5.000001, finite: true });
  expect(gradientScale.reference([9, 16], 6).factor).toBe(1);
  expect(gradientScale.reference([9, 16], 0).factor).toBe(1);
  for (const bad of [NaN, Infinity, -Infinity]) {
    const partials = gradientNorm.reference([1, bad, 2]);
    expect(gradientScale.reference(partials, 1)).toEqual({ norm: Infinity, factor: 0, finite: false });
  }
});

test("the shader's settings are exact where f32 arithmetic would not be", () => {
  const step = { learningRate: 1e-3, ratio: 1, weightDecay: 0, epsilon: 1e-8, maxGradNorm: 1, count: 1 };
  const fields = new Float32Array(packOptimizerStep({ ...step, beta1: 0.9, beta2: 0.999 }));
  expect(fields).toHaveLength(11);
  // of 1 − β2, and of 1 − β2^t at t = 1
  for (const at of [6, 9]) expect(Math.abs(fields[at] / 1e-3 - 1)).toBeLessThan(6e-8);
  expect(Math.abs((1 - Math.fround(0.999)) / 1e-3 - 1)).toBeGreaterThan(1e-5);
});
