// Rotation of q and k in place, there and back, against float64 over sequences side by side.
import type { ModelConfig } from '../../core/model-config';
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { ropeFrequencies, ropeTable } from './rope';
import { ropeInplace } from './rope-inplace';
import { random, relative, runOp, TARGETS } from '../testing/run';
import { placesOf } from '../testing/sequences';

const SHAPES = [
  { heads: 6, kvHeads: 2, headDim: 20, lengths: [1] },
  { heads: 3, kvHeads: 1, headDim: 100, lengths: [7, 1, 5] },
  { heads: 4, kvHeads: 4, headDim: 64, lengths: [3, 70] },
];

const { device } = (await testDevices())[0];

/** The rotated rows, and what is in two rows beyond the batch. */
async function rotate(given: Float32Array, shape: (typeof SHAPES)[number], direction: number, lengths = shape.lengths) {
  const { heads, kvHeads, headDim } = shape;
  const places = placesOf(lengths);
  const count = places.length / 4;
  const beyond = (heads + 2 * kvHeads) * headDim * 2;
  const config = { headDim, ropeTheta: 10_000 } as ModelConfig;
  const { qkv } = await runOp(
    device,
    ropeInplace,
    {},
    TARGETS.software,
    {
      bind: {
        places,
        table: ropeTable(config, 128),
        qkv: Float32Array.of(...given, ...Array<number>(beyond).fill(NaN)),
      },
      params: { heads, kv_heads: kvHeads, head_dim: headDim, direction },
      // more than enough: threads without work keep off
      dealt: count + 2,
      count,
    },
    ['qkv'],
  );
  const all = new Float32Array(qkv);
  return { rotated: all.subarray(0, given.length), after: all.subarray(given.length) };
}

describe.each(SHAPES)('$heads/$kvHeads heads of $headDim, sequences of $lengths', (shape) => {
  const { heads, kvHeads, headDim, lengths } = shape;
  const places = placesOf(lengths);
  const given = random((places.length / 4) * (heads + 2 * kvHeads) * headDim, 4);
  const frequencies = ropeFrequencies({ headDim, ropeTheta: 10_000 } as ModelConfig);
  const moves = places.some((value, i) => i % 4 === 0 && value > 0);

  test.each([1, -1] as const)('rotated by %i', async (direction) => {
    const expected = ropeInplace.reference(given, places, shape, frequencies, direction);
    const { rotated, after } = await rotate(given, shape, direction);
    expect(relative(rotated, expected)).toBeLessThan(1e-6);
    expect(after.every(Number.isNaN)).toBe(true);
    if (!moves) return;
    expect(relative((await rotate(given, shape, -direction)).rotated, expected)).toBeGreaterThan(1e-2);
    // positions that do not begin again with each sequence
    const merged = await rotate(given, shape, direction, [places.length / 4]);
    if (lengths.length > 1) expect(relative(merged.rotated, expected)).toBeGreaterThan(1e-2);
  });

  test('there and back', async () => {
    const { rotated } = await rotate(given, shape, 1);
    expect(relative((await rotate(rotated, shape, -1)).rotated, given)).toBeLessThan(1e-6);
  });
});
