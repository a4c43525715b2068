// Adapters that are more than pairs, merged: the float64 reference's logits of the merged weights against PEFT's own
// (tools/golden/adapter.py), and what of an adapter must not be left out.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Adapter, configWith } from '../../core/adapter';
import { bytesSource } from '../../core/source';
import { readAdapter } from '../../formats/adapters/index';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { weightTensors } from '../../formats/checkpoint/weights';
import { llamaReference } from '../../model/reference/llama';
import { relative } from '../../ops/testing/numbers';
import { dequantizeRows } from '../../quant/repack';
import { memoryStore } from '../../storage/memory';
import { AdapterStore } from '../../storage/adapters';
import { adapterFiles } from './adapter';
import type { FileContent } from './file';
import { mergedFiles } from './merge';
import { mergedTensors } from './merged';
import type { Base } from './origin';
import { sourcesOf } from '../../formats/testing/pieces';

const read = (path: string, name: string) => bytesSource(readFileSync(`src/model/golden/${path}`), name);
const TOKENIZER = bytesSource(
  new TextEncoder().encode('{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}'),
  'adapter/tokenizer.json',
);

async function golden(name: string) {
  const model = name.startsWith('qwen2') ? 'tiny-qwen2' : 'tiny-llama';
  const checkpoint = await openCheckpoint([
    read(`${model}.config.json`, 'config.json'),
    read(`${model}.safetensors`, 'model.safetensors'),
    TOKENIZER,
  ]);
  const tensors = weightTensors(checkpoint, 'keep');
  const files = ['adapter_config.json', 'adapter_model.safetensors'].map((file) =>
    read(`adapters/${name}/${file}`, `${name}/${file}`),
  );
  const { config } = checkpoint;
  const adapter = await readAdapter([...files, TOKENIZER], config, tensors);
  const base: Base = { ...checkpoint, source: 'golden', tensors };
  const wanted = JSON.parse(String(readFileSync(`src/model/golden/adapters/${name}/logits.json`))) as {
    ids: number[];
    positions: number[];
    logits: number[][];
  };
  /** How far the logits of the merged weights are from PEFT's. */
  const off = async (own: Adapter, strength = 1) => {
    const weights = new Map<string, Float32Array>();
    for (const tensor of mergedTensors(tensors, [{ ...own, key: own.name, strength }], () => 'f32')) {
      const values = new Float32Array(tensor.rows * tensor.columns);
      for await (const group of tensor.groups()) values.set(dequantizeRows(group), group.rowStart * tensor.columns);
      weights.set(tensor.name, values);
    }
    const merged = configWith(config, own.whole);
    const logits = llamaReference(merged, weights, wanted.ids);
    const V = merged.vocabSize;
    const chosen = wanted.positions.flatMap((t) => [...logits.subarray(t * V, (t + 1) * V)]);
    return relative(chosen, wanted.logits.flat());
  };
  return { config, base, adapter, files, off };
}

const cases = Object.fromEntries(
  await Promise.all(
    ['llama-dora', 'qwen2-lora-bias', 'qwen2-biases', 'llama-whole', 'qwen2-tied'].map(
      async (name) => [name, await golden(name)] as const,
    ),
  ),
);

const sources = (files: readonly FileContent[]) =>
  sourcesOf(files.map(({ name, pieces }) => ({ name: `back/${name}`, pieces })));

describe.each(Object.entries(cases))('%s', (_, { adapter, base, off, config }) => {
  test('merges to what PEFT computes', async () => {
    expect(await off(adapter)).toBeLessThan(1e-5);
  });

  test('comes back from the store, and from the folder that is written for PEFT', async () => {
    const store = new AdapterStore(memoryStore());
    const { id } = await store.add(adapter, {
      name: 'x',
      modelId: 'm',
      modelName: 'm',
      model: {} as never,
      source: 'imported',
    });
    expect(await off(await store.open(id))).toBeLessThan(1e-5);
    const files = await sources(await adapterFiles(adapter, base, 'peft'));
    expect(await off(await readAdapter(files, config, base.tensors))).toBeLessThan(1e-5);
  });

  test('has no file for llama.cpp or mlx-lm', async () => {
    for (const format of ['gguf', 'mlx'] as const) {
      await expect(adapterFiles(adapter, base, format)).rejects.toMatchObject({
        code: 'unsupported-format',
        message: expect.stringMatching(/cannot hold\. Merge it/) as string,
      });
    }
  });
});

test('each part of an adapter matters', async () => {
  const without = async (name: string, change: (adapter: Adapter) => Partial<Adapter>) => {
    const { adapter, off } = cases[name];
    return off({ ...adapter, ...change(adapter) });
  };
  const pairs = (change: (pair: Adapter['pairs'][number]) => object) => (adapter: Adapter) => ({
    pairs: adapter.pairs.map((pair) => ({ ...pair, ...change(pair) })),
  });
  expect(
    await without(
      'llama-dora',
      pairs(() => ({ magnitude: undefined })),
    ),
  ).toBeGreaterThan(1e-2);
  const ones = pairs(({ magnitude }) => ({ magnitude: magnitude?.map(() => 1) }));
  expect(await without('llama-dora', ones)).toBeGreaterThan(1e-2);
  // q's magnitudes in another order of rows
  const turned = pairs(({ map, magnitude }) => (map === 'q_proj' ? { magnitude: magnitude?.toReversed() } : {}));
  expect(await without('llama-dora', turned)).toBeGreaterThan(1e-3);
  expect(
    await without(
      'qwen2-lora-bias',
      pairs(() => ({ bias: undefined })),
    ),
  ).toBeGreaterThan(1e-2);
  expect(await without('qwen2-biases', () => ({ whole: [] }))).toBeGreaterThan(1e-2);
  const some =
    (name: RegExp) =>
    ({ whole = [] }: Adapter) => ({ whole: whole.filter((tensor) => !name.test(tensor.name)) });
  expect(await without('llama-whole', some(/norm/))).toBeGreaterThan(1e-3);
});

test('strength goes from the base to the adapter in a straight line of weights', async () => {
  const { adapter, base } = cases['llama-dora'];
  const name = 'model.layers.1.mlp.up_proj.weight';
  const at = async (strength: number) => {
    const tensors = mergedTensors(base.tensors, [{ ...adapter, key: 'x', strength }], () => 'f32');
    const groups: number[] = [];
    for await (const group of tensors.find((tensor) => tensor.name === name)?.groups() ?? [])
      groups.push(...dequantizeRows(group));
    return groups;
  };
  const [none, half, all] = [await at(0), await at(0.5), await at(1)];
  expect(
    relative(
      half,
      none.map((value, i) => (value + all[i]) / 2),
    ),
  ).toBeLessThan(1e-6);
  expect(relative(none, all)).toBeGreaterThan(0.1);
});

test('a merged model has the adapter’s tokens', async () => {
  for (const [name, V] of [
    ['llama-whole', 134],
    ['qwen2-tied', 133],
  ] as const) {
    const { adapter, base } = cases[name];
    expect(adapter.tokenizer).toBeDefined();
    const files = mergedFiles(base, [{ adapter, strength: 1 }], { format: 'hf', dtype: 'f32' });
    const opened = await openCheckpoint((await sources(files)).filter((file) => !/README|pronk/.test(file.name)));
    expect(opened.config).toEqual({ ...base.config, vocabSize: V });
  }
});

test('what would tear a model apart is refused', async () => {
  const { config, files, adapter } = cases['llama-whole'];
  await expect(readAdapter(files, config)).rejects.toMatchObject({
    code: 'missing-tokenizer',
    message: expect.stringMatching(/134 tokens.*131.*tokenizer\.json/) as string,
  });
  const { base } = cases['llama-whole'];
  const twice = [adapter, { ...adapter, name: 'other' }].map((each) => ({ adapter: each, strength: 1 }));
  expect(() => mergedFiles(base, twice, { format: 'hf', dtype: 'f32' })).toThrow(/one at a time/);
  const headless = { ...adapter, whole: adapter.whole?.filter(({ name }) => name !== 'lm_head.weight') ?? [] };
  const merge = () => mergedFiles(base, [{ adapter: headless, strength: 1 }], { format: 'hf', dtype: 'f32' });
  expect(merge).toThrow(/134 tokens and its head 131/);
});
