// The gradient of silu(gate) · up against float64, at gates of every size.
import { describe, expect, test } from 'vitest';
import type { Grid } from '../../gpu/kernel';
import { testDevices } from '../../gpu/testing/device';
import { swigluBackward } from './swiglu';
import { altered, joined, nowhere, random, relative, run, sameBits, TARGETS, workOf } from '../testing/run';

const { device } = (await testDevices())[0];
const kernel = swigluBackward.kernel({}, TARGETS.software);
const gridOf = (half: number, rows: number) =>
  swigluBackward.grid({ variant: {}, target: TARGETS.software, params: { half }, rows });

function given(half: number, tokens: number, scale = 6) {
  return {
    gateUp: random(2 * half * tokens, 1).map((x) => scale * x),
    dHidden: random(half * tokens, 2),
    half,
    tokens,
  };
}

async function compute({ gateUp, dHidden, half, tokens }: ReturnType<typeof given>, of = kernel, grid?: Grid) {
  const guard = new Float32Array(2 * half).fill(-5);
  const { work } = workOf(swigluBackward, {}, TARGETS.software, {
    bind: { gate_up: joined(gateUp, guard), d_hidden: joined(dHidden, nowhere(half)) },
    params: { half },
    count: tokens,
  });
  const { gate_up } = await run(device, of, { ...work, grid: grid ?? work.grid }, ['gate_up']);
  const all = new Float32Array(gate_up);
  expect(sameBits(all.subarray(gateUp.length), guard)).toBe(true);
  return all.subarray(0, gateUp.length);
}

describe('swiglu-backward', () => {
  for (const [half, tokens] of [
    [36, 1],
    [64, 5],
    [172, 67],
    [4096, 2],
  ] as const) {
    test(`${tokens} tokens of ${half}`, async () => {
      const it = given(half, tokens);
      const actual = await compute(it);
      expect(relative(actual, swigluBackward.reference(it.gateUp, it.dHidden, half))).toBeLessThan(1e-6);
      expect(sameBits(await compute(it), actual)).toBe(true);
      // a grid of two dimensions, as for more workgroups than one takes
      const workgroups = gridOf(half, tokens)[0];
      expect(sameBits(await compute(it, kernel, [Math.ceil((workgroups + 1) / 2), 2]), actual)).toBe(true);
    });
  }

  test('gates whose exponential no f32 holds', async () => {
    const it = given(36, 3, 1e4);
    const actual = await compute(it);
    expect(actual.every(Number.isFinite)).toBe(true);
    expect(relative(actual, swigluBackward.reference(it.gateUp, it.dHidden, 36))).toBeLessThan(1e-6);
  });

  test('what is wrong shows', async () => {
    const it = given(172, 3);
    const expected = swigluBackward.reference(it.gateUp, it.dHidden, 172);
    for (const [from, to] of [
      ['1.0 + gate * one_minus_sigma', '1.0'],
      ['gate * one_minus_sigma', 'gate * sigma'],
      ['gate >= vec4f', 'gate <= vec4f'],
      ['gate_up[gate_index + quads] = d_hidden[i] * gate', 'gate_up[gate_index + quads] = d_hidden[i] * up'],
    ] as const) {
      expect(relative(await compute(it, altered(kernel, from, to)), expected), from).toBeGreaterThan(0.05);
    }
  });
});
