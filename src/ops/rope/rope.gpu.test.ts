// Rotation of q and k, and the write to the cache, against float64 at positions where WGSL's own cosine would be off; also of
// heads that are normalized first, and where nothing is rotated.
import type { ModelConfig } from '../../core/model-config';
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import type { Kernel } from '../../gpu/kernel';
import { packCacheRows, unpackCacheRows } from '../attention/cache-rows';
import { qkNorm } from '../norm/qk-norm';
import { rope } from './rope';
import { queryScalingParams, ropeFrequencies, ropeTable, rotationOf } from './rotation';
import { altered, random, relative, run, TARGETS, workOf } from '../testing/run';

const CONTEXT = 4099;
const [POSITION, TOKENS] = [4095, 3];
const llama3 = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 8192,
} as const;

const config = (numHeads: number, numKeyValueHeads: number, headDim: number, scaled: boolean) =>
  ({
    numHeads,
    numKeyValueHeads,
    headDim,
    ropeTheta: scaled ? 500_000 : 10_000,
    ...(scaled && { ropeScaling: llama3 }),
  }) as ModelConfig;

const longrope = {
  type: 'longrope',
  short: Array<number>(24).fill(1),
  long: Array.from({ length: 24 }, (_, i) => 1 + i / 3),
  originalContextLength: 4096,
  attentionFactor: 1.19,
} as const;
/** A part of each head turns; the long list counts, and queries grow once more, from the second token on. */
const phi: ModelConfig = {
  ...config(4, 2, 64, false),
  rotaryDim: 48,
  queryScaling: { beta: 0.2, originalContextLength: 1024 },
  ropeScaling: longrope,
};
const wide = (list: readonly number[]) => [...list, ...Array<number>(8).fill(1)];

const CASES = [config(6, 2, 20, false), config(3, 1, 100, true), config(4, 4, 64, true), phi];

/** Not small beside the squares. */
const EPSILON = 0.1;
const PLAIN = { rotates: true, normed: false };

interface How {
  readonly element?: 'f32' | 'f16' | 'q8';
  readonly position?: number;
  readonly variant?: typeof PLAIN;
  readonly form?: keyof typeof TARGETS;
  readonly change?: (kernel: Kernel) => Kernel;
}

async function rotate(
  device: GPUDevice,
  model: ModelConfig,
  { element = 'f32', position = POSITION, variant = PLAIN, form = 'software', change = (kernel) => kernel }: How = {},
) {
  const { numHeads, numKeyValueHeads, headDim } = model;
  const row = (numHeads + 2 * numKeyValueHeads) * headDim;
  const stored = (data: Float32Array<ArrayBuffer>) => (element === 'f16' ? f32ArrayToF16(data) : data);
  const untouched = new Float32Array(numKeyValueHeads * CONTEXT * headDim).fill(-5);
  const cached = () => (element === 'q8' ? packCacheRows(untouched, headDim) : stored(untouched));
  const target = { ...TARGETS[form], activation: element === 'q8' ? ('f32' as const) : element, cache: element };
  const scaled = model.queryScaling !== undefined;
  const { kernel, work } = workOf(rope, { ...variant, scaled }, target, {
    bind: {
      table: ropeTable(model, CONTEXT),
      gains: random(2 * headDim, 9),
      qkv: stored(random(TOKENS * row)),
      keys: cached(),
      values: cached(),
    },
    params: {
      heads: numHeads,
      kv_heads: numKeyValueHeads,
      head_dim: headDim,
      context: CONTEXT,
      epsilon: EPSILON,
      ...queryScalingParams(model),
    },
    position,
    dealt: TOKENS + 2,
    count: TOKENS,
  });
  const { qkv, keys, values } = await run(device, change(kernel), work, ['qkv', 'keys', 'values']);
  if (element === 'q8') return [...new Float32Array(qkv), ...fromBytes(keys, headDim), ...fromBytes(values, headDim)];
  return [qkv, keys, values].flatMap((bytes) => [
    ...(element === 'f16' ? f16ArrayToF32(new Uint16Array(bytes)) : new Float32Array(bytes)),
  ]);
}

/** Values of a q8 cache, with −5 where nothing was written. */
function fromBytes(bytes: ArrayBuffer, headDim: number): number[] {
  const [untouched] = unpackCacheRows(packCacheRows(Array<number>(headDim).fill(-5), headDim).buffer, headDim);
  return Array.from(unpackCacheRows(bytes, headDim), (value) => (value === untouched ? -5 : value));
}

/** The expected q|k|v, keys and values, with keys and values as q8. */
function inBytes(model: ModelConfig, wanted: readonly number[]): number[] {
  const { numHeads, numKeyValueHeads, headDim } = model;
  const first = TOKENS * (numHeads + 2 * numKeyValueHeads) * headDim;
  return [...wanted.slice(0, first), ...fromBytes(packCacheRows(wanted.slice(first), headDim).buffer, headDim)];
}

/** The expected q|k|v, keys and values. */
function expected(model: ModelConfig, { rotates, normed } = PLAIN): number[] {
  const { numHeads, numKeyValueHeads, headDim } = model;
  const row = (numHeads + 2 * numKeyValueHeads) * headDim;
  const untouched = random(TOKENS * row);
  const shape = { heads: numHeads, kvHeads: numKeyValueHeads, headDim, epsilon: EPSILON };
  const qkv = normed ? qkNorm.reference(untouched, random(2 * headDim, 9), shape) : Float64Array.from(untouched);
  const after = [...untouched];
  const keys = Array<number>(numKeyValueHeads * CONTEXT * headDim).fill(-5);
  const values = [...keys];
  const turned = (given: Float64Array, t: number, of: 'q' | 'k') =>
    rotates ? rope.reference(given, POSITION + t, rotationOf(model, POSITION + t + 1), of) : given;
  for (let t = 0; t < TOKENS; t++) {
    for (let head = 0; head < numHeads + 2 * numKeyValueHeads; head++) {
      const at = t * row + head * headDim;
      const given = qkv.subarray(at, at + headDim);
      const slot = (((head - numHeads) % numKeyValueHeads) * CONTEXT + POSITION + t) * headDim;
      const [target, start, result] =
        head < numHeads
          ? [after, at, turned(given, t, 'q')]
          : head < numHeads + numKeyValueHeads
            ? [keys, slot, turned(given, t, 'k')]
            : [values, slot, given];
      for (let i = 0; i < headDim; i++) target[start + i] = result[i];
    }
  }
  // the kernel leaves k and v where they were as they were
  return [...after, ...keys, ...values];
}

/** The cache is mostly untouched: what was written weighs everything. */
const off = (actual: readonly number[], wanted: readonly number[]) => {
  const written = (_: number, i: number) => wanted[i] !== -5 || actual[i] !== -5;
  return relative(actual.filter(written), wanted.filter(written));
};

const devices = await testDevices();

for (const { device, features, variant: of } of devices) {
  describe(`rope, ${of}`, () => {
    for (const model of CASES) {
      const scaled = model.ropeScaling ? `, ${model.ropeScaling.type} frequencies` : '';
      test(`${model.numHeads}/${model.numKeyValueHeads} heads of ${model.headDim}${scaled}`, async () => {
        const wanted = expected(model);
        expect(off(await rotate(device, model), wanted)).toBeLessThan(1e-6);
        // a position too early
        expect(off(await rotate(device, model, { position: POSITION - 1 }), wanted)).toBeGreaterThan(0.01);
        if (features.f16) expect(off(await rotate(device, model, { element: 'f16' }), wanted)).toBeLessThan(1e-3);
        // the same codes, but where a driver rounds a scale to the f16 beside, or a value lies between two codes
        const bytes = await rotate(device, model, { element: 'q8' });
        expect(off(bytes, inBytes(model, wanted))).toBeLessThan(5e-3);
        expect(off(bytes, wanted)).toBeGreaterThan(1e-3);
        expect(off(bytes, wanted)).toBeLessThan(1e-2);
      });
      test.each(['software', 'hardware'] as const)(
        `${model.numHeads}/${model.numKeyValueHeads} heads of ${model.headDim}${scaled}, normalized, %s form`,
        async (form) => {
          const variant = { rotates: true, normed: true };
          const wanted = expected(model, variant);
          expect(off(await rotate(device, model, { variant, form }), wanted)).toBeLessThan(1e-6);
          expect(off(await rotate(device, model), wanted)).toBeGreaterThan(0.1);
          if (features.f16)
            expect(off(await rotate(device, model, { variant, form, element: 'f16' }), wanted)).toBeLessThan(1e-3);
          const bytes = await rotate(device, model, { variant, form, element: 'q8' });
          expect(off(bytes, inBytes(model, wanted))).toBeLessThan(5e-3);
        },
      );
    }
  });
}

describe('where layers differ from LLaMA’s', () => {
  const [model] = CASES as [ModelConfig];
  const { device } = devices[0]!;

  test.each([false, true])('nothing is rotated, heads normalized: %s', async (normed) => {
    const variant = { rotates: false, normed };
    expect(off(await rotate(device, model, { variant }), expected(model, variant))).toBeLessThan(1e-6);
    const rotated = { rotates: true, normed };
    expect(off(await rotate(device, model, { variant: rotated }), expected(model, variant))).toBeGreaterThan(0.1);
  });

  test('a norm without its epsilon, of other gains, and of v too', async () => {
    const variant = { rotates: true, normed: true };
    const wrong = async (from: string, to: string) =>
      off(
        await rotate(device, model, { variant, change: (kernel) => altered(kernel, from, to) }),
        expected(model, variant),
      );
    expect(await wrong(' + params.epsilon', '')).toBeGreaterThan(1e-2);
    expect(await wrong('select(half, 0u, ', 'select(0u, half, ')).toBeGreaterThan(0.1);
    expect(await wrong('head < params.heads + params.kv_heads)', 'true)')).toBeGreaterThan(0.1);
  });
});

test('frequencies without the Llama-3 scaling are seen to differ', () => {
  const scaled = config(1, 1, 64, true);
  const { ropeScaling: _, ...plain } = scaled;
  expect(relative(ropeTable(plain, 64), ropeTable(scaled, 64))).toBeGreaterThan(1e-3);
  // the fastest pair keeps its frequency, the slowest is eight times slower
  const [with3, without] = [ropeFrequencies(scaled), ropeFrequencies(plain)];
  expect(with3[0]).toBe(without[0]);
  expect(with3.at(-1)).toBe(without.at(-1)! / 8);
});

test('what a model adds to its rotation is seen', async () => {
  const [{ device }] = devices;
  const wanted = expected(phi);
  const { queryScaling: _, ...plain } = phi;
  expect(off(await rotate(device, plain), wanted)).toBeGreaterThan(0.01);
  const whole = { ...longrope, short: wide(longrope.short), long: wide(longrope.long) };
  expect(off(await rotate(device, { ...phi, rotaryDim: 64, ropeScaling: whole }), wanted)).toBeGreaterThan(0.01);
  for (const change of [{ attentionFactor: 1 }, { originalContextLength: 4097 }]) {
    expect(off(await rotate(device, { ...phi, ropeScaling: { ...longrope, ...change } }), wanted)).toBeGreaterThan(
      0.01,
    );
  }
});
