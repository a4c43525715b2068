// Products whose rows are heads of q, k and v and go to y and the KV cache, in each form, against the references of
// product and rotation.
import { describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../core/model-config';
import type { WeightKind } from '../../core/weight-kinds';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import { rope } from '../rope/rope';
import { ropeTable, rotationOf } from '../rope/rotation';
import { random, relative, runOp } from '../testing/run';
import { oddColumns, randomMatrix } from '../testing/weights';
import { type KernelTarget, shapeFor, tune } from '../tuning';
import { linear, type LinearVariant } from './linear';

const [HEADS, KV_HEADS, HEAD_DIM] = [4, 2, 6];
const CONTEXT = 9;
const [POSITION, TOKENS] = [4, 3];
/** Elements of the cache between keys and values, which belong to neither. */
const GAP = 5;
const UNTOUCHED = -5;
const EPSILON = 1e-5;
const config = { headDim: HEAD_DIM, ropeTheta: 10_000 } as ModelConfig;
const cacheSize = KV_HEADS * CONTEXT * HEAD_DIM;

interface Case {
  readonly target: KernelTarget;
  readonly shape: LinearVariant['shape'];
  readonly kind: WeightKind;
  readonly heads: 'rotated' | 'placed';
  readonly bias?: boolean;
  /** The part of the matrix that is computed, where it is in two parts. */
  readonly part?: readonly [start: number, rows: number];
  /** Position of the batch that the kernel is told. */
  readonly position?: number;
  readonly valuesStart?: number;
}

const stored = (data: Float32Array<ArrayBuffer>, type: KernelTarget['cache']) =>
  type === 'f16' ? f32ArrayToF16(data) : data;
const loaded = (data: ArrayBuffer, type: KernelTarget['cache']) =>
  type === 'f16' ? f16ArrayToF32(new Uint16Array(data)) : new Float32Array(data);

/** The largest relative error of q|k|v and of the cache. */
async function off(device: GPUDevice, given: Case): Promise<number> {
  const { target, shape, kind, heads, bias = false, position = POSITION } = given;
  const allRows = (HEADS + 2 * KV_HEADS) * HEAD_DIM;
  const [start, rows] = given.part ?? [0, allRows];
  const columns = oddColumns(kind);
  const { bind, values } = randomMatrix(kind, rows, columns);
  const [x, gain, biases] = [random(TOKENS * columns, 1), random(columns, 2), random(allRows, 4)];
  const cache = new Float32Array(2 * cacheSize + GAP).fill(UNTOUCHED);
  const before = new Float32Array(TOKENS * allRows).fill(UNTOUCHED);
  const { y, keys_values } = await runOp(
    device,
    linear,
    { kind, shape, input: 'f32', output: target.activation, norm: true, bias, heads },
    target,
    {
      bind: {
        ...bind,
        x,
        gain,
        bias: biases,
        table: ropeTable(config, CONTEXT),
        y: stored(before, target.activation),
        keys_values: stored(cache, target.cache),
      },
      params: {
        rows,
        columns,
        row_start: start,
        out_stride: allRows,
        half: 0,
        last_only: 0,
        epsilon: EPSILON,
        heads: HEADS,
        kv_heads: KV_HEADS,
        head_dim: HEAD_DIM,
        context: CONTEXT,
        values_start: given.valuesStart ?? cacheSize + GAP,
      },
      position,
      count: TOKENS,
    },
    ['y', 'keys_values'],
  );
  const options = { gain, epsilon: EPSILON, ...(bias && { bias: biases.subarray(start) }) };
  const products = linear.reference(values, x, { rows, columns, tokens: TOKENS }, options);
  for (let t = 0; t < TOKENS; t++) {
    const qkv = new Float64Array(allRows);
    qkv.set(products.subarray(t * rows, (t + 1) * rows), start);
    for (let head = start / HEAD_DIM; head < (start + rows) / HEAD_DIM; head++) {
      const row = qkv.subarray(head * HEAD_DIM, (head + 1) * HEAD_DIM);
      const turns = heads === 'rotated' && head < HEADS + KV_HEADS;
      const turned = turns ? rope.reference(row, POSITION + t, rotationOf(config), head < HEADS ? 'q' : 'k') : row;
      if (head < HEADS) before.set(turned, t * allRows + head * HEAD_DIM);
      else {
        const first = head < HEADS + KV_HEADS ? 0 : cacheSize + GAP;
        cache.set(turned, first + (((head - HEADS) % KV_HEADS) * CONTEXT + POSITION + t) * HEAD_DIM);
      }
    }
  }
  return relative([...loaded(y, target.activation), ...loaded(keys_values, target.cache)], [...before, ...cache]);
}

const forms = (await testDevices()).flatMap(({ device, variant, features }) =>
  (features.f16 ? (['fast'] as const) : (['exact'] as const)).flatMap((precision) => {
    const [software, hardware] = [tune(features, true, precision), tune(features, false, precision)];
    const most = precision === 'exact' ? 1e-5 : 5e-4;
    const shapes = {
      alone: [software, shapeFor(software.decode.linear, 1024)],
      'in teams': [hardware, shapeFor(hardware.decode.linear, 1024)],
      'in tiles': [hardware, shapeFor(hardware.prefill.linear, 1024)],
    } as const;
    return Object.entries(shapes).map(([form, [target, shape]]) => ({ device, variant, form, target, shape, most }));
  }),
);

describe.each(forms)('$variant, $form', ({ device, target, shape, most }) => {
  const given = { target, shape, kind: 'q4', heads: 'rotated' } as const;

  test('heads are rotated, and keys and values are in the cache', async () => {
    expect(await off(device, given)).toBeLessThan(most);
    expect(await off(device, { ...given, part: [2 * HEAD_DIM, 4 * HEAD_DIM] })).toBeLessThan(most);
    expect(await off(device, { ...given, position: POSITION + 1 })).toBeGreaterThan(1e-2);
    expect(await off(device, { ...given, valuesStart: cacheSize + GAP + 2 })).toBeGreaterThan(1e-2);
  });

  test('without rotation, and with biases', async () => {
    expect(await off(device, { ...given, heads: 'placed' })).toBeLessThan(most);
    expect(await off(device, { ...given, kind: 'f32', bias: true })).toBeLessThan(most);
    expect(await off(device, { ...given, bias: true })).toBeLessThan(most);
  });
});
