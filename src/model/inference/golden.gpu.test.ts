// Logits against PyTorch's, computed in float64 by tools/golden/llama.py.
import type { ModelConfig } from '../../core/model-config';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { bytesSource } from '../../core/source';
import { type Quantize, weightTensors } from '../../formats/checkpoint/weights';
import type { Gpu } from '../../gpu/device';
import { testDevices } from '../../gpu/testing/device';
import { relative } from '../../ops/testing/run';
import { createSession } from './session';

/** Hardware's forms take lavapipe a minute to compile; they are the same shaders on SwiftShader. */
const PATIENT = /swiftshader/i;

interface Options {
  readonly precision?: 'exact' | 'fast';
  readonly change?: Partial<ModelConfig>;
  readonly quantize?: Quantize;
  /** Tensors that are left out. */
  readonly without?: RegExp;
}

/** How far a tiny model's logits are from the file's. */
async function golden(name: string) {
  const file = (part: string) => readFile(new URL(`../golden/${name}.${part}`, import.meta.url));
  const { ids, positions, logits } = JSON.parse(String(await file('logits.json'))) as {
    ids: number[];
    positions: number[];
    logits: number[][];
  };
  const checkpoint = await openCheckpoint([
    bytesSource(await file('config.json'), 'config.json'),
    bytesSource(await file('safetensors'), 'model.safetensors'),
    bytesSource(Buffer.from('{"model": {"vocab": {"a": 0}, "merges": []}}'), 'tokenizer.json'),
  ]);
  const { config } = checkpoint;
  const error = async (gpu: Gpu, { precision = 'exact', change, quantize = 'keep', without }: Options = {}) => {
    const tensors = weightTensors(checkpoint, quantize).filter((tensor) => !without?.test(tensor.name));
    const session = await createSession(gpu, { ...config, ...change }, tensors, { precision, context: 96 });
    const actual = await session.logits(ids);
    session.destroy();
    const rows = positions.flatMap((t) => [...actual.subarray(t * 131, (t + 1) * 131)]);
    return relative(rows, logits.flat());
  };
  return { config, error };
}

const [llama, qwen2, mistral] = await Promise.all(['tiny-llama', 'tiny-qwen2', 'tiny-mistral'].map(golden));

for (const gpu of await testDevices()) {
  const hardware = { ...gpu, software: false };
  const patient = PATIENT.test(gpu.name) || process.env['PRONK_LONG'];

  describe(`a tiny LLaMA with Llama-3 scaling, ${gpu.variant}`, () => {
    test('exact', async () => {
      expect(await llama.error(gpu)).toBeLessThan(1e-4);
    });
    test.runIf(patient)(
      'exact, in the forms that hardware gets (skipped on SwiftShader but in test:long)',
      async () => {
        expect(await llama.error(hardware)).toBeLessThan(1e-4);
      },
    );
    test.runIf(gpu.features.f16)('fast: activations and cache in f16 (skipped without shader-f16)', async () => {
      const fast = await llama.error(gpu, { precision: 'fast' });
      expect(fast).toBeLessThan(5e-3);
      // it really computes in f16
      expect(fast).toBeGreaterThan(1e-5);
    });
    test('a wrong rotation shows', async () => {
      const ropeScaling = { type: 'linear', factor: 4 } as const;
      expect(await llama.error(gpu, { change: { ropeScaling } })).toBeGreaterThan(1e-2);
      expect(await llama.error(gpu, { change: { rmsNormEps: 1e-2 } })).toBeGreaterThan(1e-4);
    });
  });
}

// what these add does not depend on the features of a device
const [gpu] = await testDevices();
const patient = PATIENT.test(gpu.name) || process.env['PRONK_LONG'];

describe('a tiny Qwen2, whose q, k and v have biases', () => {
  test('exact', async () => {
    expect(qwen2.config).toMatchObject({ architecture: 'qwen2', tieWordEmbeddings: true });
    expect(await qwen2.error(gpu)).toBeLessThan(1e-4);
  });
  test.runIf(patient)('exact, in the forms that hardware gets (skipped on SwiftShader but in test:long)', async () => {
    expect(await qwen2.error({ ...gpu, software: false })).toBeLessThan(1e-4);
  });
  test('a bias left out shows', async () => {
    expect(await qwen2.error(gpu, { without: /layers\.1\.self_attn\.k_proj\.bias/ })).toBeGreaterThan(1e-3);
    expect(await qwen2.error(gpu, { without: /bias/ })).toBeGreaterThan(1e-2);
  });
});

describe('a tiny Mistral, which sees four positions', () => {
  test('exact', async () => {
    expect(mistral.config).toMatchObject({ architecture: 'mistral', slidingWindow: 4 });
    expect(await mistral.error(gpu)).toBeLessThan(1e-4);
  });
  test('a window off by one shows', async () => {
    expect(await mistral.error(gpu, { change: { slidingWindow: 3 } })).toBeGreaterThan(1e-2);
    expect(await mistral.error(gpu, { change: { slidingWindow: 5 } })).toBeGreaterThan(1e-2);
  });
});
