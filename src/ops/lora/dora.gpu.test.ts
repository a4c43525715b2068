// DoRA's three kernels against their references in float64: weights of several kinds, parts, maps left out.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import type { WeightKind } from '../../core/weight-kinds';
import { altered, random, relative, run, runOp, TARGETS, workOf } from '../testing/run';
import { oddColumns, randomMatrix } from '../testing/weights';
import { doraBackward, doraNorms, doraScale } from './dora';
import { loraParams } from './lora';
import type { LoraShape } from './shape';

const [{ device }] = await testDevices();
const TARGET = TARGETS.software;

describe('norms', () => {
  /** Rows 3 … 39 of a part, in rows 5 … of B's and rows 2 … of A's. */
  const [ROWS, FIRST, FIRST_B, FIRST_A, RANK, SCALE] = [37, 3, 5, 2, 3, 0.7];
  async function off(kind: WeightKind, change: Partial<Parameters<typeof doraNorms.pack>[0]> = {}): Promise<number> {
    const columns = oddColumns(kind);
    const { bind, values } = randomMatrix(kind, FIRST + ROWS + 1, columns);
    const [a, b] = [random((FIRST_A + RANK) * columns, 1), random((FIRST_B + ROWS) * RANK, 2)];
    const params = { rows: ROWS, columns, rank: RANK, first: FIRST, first_b: FIRST_B, first_a: FIRST_A, scale: SCALE };
    const inverse = new Float32Array(FIRST_B + ROWS + 2).fill(-5);
    const given = { bind: { ...bind, a, b, inverse }, params: { ...params, ...change }, count: 1 };
    const result = new Float32Array((await runOp(device, doraNorms, { kind }, TARGET, given, ['inverse'])).inverse);
    // nothing else is written
    expect([...result.subarray(0, FIRST_B), ...result.subarray(FIRST_B + ROWS)]).toEqual(Array(FIRST_B + 2).fill(-5));
    const w = values.subarray(FIRST * columns, (FIRST + ROWS) * columns);
    const own = [a.subarray(FIRST_A * columns), b.subarray(FIRST_B * RANK)] as const;
    return relative(result.subarray(FIRST_B, FIRST_B + ROWS), doraNorms.reference(w, ...own, params));
  }

  test.each<WeightKind>(['f32', 'f16', 'bf16', 'q8', 'q4', 'q4m', 'q8x16'])('%s', async (kind) => {
    expect(await off(kind)).toBeLessThan(1e-6);
  });

  test('a row off, the other map’s A, and no update show', async () => {
    for (const change of [{ first: FIRST + 1 }, { first_a: 0 }, { scale: 0 }]) {
      expect(await off('q8', change), JSON.stringify(change)).toBeGreaterThan(1e-3);
    }
  });

  test('a row of zeros has no direction', async () => {
    const zero = new Float32Array(4);
    const params = { rows: 1, columns: 4, rank: 1, first: 0, first_b: 0, first_a: 0, scale: 1 };
    const given = { bind: { codes: zero, a: zero, b: zero, inverse: new Float32Array(1).fill(3) }, params, count: 1 };
    const { inverse } = await runOp(device, doraNorms, { kind: 'f32' }, TARGET, given, ['inverse']);
    expect([...new Float32Array(inverse)]).toEqual([0]);
  });
});

/** q|k|v with q and v adapted. */
const SHAPE: LoraShape = {
  columns: 4,
  rank: 2,
  stride: 70,
  scale: 1,
  keep: 1,
  maps: [
    { first: 0, rows: 41, module: 0 },
    { first: 54, rows: 14, module: 2 },
  ],
};
const [TOKENS, M] = [5, 55];
const at = (seed: number) => random(TOKENS * SHAPE.stride, seed);
const [magnitude, inverse, bias] = [random(M, 3), random(M, 4), random(SHAPE.stride, 5)];

describe('the last step', () => {
  const variants = [true, false].flatMap((residual) => [true, false].map((biased) => ({ residual, bias: biased })));

  async function off(variant: (typeof variants)[number], shape = SHAPE): Promise<number> {
    const [z, y] = [at(1), at(2)];
    const beyond = new Float32Array(SHAPE.stride).fill(NaN);
    const bind = { z: Float32Array.of(...z, ...beyond), magnitude, inverse, y, bias };
    const given = { bind, params: loraParams(shape), count: TOKENS };
    const result = await runOp(device, doraScale, variant, TARGET, given, ['y']);
    const expected = doraScale.reference(SHAPE, z, magnitude, inverse, variant.bias ? bias : undefined);
    return relative(
      new Float32Array(result.y),
      expected.map((value, i) => value + (variant.residual ? y[i] : 0)),
    );
  }

  test.each(variants)('%j', async (variant) => {
    expect(await off(variant)).toBeLessThan(1e-6);
  });

  test('another map’s rows show', async () => {
    const [q, v] = SHAPE.maps;
    expect(await off(variants[0], { ...SHAPE, maps: [q, { ...v, first: 41 }] })).toBeGreaterThan(1e-2);
  });
});

describe('backward', () => {
  async function compute(change: (kernel: ReturnType<typeof doraBackward.kernel>) => typeof kernel = (same) => same) {
    const [dy, z, dm] = [at(1), at(2), random(M, 6)];
    const bind = { dy, z, magnitude, inverse, dm };
    const { kernel, work } = workOf(doraBackward, {}, TARGET, { bind, params: loraParams(SHAPE), count: TOKENS });
    const result = await run(device, change(kernel), work, ['z', 'dm']);
    const expected = doraBackward.reference(SHAPE, dy, z, magnitude, inverse);
    return {
      z: relative(new Float32Array(result.z), expected.z),
      dm: relative(
        new Float32Array(result.dm),
        expected.magnitude.map((each, i) => each + dm[i]),
      ),
    };
  }

  test('both gradients', async () => {
    const { z, dm } = await compute();
    expect(z).toBeLessThan(1e-6);
    expect(dm).toBeLessThan(1e-6);
  });

  test('what is wrong shows', async () => {
    expect((await compute((kernel) => altered(kernel, 'dm[row] += sum', 'dm[row] = sum'))).dm).toBeGreaterThan(1e-2);
    expect((await compute((kernel) => altered(kernel, 'z[at] = factor * d', 'z[at] = d'))).z).toBeGreaterThan(1e-2);
  });
});
