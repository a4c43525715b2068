// silu(gate) · up against float64.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import { swiglu } from './swiglu';
import { random, relative, runOp, TARGETS } from '../testing/run';

const [WIDTH, TOKENS] = [172, 3];
const gateUp = random(2 * WIDTH * TOKENS).map((x) => 6 * x);

const reference = (silu: (x: number) => number) =>
  Float64Array.from({ length: WIDTH * TOKENS }, (_, i) => {
    const at = Math.floor(i / WIDTH) * WIDTH + i;
    return silu(gateUp[at]) * gateUp[at + WIDTH];
  });

async function compute(device: GPUDevice, element: 'f32' | 'f16'): Promise<ArrayLike<number>> {
  const stored = (data: Float32Array<ArrayBuffer>) => (element === 'f16' ? f32ArrayToF16(data) : data);
  const { hidden } = await runOp(
    device,
    swiglu,
    {},
    { ...TARGETS.software, activation: element },
    {
      bind: { gate_up: stored(gateUp), hidden: stored(new Float32Array(WIDTH * TOKENS)) },
      params: { half: WIDTH },
      count: TOKENS,
    },
    ['hidden'],
  );
  return element === 'f16' ? f16ArrayToF32(new Uint16Array(hidden)) : new Float32Array(hidden);
}

describe('swiglu', async () => {
  const silu = reference((x) => x / (1 + Math.exp(-x)));
  for (const { device, features, variant } of await testDevices()) {
    test(variant, async () => {
      const exact = await compute(device, 'f32');
      expect(relative(exact, silu)).toBeLessThan(1e-6);
      expect(relative(swiglu.reference(gateUp, WIDTH), silu)).toBeLessThan(1e-12);
      // the sign in the exponent
      expect(
        relative(
          exact,
          reference((x) => x / (1 + Math.exp(x))),
        ),
      ).toBeGreaterThan(0.1);
      if (features.f16) expect(relative(await compute(device, 'f16'), silu)).toBeLessThan(1e-3);
    });
  }
});
