// Both forms of flash attention against the softmax written out in float64.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import { attention } from './attention';
import { random, relative, runOp, TARGETS } from '../testing/run';

const FORMS = {
  solo: { lanes: 1, workgroup: 8, queries: 1 },
  'tiled, one query': { lanes: 64, workgroup: 64, queries: 1 },
  'tiled, three queries': { lanes: 32, workgroup: 32, queries: 3 },
};
interface Shape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly tokens: number;
  readonly position: number;
  readonly context: number;
  readonly window?: number;
}

/** Grouped, single and many heads; head widths that are not powers of two; batches at the start and after a cache. */
const SHAPES: readonly Shape[] = [
  { heads: 6, kvHeads: 2, headDim: 20, tokens: 5, position: 0, context: 40 },
  { heads: 4, kvHeads: 4, headDim: 64, tokens: 1, position: 70, context: 80 },
  { heads: 3, kvHeads: 1, headDim: 100, tokens: 3, position: 130, context: 150 },
  // windows that begin before the cache does, within a tile, and beyond the first query's tile
  { heads: 6, kvHeads: 2, headDim: 20, tokens: 5, position: 1, context: 40, window: 4 },
  { heads: 4, kvHeads: 4, headDim: 64, tokens: 1, position: 120, context: 150, window: 70 },
  { heads: 3, kvHeads: 1, headDim: 20, tokens: 60, position: 77, context: 150, window: 33 },
];

function inputs({ heads, kvHeads, headDim, tokens, context }: Shape) {
  const row = (heads + 2 * kvHeads) * headDim;
  const qkv = random(tokens * row, 1).map((x) => 2 * x);
  const keys = random(kvHeads * context * headDim, 2);
  const values = random(kvHeads * context * headDim, 3);
  const q = new Float32Array(tokens * heads * headDim);
  for (let t = 0; t < tokens; t++) q.set(qkv.subarray(t * row, t * row + heads * headDim), t * heads * headDim);
  return { qkv, keys, values, q };
}

for (const { device, features, variant } of await testDevices()) {
  describe(variant, () => {
    for (const [name, form] of Object.entries(FORMS)) {
      for (const shape of SHAPES) {
        const { heads, kvHeads, headDim, tokens, position, context, window = context } = shape;
        const attend = async (element: 'f32' | 'f16', at = position, reach = window) => {
          const { qkv, keys, values, q } = inputs(shape);
          const stored = (data: Float32Array<ArrayBuffer>) => (element === 'f16' ? f32ArrayToF16(data) : data);
          const empty = new Float32Array(tokens * heads * headDim);
          const { out } = await runOp(
            device,
            attention,
            { shape: form, headDim },
            { ...TARGETS.software, activation: element, cache: element },
            {
              bind: { qkv: stored(qkv), keys: stored(keys), values: stored(values), out: stored(empty) },
              params: { heads, kv_heads: kvHeads, context, quads: headDim / 4, window: reach },
              position: at,
              count: tokens,
            },
            ['out'],
          );
          const actual = element === 'f16' ? f16ArrayToF32(new Uint16Array(out)) : new Float32Array(out);
          return relative(actual, attention.reference(q, keys, values, shape));
        };
        const limit = window < context ? `, a window of ${window}` : '';
        test(`${name}: ${heads}/${kvHeads} heads of ${headDim}, ${tokens} tokens at ${position}${limit}`, async () => {
          expect(await attend('f32')).toBeLessThan(1e-5);
          // one key more than a query may see
          expect(await attend('f32', position + 1)).toBeGreaterThan(1e-3);
          if (limit) {
            expect(await attend('f32', position, window + 1)).toBeGreaterThan(1e-3);
            expect(await attend('f32', position, window - 1)).toBeGreaterThan(1e-3);
          }
          if (features.f16) expect(await attend('f16')).toBeLessThan(2e-3);
        });
      }
    }
  });
}
