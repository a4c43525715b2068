// AdamW on the GPU against float64 over several steps, and steps that must change nothing.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { Grid, Kernel } from '../../gpu/kernel';
import { adamw, type Moments, type OptimizerStep, packOptimizerStep } from './adamw';
import { altered, joined, nowhere, random, relative, run, sameBits, TARGETS, workOf } from '../testing/run';

const { device } = (await testDevices())[0];
const kernel = adamw.kernel({}, TARGETS.software);

const DEFAULTS = {
  learningRate: 3e-4,
  ratio: 1,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradNorm: 1,
  count: 1,
};
/** Rates so large that every part of a step shows. */
const COARSE = { ...DEFAULTS, learningRate: 0.1, ratio: 3, weightDecay: 0.5, beta2: 0.9 };

type State = Moments<Float32Array<ArrayBuffer>>;

/** A state as a LoRA's B begins it, all zeros, or as its A does. */
const startOf = (count: number, size: number): State => ({
  parameters: random(count, 1).map((x) => size * x),
  first: new Float32Array(count),
  second: new Float32Array(count),
});

interface How {
  readonly factor?: number;
  readonly finite?: number;
  readonly ratioB?: boolean;
  readonly kernel?: Kernel;
  readonly grid?: Grid;
}

async function update(state: State, gradient: Float32Array, step: OptimizerStep, how: How = {}): Promise<State> {
  const { factor = 1, finite = 1, ratioB = false } = how;
  const count = gradient.length;
  const guard = new Float32Array(70).fill(-5);
  const { work } = workOf(adamw, {}, TARGETS.software, {
    bind: {
      parameters: joined(state.parameters, guard),
      gradient: joined(gradient, nowhere(70)),
      first: joined(state.first, guard),
      second: joined(state.second, guard),
      optimizer: new Float32Array(packOptimizerStep(step)),
      report: Float32Array.of(7, 1, factor, finite),
    },
    params: { count, ratio_b: Number(ratioB) },
    count: 1,
  });
  const grid = how.grid ?? work.grid;
  const results = await run(device, how.kernel ?? kernel, { ...work, grid }, ['parameters', 'first', 'second']);
  const part = (bytes: ArrayBuffer) => {
    const all = new Float32Array(bytes);
    expect(sameBits(all.subarray(count), guard)).toBe(true);
    return all.slice(0, count);
  };
  return { parameters: part(results.parameters), first: part(results.first), second: part(results.second) };
}

/** How far `steps` steps lead apart from the reference, of which the parameters' way alone counts. */
async function off(
  options: OptimizerStep,
  count: number,
  { steps = 3, size = 0, ...how }: How & { steps?: number; size?: number },
) {
  const start = startOf(count, size);
  let actual = start;
  let expected: Moments<ArrayLike<number>> = start;
  for (let step = 1; step <= steps; step++) {
    const gradient = random(count, 10 + step).map((x) => x * 0.02);
    actual = await update(actual, gradient, { ...options, count: step }, how);
    expected = adamw.reference(expected, gradient, { ...options, count: step }, how);
  }
  const way = ({ parameters }: Moments<ArrayLike<number>>) =>
    Float64Array.from(start.parameters, (from, i) => parameters[i] - from);
  return Math.max(
    relative(way(actual), way(expected)),
    relative(actual.first, expected.first),
    relative(actual.second, expected.second),
  );
}

test.each([1, 37, 4096, 100_003])('%i elements', async (count) => {
  expect(await off(DEFAULTS, count, {})).toBeLessThan(1e-6);
  expect(await off(COARSE, count, { size: 1, factor: 0.3, ratioB: true })).toBeLessThan(2e-6);
});

test('a grid of two dimensions, as for more workgroups than one takes', async () => {
  const [start, gradient] = [startOf(1000, 1), random(1000, 2)];
  const right = await update(start, gradient, COARSE);
  const other = await update(start, gradient, COARSE, { grid: [9, 2] });
  for (const name of ['parameters', 'first', 'second'] as const) expect(sameBits(other[name], right[name])).toBe(true);
});

test('nothing changes where the gradient is not finite, whatever it holds', async () => {
  const start = { parameters: random(100, 1), first: random(100, 2), second: random(100, 3).map(Math.abs) };
  const gradient = random(100, 4);
  gradient.set([NaN, Infinity, -Infinity], 40);
  const after = await update(start, gradient, COARSE, { factor: 0, finite: 0 });
  for (const name of ['parameters', 'first', 'second'] as const) expect(sameBits(after[name], start[name])).toBe(true);
  const taken = await update(start, gradient, COARSE);
  expect(sameBits(taken.parameters, start.parameters)).toBe(false);
});

test('what is wrong shows', async () => {
  const wrong: Record<string, [string | RegExp, string]> = {
    'the first correction': ['m / optimizer.correction1', 'm'],
    'the second correction': ['v / optimizer.correction2', 'v'],
    'no decay': [' - parameters[i] * (rate * optimizer.decay)', ''],
    'the decay after the step': [
      /parameters\[i\] = decayed - (.*);/,
      'parameters[i] = (parameters[i] - $1) * (1.0 - rate * optimizer.decay);',
    ],
    'the step uphill': ['= decayed - rate', '= decayed + rate'],
    'no factor': [' * report[2]', ''],
    "A's rate for B": ['params.ratio_b == 1u', 'params.ratio_b == 2u'],
    'g for g²': ['optimizer.rest2 * g * g', 'optimizer.rest2 * abs(g)'],
  };
  for (const [name, [from, to]] of Object.entries(wrong)) {
    const how = { size: 1, factor: 0.3, ratioB: true, kernel: altered(kernel, from, to) };
    expect(await off(COARSE, 37, how), name).toBeGreaterThan(1e-2);
  }
  // 1 − β₂ in f32
  const rounded = { ...DEFAULTS, kernel: altered(kernel, 'optimizer.rest2', '(1.0 - optimizer.beta2)') };
  expect(await off(DEFAULTS, 37, rounded)).toBeGreaterThan(5e-6);
});
