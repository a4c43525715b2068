// Adapters in use against PEFT's logits (float64, tools/golden/adapter.py) and against merged models: alone and several at
// once, in prefill and decode, with what tells one conversation from another.
import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { type Adapter, configWith, type LoraPair } from '../../core/adapter';
import { readAdapter } from '../../formats/adapters/index';
import { addPairs, type WeightedPair } from '../../formats/adapters/merge';
import { moduleName } from '../../formats/adapters/modules';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { fromHalfSplit } from '../../formats/checkpoint/permute';
import { bytesSource } from '../../core/source';
import { weightTensors } from '../../formats/checkpoint/weights';
import type { Gpu } from '../../gpu/device';
import { testDevices } from '../../gpu/testing/device';
import { GREEDY } from '../../ops/sample/sampling';
import { relative } from '../../ops/testing/run';
import type { WeightTensor } from '../../core/weight-kinds';
import { dequantizeRows, packRows } from '../../quant/repack';
import type { UsedAdapter } from './lora';
import { createSession, type Session } from './session';
import type { SessionOptions } from './session-options';

const PATIENT = /swiftshader/i;

async function golden(baseName: string, name: string) {
  const source = async (path: string, as: string) =>
    bytesSource(await readFile(new URL(`../golden/${path}`, import.meta.url)), as);
  const checkpoint = await openCheckpoint([
    await source(`${baseName}.config.json`, 'config.json'),
    await source(`${baseName}.safetensors`, 'model.safetensors'),
    bytesSource(Buffer.from('{"model": {"vocab": {"a": 0}, "merges": []}}'), 'tokenizer.json'),
  ]);
  const weights = name === 'llama-2023' ? 'adapter_model.bin' : 'adapter_model.safetensors';
  const adapter = await readAdapter(
    [
      await source(`adapters/${name}/adapter_config.json`, `${name}/adapter_config.json`),
      await source(`adapters/${name}/${weights}`, `${name}/${weights}`),
      bytesSource(Buffer.from('{"model": {"vocab": {"a": 0}, "merges": []}}'), `${name}/tokenizer.json`),
    ],
    checkpoint.config,
  );
  const V = configWith(checkpoint.config, adapter.whole).vocabSize;
  const file = await readFile(new URL(`../golden/adapters/${name}/logits.json`, import.meta.url), 'utf8');
  const { ids, positions, logits } = JSON.parse(file) as { ids: number[]; positions: number[]; logits: number[][] };
  const { config } = checkpoint;
  const tensors = weightTensors(checkpoint, 'keep');
  const open = (gpu: Gpu, options: Partial<SessionOptions> = {}, weightsOf: readonly WeightTensor[] = tensors) =>
    createSession(gpu, config, weightsOf, { precision: 'exact', context: 128, ...options });
  /** The relative error of a session's logits against PEFT's. */
  const error = async (session: Session) => {
    const actual = await session.logits(ids);
    const rows = positions.flatMap((t) => [...actual.subarray(t * V, (t + 1) * V)]);
    return relative(rows, logits.flat());
  };
  return { config, tensors, adapter, ids, open, error };
}

const sameBits = (a: Float32Array, b: Float32Array) =>
  Buffer.compare(new Uint8Array(a.buffer), new Uint8Array(b.buffer)) === 0;

const used = ({ name, pairs, whole }: Adapter, strength = 1): UsedAdapter => ({ key: name, pairs, whole, strength });

/** The weights with adapters merged into them. */
function merged(tensors: readonly WeightTensor[], adapters: readonly UsedAdapter[]): WeightTensor[] {
  return tensors.map((tensor) => {
    const pairs = adapters.flatMap(({ pairs: own, strength }): WeightedPair[] =>
      own.filter((pair) => `${moduleName(pair)}.weight` === tensor.name).map((pair) => ({ pair, strength })),
    );
    if (!pairs.length) return tensor;
    return {
      ...tensor,
      async *groups() {
        for await (const group of tensor.groups()) {
          const values = dequantizeRows(group).slice();
          addPairs(values, group.rowStart, pairs);
          yield { ...packRows(values, tensor.kind, group.rows, group.columns), rowStart: group.rowStart };
        }
      },
    };
  });
}

async function greedy(session: Session, prompt: readonly number[], count: number): Promise<number[]> {
  const ids: number[] = [];
  for await (const id of session.generate(prompt, GREEDY, count)) ids.push(id);
  return ids;
}

const cases = [
  await golden('tiny-llama', 'llama'),
  await golden('tiny-llama', 'llama-2023'),
  await golden('tiny-qwen2', 'qwen2'),
  await golden('tiny-llama', 'llama-dora'),
  await golden('tiny-qwen2', 'qwen2-lora-bias'),
  await golden('tiny-qwen2', 'qwen2-biases'),
  await golden('tiny-llama', 'llama-whole'),
  await golden('tiny-qwen2', 'qwen2-tied'),
];
const [all, twoMaps, , dora] = cases;
const whole = cases[6];

for (const [i, device] of (await testDevices()).entries()) {
  // subgroups differ in how lanes add up, which other tests see
  const patient = (PATIENT.test(device.name) && i === 0) || process.env['PRONK_LONG'];
  const gpus = { 'software’s forms': device, ...(patient && { 'hardware’s forms': { ...device, software: false } }) };
  describe.each(Object.entries(gpus))(`PEFT's logits, ${device.variant}, %s`, (_, gpu) => {
    test('a token at a time goes on as a prompt does', async () => {
      // each session compiles its own kernels, which takes hardware’s forms long
      for (const { open, adapter, ids } of gpu.software ? [all, dora, cases[4]] : [all]) {
        const session = await open(gpu);
        const prompt = ids.slice(0, 9);
        const base = await greedy(session, prompt, 8);
        await session.setAdapters([used(adapter)]);
        const text = await greedy(session, prompt, 8);
        expect(text).not.toEqual(base);
        const V = session.vocabSize;
        const logits = await session.logits([...prompt, ...text]);
        const row = (t: number) => logits.subarray(t * V, (t + 1) * V);
        const likeliest = text.map((_, i) => row(prompt.length - 1 + i)).map((of) => of.indexOf(Math.max(...of)));
        expect(text).toEqual(likeliest);
        session.destroy();
      }
    }, 300_000);

    test('exact', async () => {
      const session = await all.open(gpu);
      expect(await all.error(session)).toBeGreaterThan(0.05); // the base
      await session.setAdapters([used(all.adapter)]);
      expect(await all.error(session)).toBeLessThan(1e-4);
      session.destroy();
    });

    test.runIf(gpu.features.f16)('fast (skipped without shader-f16)', async () => {
      const session = await all.open(gpu, { precision: 'fast' });
      await session.setAdapters([used(all.adapter)]);
      const error = await all.error(session);
      expect(error).toBeLessThan(5e-3);
      expect(error).toBeGreaterThan(1e-5);
      session.destroy();
    });
  });
}

// what these show does not depend on the features of a device
const [gpu] = await testDevices();
const session = await all.open(gpu);
afterAll(() => session.destroy());

test.each(cases.slice(1))('PEFT’s logits: $adapter.name', async ({ open, adapter, error }) => {
  const own = await open(gpu);
  await own.setAdapters([used(adapter)]);
  expect(await error(own)).toBeLessThan(1e-4);
  own.destroy();
});

test('DoRA in parts of a few rows, and beside a plain adapter, is what merging gives', async () => {
  const parts = await dora.open(gpu, { maxPartBytes: 4 * 36 * 10 });
  await parts.setAdapters([used(dora.adapter)]);
  expect(await dora.error(parts)).toBeLessThan(1e-4);
  parts.destroy();
  const both = [used(dora.adapter, 0.6), used(twoMaps.adapter, -0.4)];
  const one = await dora.open(gpu, {}, merged(dora.tensors, both));
  await session.setAdapters(both);
  const [expected, actual] = [await one.logits(dora.ids), await session.logits(dora.ids)];
  expect(relative(actual, expected)).toBeLessThan(1e-5);
  // other strengths, in the buffers that are there
  await session.setAdapters([used(dora.adapter, 1), used(twoMaps.adapter, 0.3)]);
  expect(relative(await session.logits(dora.ids), expected)).toBeGreaterThan(1e-2);
  await session.setAdapters(both);
  expect(relative(await session.logits(dora.ids), expected)).toBeLessThan(1e-5);
  await session.setAdapters([
    used({ ...dora.adapter, pairs: dora.adapter.pairs.map((pair) => ({ ...pair, magnitude: undefined })) }),
  ]);
  expect(await dora.error(session)).toBeGreaterThan(1e-2);
  one.destroy();
});

test('an adapter with more tokens is sampled from its own, and the base from its own again', async () => {
  const own = await whole.open(gpu);
  const before = await greedy(own, whole.ids, 3);
  await own.setAdapters([used(whole.adapter)]);
  const last = whole.ids.length;
  const logits = (await own.logits([...whole.ids, 133])).subarray(last * 134, (last + 1) * 134);
  expect(await greedy(own, [...whole.ids, 133], 1)).toEqual([logits.indexOf(Math.max(...logits))]);
  await own.setAdapters([]);
  expect(await greedy(own, whole.ids, 3)).toEqual(before);
  await expect(greedy(own, [133], 1)).rejects.toMatchObject({ code: 'bad-token' });
  own.destroy();
});

test('in parts of a few rows, and gate|up apart for the base too', async () => {
  const cut = await all.open(gpu, { maxPartBytes: 500 });
  await cut.setAdapters([used(all.adapter)]);
  expect(await all.error(cut)).toBeLessThan(1e-4);
  cut.destroy();
});

test('a wrong order of rows, a dropped scale, a transposed A and a layer left out show', async () => {
  const { headDim } = all.config;
  const error = async (change: (pair: LoraPair) => Partial<LoraPair>) => {
    const pairs = all.adapter.pairs.map((pair) => ({ ...pair, ...change(pair) }));
    await session.setAdapters([{ key: 'same', pairs, strength: 1 }]);
    return all.error(session);
  };
  const halfSplit = ({ b, rank }: LoraPair) => ({
    b: new Float32Array(fromHalfSplit(new Uint8Array(b.buffer), rank * 4, { headDim }).buffer),
  });
  expect(await error(() => ({}))).toBeLessThan(1e-4);
  expect(await error((pair) => (pair.map === 'k_proj' ? halfSplit(pair) : {}))).toBeGreaterThan(1e-3);
  expect(await error(() => ({ scale: 1 }))).toBeGreaterThan(1e-2);
  expect(
    await error(({ a, rank, inputs }) => ({ a: a.map((_, i) => a[(i % rank) * inputs + Math.floor(i / rank)]) })),
  ).toBeGreaterThan(1e-2);
  expect(await error(({ layer }) => (layer === 1 ? { scale: 0 } : {}))).toBeGreaterThan(1e-2);
  // what was changed in between leaves no trace
  expect(await error(() => ({}))).toBeLessThan(1e-4);
});

test('B of zeros, and strength 0, are the base to the bit', async () => {
  await session.setAdapters([]);
  const base = await session.logits(all.ids);
  const zero = { ...all.adapter, pairs: all.adapter.pairs.map((pair) => ({ ...pair, b: pair.b.map(() => 0) })) };
  await session.setAdapters([used(zero)]);
  expect(sameBits(await session.logits(all.ids), base)).toBe(true);
  await session.setAdapters([used(all.adapter, 0)]);
  expect(sameBits(await session.logits(all.ids), base)).toBe(true);
  await session.setAdapters([used(all.adapter)]);
  expect(sameBits(await session.logits(all.ids), base)).toBe(false);
  await session.setAdapters([]);
  expect(sameBits(await session.logits(all.ids), base)).toBe(true);
});

test('several at once, at strengths of their own, are the model that both were merged into', async () => {
  const adapters = (a: number, b: number) => [used(all.adapter, a), used(twoMaps.adapter, b)];
  for (const list of [adapters(0.75, -1.5), adapters(0.75, 0.5).toReversed()]) {
    await session.setAdapters(list);
    const both = await session.logits(all.ids);
    const text = await greedy(session, all.ids.slice(0, 9), 12);
    const whole = await all.open(gpu, {}, merged(all.tensors, list));
    expect(relative(both, await whole.logits(all.ids))).toBeLessThan(1e-4);
    expect(text).toEqual(await greedy(whole, all.ids.slice(0, 9), 12));
    whole.destroy();
    // another strength is another model
    await session.setAdapters(adapters(0.75, 0.4));
    expect(relative(both, await session.logits(all.ids))).toBeGreaterThan(1e-3);
  }
});

test('base and adapter keep what they have read; another strength reads anew', async () => {
  const prompt = all.ids.slice(0, 20);
  const ask = async (adapters: readonly UsedAdapter[]) => {
    await session.setAdapters(adapters);
    const cached = session.cachedPrefix(prompt);
    return { cached, text: await greedy(session, prompt, 6) };
  };
  const strong = [used(all.adapter)];
  const first = { base: await ask([]), adapted: await ask(strong) };
  expect(first.adapted.cached).toBe(0);
  expect(first.adapted.text).not.toEqual(first.base.text);
  for (const [adapters, { text }] of [
    [[], first.base],
    [strong, first.adapted],
    [[], first.base],
  ] as const) {
    expect(await ask(adapters)).toEqual({ cached: prompt.length - 1, text });
  }
  expect((await ask([used(all.adapter, 0.5)])).cached).toBe(0);
  expect(await ask(strong)).toEqual({ cached: 0, text: first.adapted.text });
  // other values under the old name
  const others = all.adapter.pairs.map((pair) => ({ ...pair, a: pair.a.map((x) => -x) }));
  expect((await ask([{ ...strong[0], pairs: others }])).cached).toBe(0);
  expect((await ask([used(twoMaps.adapter)])).cached).toBe(0);
  expect((await ask([])).cached).toBe(prompt.length - 1);
  // both caches are counted
  const { numLayers, numKeyValueHeads, headDim } = all.config;
  expect(session.memory['cache']).toBe(2 * 2 * numLayers * numKeyValueHeads * headDim * 128 * 4);
  expect(session.memory['adapters']).toBeGreaterThan(0);
});
