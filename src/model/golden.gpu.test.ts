// Logits against PyTorch's, computed in float64 by tools/golden/llama.py.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../formats/open';
import { bytesSource } from '../formats/source';
import { type Quantize, weightTensors } from '../formats/weights';
import type { Gpu } from '../gpu/device';
import { testDevices } from '../gpu/testing/device';
import { relative } from '../ops/testing/run';
import type { ModelConfig } from '../formats/checkpoint';
import { createSession } from './session';

/** Hardware's forms take lavapipe a minute to compile; they are the same shaders on SwiftShader. */
const PATIENT = /swiftshader/i;

const file = (name: string) => readFile(new URL(`golden/tiny-llama.${name}`, import.meta.url));
const golden = JSON.parse(String(await file('logits.json'))) as {
  ids: number[];
  positions: number[];
  logits: number[][];
};
const checkpoint = await openCheckpoint([
  bytesSource(await file('config.json'), 'config.json'),
  bytesSource(await file('safetensors'), 'model.safetensors'),
  bytesSource(Buffer.from('{"model": {"vocab": {"a": 0}, "merges": []}}'), 'tokenizer.json'),
]);

for (const gpu of await testDevices()) {
  const error = async (
    precision: 'exact' | 'fast',
    change: Partial<ModelConfig> = {},
    quantize: Quantize = 'keep',
    on: Gpu = gpu,
  ) => {
    const tensors = weightTensors(checkpoint, quantize);
    const session = await createSession(on, { ...checkpoint.config, ...change }, tensors, { precision, context: 96 });
    const logits = await session.logits(golden.ids);
    session.destroy();
    const rows = golden.positions.flatMap((t) => [...logits.subarray(t * 131, (t + 1) * 131)]);
    return relative(rows, golden.logits.flat());
  };

  describe(`a tiny LLaMA with Llama-3 scaling, ${gpu.variant}`, () => {
    test('exact', async () => {
      expect(await error('exact')).toBeLessThan(1e-4);
    });
    test.runIf(PATIENT.test(gpu.name) || process.env['PRONK_LONG'])(
      'exact, in the forms that hardware gets',
      async () => {
        expect(await error('exact', {}, 'keep', { ...gpu, software: false })).toBeLessThan(1e-4);
      },
    );
    test.runIf(gpu.features.f16)('fast: activations and cache in f16', async () => {
      const fast = await error('fast');
      expect(fast).toBeLessThan(5e-3);
      // it really computes in f16
      expect(fast).toBeGreaterThan(1e-5);
    });
    test('a wrong rotation shows', async () => {
      const { ropeScaling: _, ...plain } = checkpoint.config;
      expect(await error('exact', { ...plain, ropeScaling: { type: 'linear', factor: 4 } })).toBeGreaterThan(1e-2);
      expect(await error('exact', { normEpsilon: 1e-2 })).toBeGreaterThan(1e-4);
    });
  });
}
