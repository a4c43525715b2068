// Rotation of q and k in place, there and back, against float64 over sequences side by side.
import type { ModelConfig } from '../../core/model-config';
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { queryScalingParams, rotationOf, ropeTable } from './rotation';
import { ropeInplace } from './rope-inplace';
import { random, relative, runOp, TARGETS } from '../testing/run';
import { placesOf } from '../testing/sequences';

const SHAPES = [
  { heads: 6, kvHeads: 2, headDim: 20, lengths: [1] },
  { heads: 3, kvHeads: 1, headDim: 100, lengths: [7, 1, 5] },
  { heads: 4, kvHeads: 4, headDim: 64, lengths: [3, 70] },
];

/** The last shape turns a part of its heads, scaled, and its queries grow from position 16 on. */
const configOf = ({ headDim }: (typeof SHAPES)[number], changes: Partial<ModelConfig> = {}) =>
  ({
    headDim,
    ropeTheta: 10_000,
    ...(headDim === 64 && {
      rotaryDim: 40,
      queryScaling: { beta: 0.3, originalContextLength: 16 },
      ropeScaling: YARN,
    }),
    ...changes,
  }) as ModelConfig;

const YARN = {
  type: 'yarn',
  factor: 4,
  originalContextLength: 32,
  betaFast: 4,
  betaSlow: 1,
  truncate: true,
  attentionFactor: 1.14,
} as const;

const { device } = (await testDevices())[0];

/** The rotated rows, and what is in two rows beyond the batch. */
async function rotate(
  given: Float32Array,
  shape: (typeof SHAPES)[number],
  direction: number,
  lengths = shape.lengths,
  config = configOf(shape),
) {
  const { heads, kvHeads, headDim } = shape;
  const places = placesOf(lengths);
  const count = places.length / 4;
  const beyond = (heads + 2 * kvHeads) * headDim * 2;
  const { qkv } = await runOp(
    device,
    ropeInplace,
    { scaled: config.queryScaling !== undefined },
    TARGETS.software,
    {
      bind: {
        places,
        table: ropeTable(config, 128),
        qkv: Float32Array.of(...given, ...Array<number>(beyond).fill(NaN)),
      },
      params: { heads, kv_heads: kvHeads, head_dim: headDim, direction, ...queryScalingParams(config) },
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
  const rotation = rotationOf(configOf(shape));
  const moves = places.some((value, i) => i % 4 === 0 && value > 0);

  test.each([1, -1] as const)('rotated by %i', async (direction) => {
    const expected = ropeInplace.reference(given, places, shape, rotation, direction);
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
    const { rotated: back } = await rotate(rotated, shape, -1);
    // the way back is the gradient's: what is scaled on the way there is scaled again
    if (headDim !== 64) expect(relative(back, given)).toBeLessThan(1e-6);
    else expect(relative(back, given)).toBeGreaterThan(1e-2);
  });
});

test('queries that do not grow, heads that turn as a whole, and magnitudes left out are seen', async () => {
  const shape = SHAPES[2];
  const places = placesOf(shape.lengths);
  const given = random((places.length / 4) * (shape.heads + 2 * shape.kvHeads) * shape.headDim, 4);
  const expected = ropeInplace.reference(given, places, shape, rotationOf(configOf(shape)), 1);
  for (const changes of [
    { queryScaling: undefined },
    { queryScaling: { beta: 0.3, originalContextLength: 17 } },
    { rotaryDim: 64 },
    { ropeScaling: { ...YARN, attentionFactor: 1 } },
  ]) {
    const { rotated } = await rotate(given, shape, 1, shape.lengths, configOf(shape, changes as Partial<ModelConfig>));
    expect(relative(rotated, expected)).toBeGreaterThan(1e-3);
  }
});
