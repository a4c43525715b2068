// Rotation of q and k, and the write to the cache, against float64 at positions where WGSL's own cosine would be off.
import type { ModelConfig } from '../../core/model-config';
import { describe, expect, test } from 'vitest';
import { testDevices } from '../../gpu/testing/device';
import { f16ArrayToF32, f32ArrayToF16 } from '../../quant/f16';
import { rope, ropeFrequencies, ropeTable } from './rope';
import { random, relative, runOp, TARGETS } from '../testing/run';

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

const CASES = [config(6, 2, 20, false), config(3, 1, 100, true), config(4, 4, 64, true)];

async function rotate(device: GPUDevice, model: ModelConfig, element: 'f32' | 'f16', position: number) {
  const { numHeads, numKeyValueHeads, headDim } = model;
  const row = (numHeads + 2 * numKeyValueHeads) * headDim;
  const stored = (data: Float32Array<ArrayBuffer>) => (element === 'f16' ? f32ArrayToF16(data) : data);
  const untouched = new Float32Array(numKeyValueHeads * CONTEXT * headDim).fill(-5);
  const { qkv, keys, values } = await runOp(
    device,
    rope,
    {},
    { ...TARGETS.software, activation: element, cache: element },
    {
      bind: {
        table: ropeTable(model, CONTEXT),
        qkv: stored(random(TOKENS * row)),
        keys: stored(untouched),
        values: stored(untouched),
      },
      params: { heads: numHeads, kv_heads: numKeyValueHeads, head_dim: headDim, context: CONTEXT },
      position,
      count: TOKENS,
    },
    ['qkv', 'keys', 'values'],
  );
  return [qkv, keys, values].flatMap((bytes) => [
    ...(element === 'f16' ? f16ArrayToF32(new Uint16Array(bytes)) : new Float32Array(bytes)),
  ]);
}

/** What must be in q|k|v, the keys and the values afterwards. */
function expected(model: ModelConfig): number[] {
  const { numHeads, numKeyValueHeads, headDim } = model;
  const row = (numHeads + 2 * numKeyValueHeads) * headDim;
  const qkv = random(TOKENS * row);
  const after = [...qkv];
  const keys = Array<number>(numKeyValueHeads * CONTEXT * headDim).fill(-5);
  const values = [...keys];
  const frequencies = ropeFrequencies(model);
  for (let t = 0; t < TOKENS; t++) {
    for (let head = 0; head < numHeads + 2 * numKeyValueHeads; head++) {
      const at = t * row + head * headDim;
      const given = qkv.subarray(at, at + headDim);
      const slot = (((head - numHeads) % numKeyValueHeads) * CONTEXT + POSITION + t) * headDim;
      const [target, start, result] =
        head < numHeads
          ? [after, at, rope.reference(given, POSITION + t, frequencies)]
          : head < numHeads + numKeyValueHeads
            ? [keys, slot, rope.reference(given, POSITION + t, frequencies)]
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

for (const { device, features, variant } of await testDevices()) {
  describe(`rope, ${variant}`, () => {
    for (const model of CASES) {
      const scaled = model.ropeScaling ? ', Llama-3 frequencies' : '';
      test(`${model.numHeads}/${model.numKeyValueHeads} heads of ${model.headDim}${scaled}`, async () => {
        const wanted = expected(model);
        expect(off(await rotate(device, model, 'f32', POSITION), wanted)).toBeLessThan(1e-6);
        // a position too early
        expect(off(await rotate(device, model, 'f32', POSITION - 1), wanted)).toBeGreaterThan(0.01);
        if (features.f16) expect(off(await rotate(device, model, 'f16', POSITION), wanted)).toBeLessThan(1e-3);
      });
    }
  });
}

test('frequencies without the Llama-3 scaling are seen to differ', () => {
  const scaled = config(1, 1, 64, true);
  const { ropeScaling: _, ...plain } = scaled;
  expect(relative(ropeTable(plain, 64), ropeTable(scaled, 64))).toBeGreaterThan(1e-3);
  // the fastest pair keeps its frequency, the slowest is eight times slower
  const [with3, without] = [ropeFrequencies(scaled), ropeFrequencies(plain)];
  expect(with3[0]).toBe(without[0]);
  expect(with3.at(-1)).toBe(without.at(-1)! / 8);
});
