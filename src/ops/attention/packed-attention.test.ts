// The float64 references of attention and RoPE in training against central differences, and where tokens stand.
import type { ModelConfig } from '../../core/model-config';
import { describe, expect, test } from 'vitest';
import { packedAttentionBackwardQ, deltaReference } from './packed-attention-backward';
import { packedAttention, dotAt, type PackedShape } from './packed-attention';
import { packPlaces } from './places';
import { rotationOf } from '../rope/rotation';
import { ropeInplace } from '../rope/rope-inplace';
import { differences, random, relative } from '../testing/numbers';
import { placesOf } from '../testing/sequences';

const SHAPES: Record<string, { lengths: number[] } & PackedShape> = {
  'one head': { lengths: [5], heads: 1, kvHeads: 1, headDim: 4 },
  'groups of three, packed': { lengths: [3, 1, 4], heads: 6, kvHeads: 2, headDim: 4 },
  'a window of two': { lengths: [2, 5], heads: 4, kvHeads: 2, headDim: 8, window: 2 },
};

function given({ lengths, heads, kvHeads, headDim }: { lengths: number[] } & PackedShape) {
  const places = placesOf(lengths);
  const tokens = places.length / 4;
  return {
    places,
    qkv: Float64Array.from(random(tokens * (heads + 2 * kvHeads) * headDim, 5)),
    dOut: Float64Array.from(random(tokens * heads * headDim, 6)),
  };
}

describe.each(Object.entries(SHAPES))('attention, %s', (_, shape) => {
  const { places, qkv, dOut } = given(shape);
  const backward = packedAttentionBackwardQ.reference(qkv, dOut, places, shape);

  test('its gradient is what central differences say', () => {
    const loss = (x: Float64Array) => dotAt(packedAttention.reference(x, places, shape).out, 0, dOut, 0, dOut.length);
    const numeric = differences(loss, qkv);
    expect(relative(backward, numeric)).toBeLessThan(1e-8);
    // scores scaled by 1 instead of 1 / √d would be seen
    expect(
      relative(
        backward.map((x) => 2 * x),
        numeric,
      ),
    ).toBeGreaterThan(0.1);
    // and so would the gradient of other sequences or of another window
    const merged = packedAttentionBackwardQ.reference(qkv, dOut, placesOf([places.length / 4]), {
      ...shape,
      window: 3,
    });
    expect(relative(merged, numeric)).toBeGreaterThan(1e-3);
  });

  test('its gradient through RoPE is what central differences say', () => {
    const rotation = rotationOf({ headDim: shape.headDim, ropeTheta: 10_000 } as ModelConfig);
    const rotate = (x: ArrayLike<number>, direction: 1 | -1) =>
      ropeInplace.reference(x, places, shape, rotation, direction);
    const loss = (x: Float64Array) =>
      dotAt(packedAttention.reference(rotate(x, 1), places, shape).out, 0, dOut, 0, dOut.length);
    const numeric = differences(loss, qkv);
    const rotated = packedAttentionBackwardQ.reference(rotate(qkv, 1), dOut, places, shape);
    expect(relative(rotate(rotated, -1), numeric)).toBeLessThan(1e-8);
    expect(relative(rotate(rotated, 1), numeric)).toBeGreaterThan(1e-2);
    expect(relative(rotated, numeric)).toBeGreaterThan(1e-2);
  });

  test('delta is what a softmax takes off', () => {
    const { out, lse } = packedAttention.reference(qkv, places, shape);
    const delta = deltaReference(out, dOut, shape);
    expect(delta.length).toBe(lse.length);
    // a constant added to every value moves the loss by Σ d_out only: Σ_j dP_j · P_j is Σ_c d_out · out
    const shifted = packedAttention.reference(
      qkv.map((x, i) =>
        i % (qkv.length / (places.length / 4)) < (shape.heads + shape.kvHeads) * shape.headDim ? x : x + 1,
      ),
      places,
      shape,
    );
    const sums = Float64Array.from(delta, (_each, n) => {
      let sum = 0;
      for (let c = 0; c < shape.headDim; c++) sum += dOut[n * shape.headDim + c];
      return sum;
    });
    const moved = deltaReference(shifted.out, dOut, shape).map((x, n) => x - delta[n]);
    expect(relative(moved, sums)).toBeLessThan(1e-12);
  });
});

describe('places', () => {
  test('tell sequences apart by their positions', () => {
    const positions = Uint32Array.of(0, 1, 2, 0, 0, 1);
    const rows = Uint32Array.of(7, 7, 7, 9, 4, 4);
    expect([...packPlaces({ positions, rows })]).toEqual(
      [
        [0, 0, 3, 7],
        [1, 0, 3, 7],
        [2, 0, 3, 7],
        [0, 3, 4, 9],
        [0, 4, 6, 4],
        [1, 4, 6, 4],
      ].flat(),
    );
  });

  test('refuse positions that do not count up from 0', () => {
    const rows = new Uint32Array(3);
    expect(() => packPlaces({ positions: Uint32Array.of(1, 2, 3), rows })).toThrow(RangeError);
    expect(() => packPlaces({ positions: Uint32Array.of(0, 1, 3), rows })).toThrow(
      'token 2 of the batch is at position 3',
    );
  });
});
