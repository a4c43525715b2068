// max(x, 0) and its gradient against float64, with nothing read or written behind the batch.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import { differences, dot } from '../testing/numbers';
import { joined, random, relative, runOp, TARGETS } from '../testing/run';
import { relu, reluBackward } from './relu';

const [COLUMNS, TOKENS] = [37, 5];
const x = random(COLUMNS * TOKENS, 1);
const d = random(COLUMNS * TOKENS, 2);
const behind = new Float32Array(COLUMNS).fill(-5);
const given = { params: { columns: COLUMNS }, dealt: TOKENS + 3, count: TOKENS };
const { device, features } = (await testDevices())[0];

test('its gradient is what central differences say', () => {
  expect(
    relative(
      reluBackward.reference(x, d),
      differences((at) => dot(relu.reference(at), d), x),
    ),
  ).toBeLessThan(1e-8);
});

test.each(['f32', 'f16'] as const)('forward in %s', async (activation) => {
  if (activation === 'f16' && !features.f16) return;
  const stored = (data: Float32Array<ArrayBuffer>) => (activation === 'f16' ? f32ArrayToF16(data) : data);
  const { hidden } = await runOp(
    device,
    relu,
    {},
    { ...TARGETS.software, activation },
    { ...given, bind: { x: stored(joined(x, behind)), hidden: stored(joined(x, behind)) } },
    ['hidden'],
  );
  const values = activation === 'f16' ? f16ArrayToF32(new Uint16Array(hidden)) : new Float32Array(hidden);
  const result = values.subarray(0, x.length);
  expect(relative(result, relu.reference(x))).toBeLessThan(activation === 'f16' ? 1e-3 : 1e-9);
  expect(Array.from(values.subarray(x.length))).toEqual(Array.from(behind));
  expect(relative(result, x)).toBeGreaterThan(0.1);
});

test('backward', async () => {
  const bind = { x: joined(x, behind), d_hidden: joined(d, behind) };
  const { x: out } = await runOp(device, reluBackward, {}, TARGETS.software, { ...given, bind }, ['x']);
  const values = new Float32Array(out);
  expect(relative(values.subarray(0, x.length), reluBackward.reference(x, d))).toBeLessThan(1e-9);
  expect(relative(values.subarray(0, x.length), d)).toBeGreaterThan(0.1);
  expect(Array.from(values.subarray(x.length))).toEqual(Array.from(behind));
});
