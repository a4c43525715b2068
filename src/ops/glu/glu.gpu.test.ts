// f(gate) · up against float64: SiLU, and GELU by its tanh.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import type { Activation } from '../../core/model-config';
import { ACTIVATIONS } from '../activation';
import { glu } from './glu';
import { random, relative, runOp, TARGETS } from '../testing/run';

const [WIDTH, TOKENS] = [172, 3];
const gateUp = random(2 * WIDTH * TOKENS).map((x) => 6 * x);

const reference = (f: (x: number) => number) =>
  Float64Array.from({ length: WIDTH * TOKENS }, (_, i) => {
    const at = Math.floor(i / WIDTH) * WIDTH + i;
    return f(gateUp[at]) * gateUp[at + WIDTH];
  });

const sigma = (x: number) => 1 / (1 + Math.exp(-x));
/** The functions as the papers spell them. */
const FUNCTIONS: Record<Activation, (x: number) => number> = {
  silu: (x) => x * sigma(x),
  gelu_tanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

async function compute(
  device: GPUDevice,
  activation: Activation,
  element: 'f32' | 'f16',
  given = gateUp,
): Promise<ArrayLike<number>> {
  const stored = (data: Float32Array<ArrayBuffer>) => (element === 'f16' ? f32ArrayToF16(data) : data);
  const { hidden } = await runOp(
    device,
    glu,
    { activation },
    { ...TARGETS.software, activation: element },
    {
      bind: { gate_up: stored(given), hidden: stored(new Float32Array(WIDTH * TOKENS)) },
      params: { half: WIDTH },
      count: TOKENS,
    },
    ['hidden'],
  );
  return element === 'f16' ? f16ArrayToF32(new Uint16Array(hidden)) : new Float32Array(hidden);
}

describe('glu', async () => {
  for (const { device, features, variant } of await testDevices()) {
    test.each(ACTIVATIONS)(`%s, ${variant}`, async (activation) => {
      const expected = reference(FUNCTIONS[activation]);
      const exact = await compute(device, activation, 'f32');
      expect(relative(exact, expected)).toBeLessThan(1e-6);
      expect(relative(glu.reference(gateUp, WIDTH, activation), expected)).toBeLessThan(1e-12);
      // the sign in the exponent, and the other function
      expect(
        relative(
          exact,
          reference((x) => FUNCTIONS[activation](-x)),
        ),
      ).toBeGreaterThan(0.1);
      const other = activation === 'silu' ? 'gelu_tanh' : 'silu';
      expect(relative(exact, reference(FUNCTIONS[other]))).toBeGreaterThan(1e-3);
      if (features.f16) expect(relative(await compute(device, activation, 'f16'), expected)).toBeLessThan(1e-3);
    });

    test.each(ACTIVATIONS)(`%s of gates whose exponential no f32 holds, ${variant}`, async (activation) => {
      const large = gateUp.map((x, i) => (i % (2 * WIDTH) < WIDTH ? 1e4 * x : x));
      const actual = await compute(device, activation, 'f32', large);
      expect(Array.from(actual).every(Number.isFinite)).toBe(true);
      expect(relative(actual, glu.reference(large, WIDTH, activation))).toBeLessThan(1e-6);
    });
  }
});
