// One tiny model as every program quantizes it, read here, against what those programs make of it again
// (tools/golden/quantized.py).
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../core/checkpoint';
import { bytesSource, type Source } from '../../core/source';
import { dequantizeElements, elementRowBytes, storedKind } from '../../quant/elements';
import { bf16ArrayToF32, f32ArrayToBf16 } from '../../quant/f16';
import { dequantizeRows } from '../../quant/repack';
import { openCheckpoint } from '../checkpoint/open';
import { fromHalfSplit } from '../checkpoint/permute';
import { convertRows } from '../checkpoint/weights';
import { readSafetensors } from '../safetensors/safetensors';
import { jsonSource, tokenizer } from '../testing/family-models';

const FOLDER = 'src/formats/golden/quantized';
const file = (path: string) => bytesSource(new Uint8Array(readFileSync(`${FOLDER}/${path}`)), path);
const configOf = (name: string) => JSON.parse(readFileSync(`${FOLDER}/${name}/config.json`, 'utf8')) as object;
const open = (name: string, config: object = configOf(name), weights: Source = file(`${name}/model.safetensors`)) =>
  openCheckpoint([jsonSource(config, `${name}/config.json`), weights, tokenizer]);

async function expectedOf(name: string) {
  const { tensors } = await readSafetensors(file(`${name}/expected.safetensors`));
  const read = async (part: string) => {
    const { source, start, bytes, shape } = tensors.get(part)!;
    const plain = await source.read(start, start + bytes);
    const ordered = part.endsWith('q_proj')
      ? fromHalfSplit(plain, shape[1] * 4, { headDim: 16, rotaryDim: 16 })
      : plain;
    return { rows: shape[0], values: new Float32Array(ordered.buffer) };
  };
  return { q: await read('self_attn.q_proj'), gate: await read('mlp.gate_proj') };
}

async function valuesOf(tensor: Tensor, start: number, end: number): Promise<Float32Array> {
  const values = dequantizeElements(tensor.type, await tensor.readRows(start, end));
  // what bitsandbytes gives is of the type that the model computes with
  return tensor.type === 'N4' ? bf16ArrayToF32(f32ArrayToBf16(values)) : values;
}

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  let [difference, total] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    total += b[i] ** 2;
  }
  return Math.sqrt(difference / total);
}

/** What each is called, the type that its matrices are seen as, and how far values may be from the library's. */
const CASES: readonly (readonly [name: string, title: string, type: string, tolerance: number])[] = [
  ['nf4', 'bitsandbytes, 4 bits (NF4)', 'N4', 0],
  ['nf4-nested', 'bitsandbytes, 4 bits (NF4), scales in 8 bits', 'N4', 0],
  ['fp4', 'bitsandbytes, 4 bits (FP4)', 'BF16', 0],
  ['int8', 'bitsandbytes, 8 bits (LLM.int8())', 'S8', 1e-7],
  ['gptq', 'GPTQ, 4 bits, groups of 32', 'S4', 0],
  ['gptq-asymmetric', 'GPTQ, 4 bits, groups of 32', 'A4', 0],
  ['gptq-ordered', 'GPTQ, 4 bits, groups of 32, in the order of activations', 'F16', 3e-4],
  ['gptq-3', 'GPTQ, 3 bits, groups of 32', 'A4', 0],
  ['gptq-8', 'GPTQ, 8 bits, groups of 32', 'S8', 0],
  ['gptq-row', 'GPTQ, 4 bits', 'A4', 0],
  // its library rounds to f16, and these blocks do not
  ['awq', 'AWQ, 4 bits, groups of 32', 'A4', 3e-4],
  ['mlx-4', 'MLX, 4 bits, groups of 32', 'A4', 0],
  ['mlx-8', 'MLX, 8 bits, groups of 32', 'A8', 1e-7],
  ['fp8-blocks', 'FP8, blocks of 32 × 32', 'BF16', 0],
  ['fp8-tensor', 'compressed-tensors, 8 bits, floats', 'BF16', 0],
  ['fp8-rows', 'FBGEMM FP8', 'BF16', 0],
  ['compressed-4', 'compressed-tensors, 4 bits, groups of 32', 'S4', 0],
  ['compressed-4-asymmetric', 'compressed-tensors, 4 bits, groups of 32', 'A4', 0],
  ['compressed-8', 'compressed-tensors, 8 bits, groups of 32', 'S8', 0],
];

test('every golden folder is tried', () => {
  expect(CASES.map(([name]) => name).toSorted()).toEqual(readdirSync(FOLDER).toSorted());
});

describe.each(CASES)('%s', (name, title, type, tolerance) => {
  test('is named, and has the values that its own program makes of it', async () => {
    const { tensors, quantized } = await open(name);
    expect(quantized).toBe(title);
    const { q, gate } = await expectedOf(name);
    const [queries, gates] = ['self_attn.q_proj', 'mlp.gate_proj'].map(
      (part) => tensors.get(`model.layers.0.${part}.weight`)!,
    );
    expect([queries.type, queries.rows, queries.columns]).toEqual([type, 64, 64]);
    for (const [tensor, wanted] of [
      [queries, q],
      [gates, gate],
    ] as const) {
      const values = await valuesOf(tensor, 0, wanted.rows);
      expect(distance(values, wanted.values)).toBeLessThanOrEqual(tolerance);
      // any range of rows is the same rows
      const [start, end] = [3, 7];
      expect(await valuesOf(tensor, start, end)).toEqual(values.slice(start * 64, end * 64));
      // one that is read with its rows moved is another
      const moved = await valuesOf(tensor, 1, wanted.rows);
      expect(distance(moved, wanted.values.slice(0, moved.length))).toBeGreaterThan(0.5);
      expect(elementRowBytes(tensor.type, 64) * 4).toBe((await tensor.readRows(0, 4)).length);
    }
  });

  test('is stored with its codes: no further from the library than f16 scales are', async () => {
    const { tensors } = await open(name);
    const tensor = tensors.get('model.layers.0.mlp.gate_proj.weight')!;
    const { gate } = await expectedOf(name);
    const kept = convertRows(tensor, storedKind(tensor.type), await tensor.readRows(0, gate.rows), gate.rows);
    expect(distance(dequantizeRows(kept), gate.values)).toBeLessThan(name.startsWith('nf4') ? 2e-3 : 5e-4);
  });
});

test('modules that were left out, norms, embeddings and a head are plain', async () => {
  const { tensors } = await open('int8');
  const types = Object.fromEntries(Array.from(tensors, ([name, tensor]) => [name, tensor.type]));
  expect(types['model.layers.0.self_attn.v_proj.weight']).toBe('BF16');
  expect(types['lm_head.weight']).toBe('BF16');
  expect(types['model.layers.0.self_attn.k_proj.weight']).toBe('S8');
});

test('MLX quantizes embedding and head too, and some modules in their own way', async () => {
  const { tensors } = await open('mlx-8');
  expect(tensors.get('model.embed_tokens.weight')).toMatchObject({ type: 'A8', rows: 16, columns: 64 });
  expect(tensors.get('model.layers.0.mlp.down_proj.weight')).toMatchObject({ type: 'A4', rows: 64, columns: 32 });
});

describe('a configuration that says otherwise', () => {
  const settings = (name: string, change: object, key = 'quantization_config') => {
    const config = configOf(name) as Record<string, object>;
    return { ...config, [key]: { ...config[key], ...change } };
  };

  test("GPTQ's second format keeps zeros as they are", async () => {
    const tensor = async (config?: object) =>
      (await open('gptq-asymmetric', config)).tensors.get('model.layers.0.mlp.gate_proj.weight')!;
    const first = await valuesOf(await tensor(), 0, 4);
    const second = await valuesOf(await tensor(settings('gptq-asymmetric', { checkpoint_format: 'gptq_v2' })), 0, 4);
    const { gate } = await expectedOf('gptq-asymmetric');
    expect(distance(second, gate.values.slice(0, second.length))).toBeGreaterThan(0.1);
    // one scale apart in each value
    const steps = new Set(
      Array.from(second.subarray(0, 32), (value, i) => Math.fround(value - first[i]).toPrecision(3)),
    );
    expect(steps.size).toBeLessThanOrEqual(2);
  });

  test('settings in a file of their own, as AutoGPTQ wrote them, count', async () => {
    const { quantization_config: own, ...config } = configOf('gptq') as Record<string, object>;
    const files = [jsonSource(config, 'config.json'), file('gptq/model.safetensors'), tokenizer];
    const apart = jsonSource({ ...own, quant_method: undefined }, 'quantize_config.json');
    expect((await openCheckpoint([...files, apart])).quantized).toBe('GPTQ, 4 bits, groups of 32');
  });

  test.each([
    ['gptq', { bits: 8 }, /qzeros|scales|codes/],
    ['gptq', { group_size: 64 }, /scales/],
    ['gptq-asymmetric', { sym: true }, /not symmetric/],
    ['awq', { group_size: 16 }, /scales/],
    ['fp8-blocks', { weight_block_size: [24, 24] }, undefined],
    ['nf4', {}, undefined],
  ] as const)('%s with %j', async (name, change, problem) => {
    const read = async () => {
      const { tensors } = await open(name, settings(name, change));
      return tensors.get('model.layers.0.mlp.gate_proj.weight')!.readRows(0, 2);
    };
    if (problem)
      await expect(read()).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringMatching(problem) });
    else await read();
  });

  test.each([
    ['gptq', { quant_method: 'hqq', bits: 3 }, /HQQ, 3 bits, .*GGUF/],
    ['gptq', { quant_method: 'aqlm' }, /AQLM/],
    ['gptq', { bits: 5 }, /GPTQ, 5 bits.*2, 3, 4 and 8 bits/],
    ['gptq', { checkpoint_format: 'marlin' }, /marlin/],
    ['awq', { version: 'gemv' }, /gemv/],
    ['compressed-4', { format: 'nvfp4-pack-quantized' }, /nvfp4/],
    ['compressed-4', { sparsity_config: { format: 'sparse-24-bitmask' } }, /sparse-24/],
    ['int8', { quant_method: 'eetq' }, /EETQ/],
    ['int8', { quant_method: 'something-new' }, /something-new/],
  ] as const)('%s as %j is refused by name', async (name, change, message) => {
    await expect(open(name, settings(name, change))).rejects.toMatchObject({
      code: 'unsupported-tensor-type',
      message: expect.stringMatching(message),
    });
  });
});
