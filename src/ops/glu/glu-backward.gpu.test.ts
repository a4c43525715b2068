// The gradient of f(gate) · up against float64, at gates of every size.
import { describe, expect, test } from 'vitest';
import type { Activation } from '../../core/model-config';
import type { Grid } from '../../gpu/kernel';
import { testDevices } from '../../gpu/testing/device';
import { ACTIVATIONS } from '../activation';
import { gluBackward } from './glu';
import { altered, joined, nowhere, random, relative, run, sameBits, TARGETS, workOf } from '../testing/run';

const { device } = (await testDevices())[0];
const kernelOf = (activation: Activation) => gluBackward.kernel({ activation }, TARGETS.software);
const gridOf = (half: number, rows: number) =>
  gluBackward.grid({ variant: { activation: 'silu' }, target: TARGETS.software, params: { half }, rows });

function given(half: number, tokens: number, scale = 6) {
  return {
    gateUp: random(2 * half * tokens, 1).map((x) => scale * x),
    dHidden: random(half * tokens, 2),
    half,
    tokens,
  };
}

async function compute(
  { gateUp, dHidden, half, tokens }: ReturnType<typeof given>,
  activation: Activation,
  of = kernelOf(activation),
  grid?: Grid,
) {
  const guard = new Float32Array(2 * half).fill(-5);
  const { work } = workOf(gluBackward, { activation }, TARGETS.software, {
    bind: { gate_up: joined(gateUp, guard), d_hidden: joined(dHidden, nowhere(half)) },
    params: { half },
    count: tokens,
  });
  const { gate_up } = await run(device, of, { ...work, grid: grid ?? work.grid }, ['gate_up']);
  const all = new Float32Array(gate_up);
  expect(sameBits(all.subarray(gateUp.length), guard)).toBe(true);
  return all.subarray(0, gateUp.length);
}

describe.each(ACTIVATIONS)('glu-backward, %s', (activation) => {
  const kernel = kernelOf(activation);

  for (const [half, tokens] of [
    [36, 1],
    [64, 5],
    [172, 67],
    [4096, 2],
  ] as const) {
    test(`${tokens} tokens of ${half}`, async () => {
      const it = given(half, tokens);
      const actual = await compute(it, activation);
      expect(relative(actual, gluBackward.reference(it.gateUp, it.dHidden, half, activation))).toBeLessThan(1e-6);
      expect(sameBits(await compute(it, activation), actual)).toBe(true);
      // a grid of two dimensions, as for more workgroups than one takes
      const workgroups = gridOf(half, tokens)[0];
      const folded: Grid = [Math.ceil((workgroups + 1) / 2), 2];
      expect(sameBits(await compute(it, activation, kernel, folded), actual)).toBe(true);
    });
  }

  test('gates whose exponential no f32 holds', async () => {
    const it = given(36, 3, 1e4);
    const actual = await compute(it, activation);
    expect(actual.every(Number.isFinite)).toBe(true);
    expect(relative(actual, gluBackward.reference(it.gateUp, it.dHidden, 36, activation))).toBeLessThan(1e-6);
  });

  test('what is wrong shows', async () => {
    const it = given(172, 3);
    const expected = gluBackward.reference(it.gateUp, it.dHidden, 172, activation);
    const inSlope = activation === 'silu' ? 'x * one_minus_sigma' : 'c * slope * one_minus_sigma';
    for (const [from, to] of [
      [`1.0 + ${inSlope}`, '1.0'],
      [inSlope, inSlope.replace('one_minus_sigma', 'sigma')],
      ['x >= vec4f', 'x <= vec4f'],
      ['d_hidden[i] * activated.value', 'd_hidden[i] * up'],
    ] as const) {
      expect(relative(await compute(it, activation, altered(kernel, from, to)), expected), from).toBeGreaterThan(0.05);
    }
  });
});
