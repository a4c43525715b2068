// The whole model on the GPU against the float64 reference: every kind, odd sizes, grouped heads, splits, decode.
import { beforeAll, describe, expect, test } from 'vitest';
import { findAdapter } from '../headless/dawn';
import type { ModelConfig } from '../formats/checkpoint';
import { type Gpu, openAdapter } from '../gpu/device';
import { GREEDY } from '../ops/sample';
import { relative } from '../ops/testing/run';
import { dequantizeRows, quantizeRows } from '../quant/repack';
import { type PackedRows, WEIGHT_KINDS, type WeightKind, type WeightTensor } from '../quant/kinds';
import { llamaReference } from './reference';
import { createSession } from './session';

const base: ModelConfig = {
  architecture: 'llama',
  vocabularySize: 131,
  width: 96,
  feedForwardWidth: 160,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headWidth: 20,
  contextLength: 128,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  tiedHead: false,
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openAdapter(await findAdapter());
});

/** A deterministic stand-in for weights: normal enough, and the same on each run. */
function pseudoRandom(seed: number) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function randomModel(config: ModelConfig, kind: WeightKind, biased: readonly string[] = []) {
  const next = pseudoRandom(7);
  const { width: D, heads: H, keyValueHeads: K, headWidth: d, feedForwardWidth: F, vocabularySize: V } = config;
  const reference = new Map<string, Float32Array>();
  const tensors: WeightTensor[] = [];
  const add = (name: string, rows: number, columns: number, as: WeightKind, spread: number, centre = 0) => {
    const values = Float32Array.from({ length: rows * columns }, () => centre + spread * next());
    const f32: PackedRows = {
      kind: 'f32',
      rows,
      columns,
      codes: new Uint8Array(values.buffer),
      scales: new Uint8Array(),
    };
    const packed = quantizeRows(f32, as);
    reference.set(name, dequantizeRows(packed));
    tensors.push({
      name,
      kind: packed.kind,
      rows,
      columns,
      async *groups() {
        yield { ...packed, rowStart: 0 };
      },
    });
  };
  add('model.embed_tokens.weight', V, D, kind, 1);
  for (let i = 0; i < config.layers; i++) {
    const name = (part: string) => `model.layers.${i}.${part}.weight`;
    add(name('input_layernorm'), 1, D, 'f32', 0.2, 1);
    add(name('self_attn.q_proj'), H * d, D, kind, 0.4);
    add(name('self_attn.k_proj'), K * d, D, kind, 0.4);
    add(name('self_attn.v_proj'), K * d, D, 'f32', 0.2); // another kind: the fused projection has two parts
    add(name('self_attn.o_proj'), D, H * d, (H * d) % 32 === 0 ? kind : 'f16', 0.2);
    add(name('post_attention_layernorm'), 1, D, 'f32', 0.2, 1);
    add(name('mlp.gate_proj'), F, D, kind, 0.2);
    add(name('mlp.up_proj'), F, D, kind, 0.2);
    add(name('mlp.down_proj'), D, F, kind, 0.2);
  }
  for (const [name, values] of reference) {
    if (!biased.some((part) => name.endsWith(`${part}.weight`))) continue;
    const { rows } = tensors.find((tensor) => tensor.name === name)!;
    add(name.replace(/weight$/, 'bias'), 1, rows, 'f32', 0.5, values[0]! > 0 ? 0.5 : -0.5);
  }
  add('model.norm.weight', 1, D, 'f32', 0.2, 1);
  if (!config.tiedHead) add('lm_head.weight', V, D, kind, 0.3);
  return { reference, tensors };
}

const IDS = Array.from({ length: 71 }, (_, i) => (i * 37 + 5) % 131);

/** What these read is read in the same way by those that are tested always. */
const ALIKE: readonly WeightKind[] = process.env['PRONK_LONG'] ? [] : ['q8o', 'q4o', 'q4x16'];

describe('logits of a random model', () => {
  for (const kind of WEIGHT_KINDS.filter((each) => !ALIKE.includes(each))) {
    test(kind, async () => {
      const { reference, tensors } = randomModel(base, kind);
      const session = await createSession(gpu, base, tensors, { precision: 'exact', context: 128 });
      const actual = await session.logits(IDS);
      const expected = llamaReference(base, reference, IDS);
      expect(relative(actual, expected)).toBeLessThan(1e-4);
      session.destroy();
    });
  }
});

test('tensors that no binding holds are cut into parts, and nothing changes', async () => {
  const { reference, tensors } = randomModel(base, 'q4');
  // a few rows a part: the embedding, the head and gate|up are split too
  const session = await createSession(gpu, base, tensors, { precision: 'exact', context: 128, maxPartBytes: 1000 });
  expect(relative(await session.logits(IDS), llamaReference(base, reference, IDS))).toBeLessThan(1e-4);
  session.destroy();
});

test('biases where there are any, and a window, whole and in parts', async () => {
  const config = { ...base, slidingWindow: 9 };
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

test('greedy decoding continues as the reference does, and again from the cache', async () => {
  const config = { ...base, tiedHead: true, slidingWindow: 12 };
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
    const logits = llamaReference(config, reference, expected).subarray(-config.vocabularySize);
    expected.push(logits.indexOf(logits.reduce((a, b) => Math.max(a, b))));
  }
  expect(first).toEqual(expected.slice(prompt.length));
  expect(session.cachedPrefix([...prompt, ...first])).toBe(prompt.length + 11);
  expect(await run()).toEqual(first);
  session.destroy();
});

test('reading a long prompt stops at the signal, and goes on from there', async () => {
  const { tensors } = randomModel(base, 'q8');
  const session = await createSession(gpu, base, tensors, { precision: 'exact', context: 512 });
  const prompt = Array.from({ length: 400 }, (_, i) => (i * 7) % base.vocabularySize);
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
  const whole = await createSession(gpu, base, tensors, { precision: 'exact', context: 512 });
  const ids: number[] = [];
  for await (const id of whole.generate(prompt, GREEDY, 3)) ids.push(id);
  expect(rest).toEqual(ids);
  session.destroy();
  whole.destroy();
});
