// Logits against PyTorch's, computed in float64 by tools/golden/llama.py.
import type { ModelConfig, RopeScaling } from '../../core/model-config';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { defined } from '../../core/defined';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { bytesSource } from '../../core/source';
import { type Quantize, weightTensors } from '../../formats/checkpoint/weights';
import type { Gpu } from '../../gpu/device';
import { testDevices } from '../../gpu/testing/device';
import { relative } from '../../ops/testing/run';
import { createSession } from './session';
import { WEIGHTS } from '../testing/golden';

/** Hardware's forms take lavapipe a minute to compile; they are the same shaders on SwiftShader. */
const PATIENT = /swiftshader/i;

interface Options {
  readonly precision?: 'exact' | 'fast';
  readonly change?: Partial<ModelConfig>;
  /** Another configuration than the file's. */
  readonly config?: ModelConfig;
  readonly quantize?: Quantize;
  /** Tensors that are left out. */
  readonly without?: RegExp;
}

/** The relative error of a tiny model's logits against the file's. */
async function golden(name: string) {
  const file = (part: string) => readFile(new URL(`../golden/${name}.${part}`, import.meta.url));
  const { ids, positions, logits } = JSON.parse(String(await file('logits.json'))) as {
    ids: number[];
    positions: number[];
    logits: number[][];
  };
  const checkpoint = await openCheckpoint([
    bytesSource(await file('config.json'), 'config.json'),
    bytesSource(
      await readFile(new URL(`../golden/${WEIGHTS[name] ?? name}.safetensors`, import.meta.url)),
      'model.safetensors',
    ),
    bytesSource(Buffer.from('{"model": {"vocab": {"a": 0}, "merges": []}}'), 'tokenizer.json'),
  ]);
  const { config } = checkpoint;
  const error = async (
    gpu: Gpu,
    { precision = 'exact', change, quantize = 'keep', without, config: other = config }: Options = {},
  ) => {
    const tensors = weightTensors(checkpoint, quantize).filter((tensor) => !without?.test(tensor.name));
    const session = await createSession(gpu, { ...other, ...change }, tensors, { precision, context: ids.length + 6 });
    const actual = await session.logits(ids);
    session.destroy();
    const rows = positions.flatMap((t) => [...actual.subarray(t * 131, (t + 1) * 131)]);
    return relative(rows, logits.flat());
  };
  return { config, error };
}

const [llama, qwen2, mistral, ministral3, phi3, gemma3, qwen3, smollm3, opt] = await Promise.all(
  [
    'tiny-llama',
    'tiny-qwen2',
    'tiny-mistral',
    'tiny-ministral3',
    'tiny-phi3',
    'tiny-gemma3',
    'tiny-qwen3',
    'tiny-smollm3',
    'tiny-opt',
  ].map(golden),
);

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
    test.runIf(gpu.features.f16 && process.env['PRONK_LONG'])(
      'fast, in the forms that hardware gets (skipped without shader-f16, and but in test:long)',
      async () => {
        const fast = await llama.error(hardware, { precision: 'fast' });
        expect(fast).toBeLessThan(5e-3);
        expect(fast).toBeGreaterThan(1e-5);
      },
    );
    test('a wrong rotation shows', async () => {
      const ropeScaling = { type: 'linear', factor: 4 } as const;
      expect(await llama.error(gpu, { change: { ropeScaling } })).toBeGreaterThan(1e-2);
      expect(await llama.error(gpu, { change: { rmsNormEps: 1e-2 } })).toBeGreaterThan(1e-4);
    });
  });
}

// what these add does not depend on the features of a device
const devices = await testDevices();
const [gpu] = devices;
const half = devices.find(({ features }) => features.f16);
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

describe('a tiny Ministral 3, over 256 tokens', () => {
  test('exact', async () => {
    expect(ministral3.config).toMatchObject({ architecture: 'ministral3', queryScaling: { beta: 0.3 } });
    expect(await ministral3.error(gpu)).toBeLessThan(1e-4);
  });
  test('queries that do not grow show, and those that grow too late', async () => {
    const grow = async (beta: number, originalContextLength: number) =>
      ministral3.error(gpu, { change: { queryScaling: { beta, originalContextLength } } });
    expect(await grow(0, 8)).toBeGreaterThan(1e-2);
    expect(await grow(0.3, 9)).toBeGreaterThan(1e-3);
  });
});

describe('a tiny Phi-3, over 256 tokens', () => {
  test('exact', async () => {
    expect(phi3.config).toMatchObject({ architecture: 'phi3', rotaryDim: 12, slidingWindow: 12 });
    expect(await phi3.error(gpu)).toBeLessThan(1e-4);
  });
  test('the short list for the long text, another magnitude and a window off by one show', async () => {
    const scaled = async (change: object) =>
      phi3.error(gpu, { change: { ropeScaling: { ...phi3.config.ropeScaling, ...change } as RopeScaling } });
    expect(await scaled({})).toBeLessThan(1e-4);
    expect(await scaled({ originalContextLength: 300 })).toBeGreaterThan(1e-2);
    expect(await scaled({ attentionFactor: 1 })).toBeGreaterThan(1e-2);
    expect(await phi3.error(gpu, { change: { slidingWindow: 13 } })).toBeGreaterThan(1e-3);
    expect(await phi3.error(gpu, { change: { slidingWindow: 11 } })).toBeGreaterThan(1e-3);
  });
});

describe('a tiny Gemma 3, 256 positions', () => {
  const changed = (change: Partial<ModelConfig>) => gemma3.error(gpu, { change });

  test('exact', async () => {
    expect(gemma3.config).toMatchObject({ architecture: 'gemma3', slidingWindow: 7, windowLayers: [0, 2] });
    expect(await gemma3.error(gpu)).toBeLessThan(1e-4);
  });
  test.runIf(half)('fast: the cache alone in f16 (skipped without shader-f16)', async () => {
    const fast = await gemma3.error(defined(half, 'a device with f16'), { precision: 'fast' });
    expect(fast).toBeLessThan(5e-3);
    expect(fast).toBeGreaterThan(1e-5);
  });
  test('a window off by one shows', async () => {
    expect(await changed({ slidingWindow: 6 })).toBeGreaterThan(1e-2);
    expect(await changed({ slidingWindow: 8 })).toBeGreaterThan(1e-2);
  });
  test('one rotary base for all layers shows', async () => {
    expect(await changed({ localRopeTheta: gemma3.config.ropeTheta })).toBeGreaterThan(1e-2);
  });
  test('an embedding or scores of another scale, and the other activation, show', async () => {
    expect(await changed({ embeddingScale: 1 })).toBeGreaterThan(1e-2);
    expect(await changed({ attentionScale: gemma3.config.headDim ** -0.5 })).toBeGreaterThan(1e-2);
    expect(await changed({ activation: 'silu' })).toBeGreaterThan(1e-2);
  });
  test('gains without the one that is added show', async () => {
    const { unitOffsetNorm: _, ...config } = gemma3.config;
    expect(await gemma3.error(gpu, { config })).toBeGreaterThan(0.1);
  });
});

describe('a tiny Qwen3, whose heads of q and k are normalized, over 256 tokens', () => {
  test('exact', async () => {
    expect(qwen3.config).toMatchObject({ architecture: 'qwen3', qkNorm: true, headDim: 20 });
    expect(await qwen3.error(gpu)).toBeLessThan(1e-4);
  });
  test.runIf(patient)('exact, in the forms that hardware gets (skipped on SwiftShader but in test:long)', async () => {
    expect(await qwen3.error({ ...gpu, software: false })).toBeLessThan(1e-4);
  });
  test.runIf(gpu.features.f16)('fast: activations and cache in f16 (skipped without shader-f16)', async () => {
    expect(await qwen3.error(gpu, { precision: 'fast' })).toBeLessThan(2e-2);
  });
  test('the norm left out shows', async () => {
    const { qkNorm: _, ...config } = qwen3.config;
    expect(await qwen3.error(gpu, { config })).toBeGreaterThan(1e-2);
  });
});

describe('a tiny SmolLM3, whose fourth layer is without rotary positions, over 256 tokens', () => {
  test('exact', async () => {
    expect(smollm3.config).toMatchObject({ architecture: 'smollm3', nopeLayers: [3], ropeTheta: 2e6 });
    expect(await smollm3.error(gpu)).toBeLessThan(1e-4);
  });
  test('the fourth layer rotated shows, and the third not', async () => {
    expect(await smollm3.error(gpu, { change: { nopeLayers: [] } })).toBeGreaterThan(1e-2);
    expect(await smollm3.error(gpu, { change: { nopeLayers: [2, 3] } })).toBeGreaterThan(1e-2);
  });
});

describe('a tiny OPT, over 256 tokens', () => {
  test('exact', async () => {
    expect(opt.config).toMatchObject({ architecture: 'opt', layerNorm: true, learnedPositions: true });
    expect(await opt.error(gpu)).toBeLessThan(1e-4);
  });
  test('another epsilon shows', async () => {
    expect(await opt.error(gpu, { change: { rmsNormEps: 0.1 } })).toBeGreaterThan(1e-3);
  });
});
