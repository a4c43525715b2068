// All forms of flash attention against the softmax written out in float64.
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import { attention } from './attention';
import { attentionMerge } from './attention-merge';
import { packCacheRows, unpackCacheRows } from './cache-rows';
import type { FlashShape } from '../tuning';
import { cheapPipelines, random, relative, runOp, TARGETS } from '../testing/run';

const splitBy = (workgroup: number, keyLanes: number, subgroups: boolean): FlashShape => ({
  form: 'split',
  workgroup,
  keyLanes,
  quads: 16,
  scores: 8,
  subgroups,
  groups: 8,
  leastKeys: 1,
});
const FORMS: Readonly<Record<string, FlashShape>> = {
  alone: { form: 'alone', lanes: 1, workgroup: 8 },
  tiles: { form: 'tiles', subgroups: false },
  'tiles by subgroups': { form: 'tiles', subgroups: true },
  split: splitBy(32, 8, false),
  // the narrowest subgroups have four lanes
  'split by subgroups': splitBy(64, 4, true),
};
interface Shape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly tokens: number;
  readonly position: number;
  readonly context: number;
  readonly window?: number;
  /** Parts of the keys in forms that split them; 1 when left out. */
  readonly splits?: number;
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
/**
 * Shapes with a single key, with empty parts, with parts that are no multiple of the keys that lanes take at a time,
 * and with queries that tiles do not divide.
 */
const SPLIT_SHAPES: readonly Shape[] = [
  { heads: 4, kvHeads: 2, headDim: 64, tokens: 1, position: 0, context: 8 },
  { heads: 7, kvHeads: 1, headDim: 20, tokens: 1, position: 4, context: 40, splits: 4 },
  { heads: 16, kvHeads: 2, headDim: 64, tokens: 1, position: 140, context: 150, splits: 3 },
  { heads: 11, kvHeads: 1, headDim: 128, tokens: 2, position: 99, context: 150, splits: 7, window: 41 },
  { heads: 2, kvHeads: 1, headDim: 256, tokens: 1, position: 60, context: 64, splits: 2 },
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

/** Deliberate errors of a run, for negative controls. */
interface Departure {
  readonly position?: number;
  readonly window?: number;
  /** Index of a part of the keys that is left out. */
  readonly lost?: number;
}

/** The relative error of a form against the reference. */
async function off(
  device: GPUDevice,
  form: FlashShape,
  it: Shape,
  element: 'f32' | 'f16' | 'q8',
  wrong: Departure = {},
) {
  const { heads, kvHeads, headDim, tokens, position, context, window = context, splits = 1 } = it;
  const { qkv, keys, values, q } = inputs(it);
  const stored = (data: Float32Array<ArrayBuffer>) => (element === 'f16' ? f32ArrayToF16(data) : data);
  const activation = element === 'f16' ? element : 'f32';
  const target = { ...TARGETS.software, activation, cache: element } as const;
  const cached = (data: Float32Array<ArrayBuffer>) => (element === 'q8' ? packCacheRows(data, headDim) : stored(data));
  const given = { qkv: stored(qkv), keys: cached(keys), values: cached(values) };
  const out = stored(new Float32Array(tokens * heads * headDim));
  const quads = headDim / 4;
  const params = { heads, kv_heads: kvHeads, context, quads, window: wrong.window ?? window, splits };
  const variant = { shape: form, headDim, group: heads / kvHeads, parted: splits > 1 };
  const batch = { params, position: wrong.position ?? position, count: tokens };
  const whole = async () => {
    if (splits === 1) return runOp(device, attention, variant, target, { bind: { ...given, out }, ...batch }, ['out']);
    const rows = tokens * heads * splits;
    const empty = { sums: new Float32Array(rows * headDim), totals: new Float32Array(rows * 2) };
    const made = await runOp(device, attention, variant, target, { bind: { ...given, ...empty }, ...batch }, [
      'sums',
      'totals',
    ]);
    const [sums, totals] = [new Float32Array(made.sums), new Float32Array(made.totals)];
    for (let i = wrong.lost ?? Infinity; i < rows; i += splits) {
      sums.fill(0, i * headDim, (i + 1) * headDim);
      totals.set([-1e30, 0], 2 * i);
    }
    const merging = { bind: { sums, totals, out }, params: { heads, quads, splits }, count: tokens };
    const merged = await runOp(device, attentionMerge, {}, target, merging, ['out']);
    const right = attentionMerge.reference(sums, totals, { rows: tokens * heads, splits, headDim });
    expect(relative(numbers(merged.out), right)).toBeLessThan(element === 'f16' ? 1e-3 : 1e-6);
    return merged;
  };
  const numbers = (data: ArrayBuffer) =>
    element === 'f16' ? f16ArrayToF32(new Uint16Array(data)) : new Float32Array(data);
  // the reference reads the rounded cache, since rounding is not the kernel's error
  const read = (data: Float32Array<ArrayBuffer>) =>
    element === 'q8' ? unpackCacheRows(packCacheRows(data, headDim).buffer, headDim) : data;
  return relative(numbers((await whole()).out), attention.reference(q, read(keys), read(values), it));
}

for (const { device, features, name: driver, variant } of await testDevices()) {
  describe(variant, () => {
    for (const [name, form] of Object.entries(FORMS)) {
      if (form.form !== 'alone' && form.subgroups && !features.subgroups) continue;
      // eight threads share a row
      if (form.form === 'tiles' && form.subgroups && (device.adapterInfo.subgroupMinSize ?? 0) < 8) continue;
      const split = cheapPipelines({ name: driver }) ? [...SHAPES, ...SPLIT_SHAPES] : SPLIT_SHAPES.slice(0, 2);
      const shapes = form.form === 'split' ? split : SHAPES;
      for (const it of shapes) {
        const { heads, kvHeads, headDim, tokens, position, context, window = context, splits = 1 } = it;
        const limit = window < context ? `, a window of ${window}` : '';
        const parts = splits > 1 ? `, ${splits} parts` : '';
        test(`${name}: ${heads}/${kvHeads} heads of ${headDim}, ${tokens} tokens at ${position}${limit}${parts}`, async () => {
          const of = (element: 'f32' | 'f16' | 'q8', wrong?: Departure) => off(device, form, it, element, wrong);
          expect(await of('f32')).toBeLessThan(1e-5);
          // one key more than a query may see
          expect(await of('f32', { position: position + 1 })).toBeGreaterThan(1e-3);
          if (limit) {
            expect(await of('f32', { window: window + 1 })).toBeGreaterThan(1e-3);
            expect(await of('f32', { window: window - 1 })).toBeGreaterThan(1e-3);
          }
          if (parts) expect(await of('f32', { lost: 1 })).toBeGreaterThan(1e-3);
          if (features.f16) expect(await of('f16')).toBeLessThan(2e-3);
          if (variant === 'plain') expect(await of('q8')).toBeLessThan(1e-5);
        });
      }
    }
  });
}
