// Inputs of products as 8-bit codes, equal to the reference's to the bit on every device.
import { expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f32ArrayToF16, f16ArrayToF32 } from '../../quant/f16';
import { tune } from '../tuning';
import { dequantized, quantize } from './quantize';
import { random, relative, runOp } from '../testing/run';

const [COLUMNS, TOKENS] = [96, 5];
const devices = await testDevices();
const target = tune({ f16: false, subgroups: false }, true, 'int8');

type Run = {
  readonly x: Float32Array<ArrayBuffer>;
  readonly gain?: Float32Array<ArrayBuffer>;
  readonly half?: boolean;
};

async function codesOf(device: GPUDevice, { x, gain, half = false }: Run) {
  const results = await runOp(
    device,
    quantize,
    { input: half ? 'f16' : 'f32', norm: gain !== undefined },
    target,
    {
      bind: {
        x: half ? f32ArrayToF16(x) : x,
        ...(gain && { gain }),
        codes: new Int8Array(x.length),
        blocks: new Float32Array(x.length / 8),
      },
      params: { columns: COLUMNS },
      count: x.length / COLUMNS,
    },
    ['codes', 'blocks'],
  );
  return { codes: new Int8Array(results.codes), blocks: new Float32Array(results.blocks) };
}

/** Numbers of blocks without Σx², whose order of summation is not fixed. */
const withoutSquares = (blocks: Float32Array) => blocks.filter((_, i) => i % 4 !== 3);
const squaresOf = (blocks: Float32Array) => blocks.filter((_, i) => i % 4 === 3);

for (const { device, variant } of devices.slice(0, 2)) {
  test(`${variant}: codes, scales and sums to the bit`, async () => {
    const x = random(TOKENS * COLUMNS, 1);
    const gain = random(COLUMNS, 2);
    for (const given of [{ x }, { x, gain }]) {
      const actual = await codesOf(device, given);
      const expected = quantize.reference(x, COLUMNS, given.gain);
      expect(actual.codes).toEqual(expected.codes);
      expect(withoutSquares(actual.blocks)).toEqual(withoutSquares(expected.blocks));
      if (given.gain) expect(relative(squaresOf(actual.blocks), squaresOf(expected.blocks))).toBeLessThan(1e-6);
      const values = given.gain ? x.map((value, i) => value * gain[i % COLUMNS]) : x;
      // rounding errors are uniform over a step of the largest / 127: their deviation is the step / √12
      expect(relative(dequantized(actual), values)).toBeLessThan(6e-3);
      expect(relative(dequantized(actual), values)).toBeGreaterThan(1e-3);
    }
  });
}

test('ties go to the even code, and zeros stay zeros', async () => {
  const [{ device }] = devices;
  const x = new Float32Array(COLUMNS);
  // a scale of one: the values are codes
  x.set([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 63.5, -63.5, 64.5, 126.5, -126.5]);
  x[40] = 2 ** -120; // below what is not taken for zero
  x[64] = -3e38;
  const { codes, blocks } = await codesOf(device, { x });
  expect([...codes.subarray(0, 12)]).toEqual([127, 0, 2, 2, 0, -2, -2, 64, -64, 64, 126, -126]);
  expect(blocks[0]).toBe(1);
  expect([...codes.subarray(32, 64)]).toEqual(Array(32).fill(0));
  expect(blocks[4]).toBe(0);
  expect(codes[64]).toBe(-127);
  expect(codes).toEqual(quantize.reference(x, COLUMNS).codes);
});

test('the smallest magnitudes that are kept leave zeros beside them zero', async () => {
  const [{ device }] = devices;
  const x = new Float32Array(COLUMNS);
  [x[0], x[40], x[70]] = [2 ** -119, 2 ** -124, -(2 ** -118)];
  const { codes, blocks } = await codesOf(device, { x });
  const expected = new Int8Array(COLUMNS);
  [expected[0], expected[70]] = [127, -127];
  expect(codes).toEqual(expected);
  expect([blocks[0], blocks[4], blocks[8]].map((scale) => scale > 0)).toEqual([true, false, true]);
});

test('what is infinite or no number is in the scale, so that it comes out of a product', async () => {
  const [{ device }] = devices;
  const x = random(COLUMNS, 3);
  x[3] = NaN;
  x[40] = -Infinity;
  const { blocks } = await codesOf(device, { x });
  expect(blocks[0]).toBeNaN();
  expect(blocks[4]).toBe(Infinity);
  expect(blocks[8]).toBe(quantize.reference(x, COLUMNS).blocks[8]);
});

test('another gain shows', async () => {
  const [{ device }] = devices;
  const x = random(COLUMNS, 1);
  const gain = random(COLUMNS, 2);
  const { codes } = await codesOf(device, { x, gain: gain.map((value, i) => (i === 7 ? -value : value)) });
  expect(codes).not.toEqual(quantize.reference(x, COLUMNS, gain).codes);
});

for (const { device, variant } of devices.filter(({ features }) => features.f16).slice(0, 1)) {
  test(`${variant}: 16-bit input`, async () => {
    const x = random(TOKENS * COLUMNS, 4);
    const actual = await codesOf(device, { x, half: true });
    expect(actual.codes).toEqual(quantize.reference(f16ArrayToF32(f32ArrayToF16(x)), COLUMNS).codes);
  });
}
