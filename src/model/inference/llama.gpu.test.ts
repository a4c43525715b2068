// The whole model on the GPU against the float64 reference: every kind, odd sizes, grouped heads, splits, decode.
import type { ModelConfig } from '../../core/model-config';
import { beforeAll, describe, expect, test } from 'vitest';
import { LINEAR_MAPS } from '../../core/adapter';
import { findAdapter } from '../../headless/dawn';
import { type Gpu, openAdapter } from '../../gpu/device';
import { GREEDY } from '../../ops/sample/sampling';
import { relative } from '../../ops/testing/run';
import type { WeightKind } from '../../core/weight-kinds';
import { KERNEL_KINDS } from '../../ops/matmul/weights';
import { llamaReference } from '../reference/llama';
import { createSession } from './session';
import { GEMMA, OPT_WAYS, randomModel, TINY } from '../testing/random-model';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openAdapter(await findAdapter());
});

const IDS = Array.from({ length: 71 }, (_, i) => (i * 37 + 5) % 131);

/** Kinds that kernels read in the same way as others, which are always tested. */
const ALIKE: readonly WeightKind[] = process.env['PRONK_LONG'] ? [] : ['q8o', 'q4o', 'q4x16', 'q4fpx16'];

describe('logits of a random model', () => {
  for (const kind of KERNEL_KINDS.filter((each) => !ALIKE.includes(each))) {
    test(kind, async () => {
      const { reference, tensors } = randomModel(TINY, kind);
      const session = await createSession(gpu, TINY, tensors, { precision: 'exact', context: 128 });
      const actual = await session.logits(IDS);
      const expected = llamaReference(TINY, reference, IDS);
      expect(relative(actual, expected)).toBeLessThan(1e-4);
      session.destroy();
    });
  }
});

test('tensors that no binding holds are cut into parts, and nothing changes', async () => {
  const { reference, tensors } = randomModel(TINY, 'q4');
  // a few rows a part: the embedding, the head and gate|up are split too
  const session = await createSession(gpu, TINY, tensors, { precision: 'exact', context: 128, maxPartBytes: 1000 });
  expect(relative(await session.logits(IDS), llamaReference(TINY, reference, IDS))).toBeLessThan(1e-4);
  session.destroy();
});

test('biases where there are any, and a window, whole and in parts', async () => {
  const config = { ...TINY, slidingWindow: 9 };
  // of q|k|v and gate|up one part has none
  const { reference, tensors } = randomModel(config, 'q8', ['q_proj', 'v_proj', 'o_proj', 'up_proj', 'down_proj']);
  const expected = llamaReference(config, reference, IDS);
  const error = async (bytes: number, changed: Partial<ModelConfig> = {}) => {
    const options = { precision: 'exact', context: 128, maxPartBytes: bytes } as const;
    const session = await createSession(gpu, { ...config, ...changed }, tensors, options);
    const logits = await session.logits(IDS);
    session.destroy();
    return relative(logits, expected);
  };
  expect(await error(Infinity)).toBeLessThan(1e-4);
  expect(await error(4000)).toBeLessThan(1e-4);
  expect(await error(Infinity, { slidingWindow: 8 })).toBeGreaterThan(1e-3);
});

test('what Gemma 3 adds, whole and in parts', async () => {
  const config = { ...TINY, ...GEMMA, slidingWindow: 9 };
  const { reference, tensors } = randomModel(config, 'q8');
  const expected = llamaReference(config, reference, IDS);
  const error = async (changed: ModelConfig, maxPartBytes = Infinity) => {
    const session = await createSession(gpu, changed, tensors, { precision: 'exact', context: 128, maxPartBytes });
    const logits = await session.logits(IDS);
    session.destroy();
    return relative(logits, expected);
  };
  expect(await error(config)).toBeLessThan(1e-4);
  expect(await error(config, 4000)).toBeLessThan(1e-4);
  expect(await error({ ...config, slidingWindow: 8 })).toBeGreaterThan(1e-3);
  expect(await error({ ...config, localRopeTheta: config.ropeTheta })).toBeGreaterThan(1e-3);
  expect(await error({ ...config, embeddingScale: 1 })).toBeGreaterThan(1e-2);
  expect(await error({ ...config, activation: 'silu' })).toBeGreaterThan(1e-2);
  const { unitOffsetNorm: _, ...centred } = config;
  expect(await error(centred)).toBeGreaterThan(0.1);
});

test('heads that are normalized, and a layer without rotary positions', async () => {
  const config = { ...TINY, qkNorm: true as const, nopeLayers: [1] };
  const { reference, tensors } = randomModel(config, 'q8');
  const expected = llamaReference(config, reference, IDS);
  const error = async (changed: ModelConfig) => {
    const session = await createSession(gpu, changed, tensors, { precision: 'exact', context: 128 });
    const logits = await session.logits(IDS);
    session.destroy();
    return relative(logits, expected);
  };
  expect(await error(config)).toBeLessThan(1e-4);
  expect(await error({ ...config, nopeLayers: [0] })).toBeGreaterThan(1e-2);
  const { qkNorm: _, ...unnormed } = config;
  expect(await error(unnormed)).toBeGreaterThan(1e-2);
});

test('OPT’s ways: LayerNorms, learned positions, and no gate', async () => {
  const config: ModelConfig = { ...TINY, ...OPT_WAYS, numKeyValueHeads: 6, tieWordEmbeddings: true };
  const { reference, tensors } = randomModel(config, 'q8', LINEAR_MAPS);
  const expected = llamaReference(config, reference, IDS);
  for (const maxPartBytes of [Infinity, 12_000]) {
    const session = await createSession(gpu, config, tensors, { precision: 'exact', context: 128, maxPartBytes });
    expect(relative(await session.logits(IDS), expected)).toBeLessThan(1e-4);
    session.destroy();
  }
  const { learnedPositions: _, ...rotated } = config;
  expect(relative(llamaReference(rotated, reference, IDS), expected)).toBeGreaterThan(1e-2);
  const { layerNorm: __, ...rms } = config;
  expect(relative(llamaReference(rms, reference, IDS), expected)).toBeGreaterThan(1e-2);
});

test('greedy decoding continues as the reference does, and again from the cache', async () => {
  const config = { ...TINY, tieWordEmbeddings: true, slidingWindow: 12 };
  const { reference, tensors } = randomModel(config, 'q8', ['k_proj']);
  const session = await createSession(gpu, config, tensors, { precision: 'exact', context: 128 });
  const prompt = IDS.slice(0, 9);
  const run = async () => {
    const ids: number[] = [];
    for await (const id of session.generate(prompt, GREEDY, 12)) ids.push(id);
    return ids;
  };
  const first = await run();
  const expected = [...prompt];
  for (let i = 0; i < 12; i++) {
    const logits = llamaReference(config, reference, expected).subarray(-config.vocabSize);
    expected.push(logits.indexOf(logits.reduce((a, b) => Math.max(a, b))));
  }
  expect(first).toEqual(expected.slice(prompt.length));
  expect(session.cachedPrefix([...prompt, ...first])).toBe(prompt.length + 11);
  expect(await run()).toEqual(first);
  session.destroy();
});

test('reading a long prompt stops at the signal, and goes on from there', async () => {
  const { tensors } = randomModel(TINY, 'q8');
  const session = await createSession(gpu, TINY, tensors, { precision: 'exact', context: 512 });
  const prompt = Array.from({ length: 400 }, (_, i) => (i * 7) % TINY.vocabSize);
  const run = async (signal?: AbortSignal) => {
    const ids: number[] = [];
    for await (const id of session.generate(prompt, GREEDY, 3, signal)) ids.push(id);
    return ids;
  };
  expect(await run(AbortSignal.abort())).toEqual([]);
  const read = session.cachedPrefix(prompt);
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(prompt.length - 1);
  const rest = await run();
  const whole = await createSession(gpu, TINY, tensors, { precision: 'exact', context: 512 });
  const ids: number[] = [];
  for await (const id of whole.generate(prompt, GREEDY, 3)) ids.push(id);
  expect(rest).toEqual(ids);
  session.destroy();
  whole.destroy();
});
