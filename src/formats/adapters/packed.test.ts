// Adapters of a base with packed matrices: PEFT's own, on Phi-3, and what is written for such a base, whole or map by map.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Adapter, LoraPair } from '../../core/adapter';
import { bytesSource } from '../../core/source';
import { loraGolden } from '../../model/testing/golden';
import { relative } from '../../ops/testing/numbers';
import { readSafetensors } from '../safetensors/safetensors';
import { readAdapter, writeGgufAdapter, writeMlx, writePeft } from './index';
import { sourceOf, sourcesOf } from '../testing/pieces';

const golden = await loraGolden('tiny-phi3');
const { config } = golden;
const weights = readFileSync('src/model/golden/tiny-phi3.lora.safetensors');
const description = {
  peft_type: 'LORA',
  r: 3,
  lora_alpha: 4,
  target_modules: ['qkv_proj', 'o_proj', 'gate_up_proj', 'down_proj'],
};

const json = (value: object) => bytesSource(new TextEncoder().encode(JSON.stringify(value)), 'adapter_config.json');
const given = (more: object = {}) => [
  json({ ...description, ...more }),
  bytesSource(weights, 'adapter_model.safetensors'),
];

const containers = {
  PEFT: (adapter: Adapter) => sourcesOf(writePeft(adapter, config)),
  'llama.cpp': async (adapter: Adapter) => [await sourceOf(writeGgufAdapter(adapter, config), 'adapter.gguf')],
  'mlx-lm': (adapter: Adapter) => sourcesOf(writeMlx(adapter, config)),
};

/** scale · B · A of every pair. */
function products(pairs: readonly LoraPair[]): number[] {
  return pairs.flatMap(({ rank, inputs, outputs, scale, a, b }) =>
    Array.from({ length: outputs * inputs }, (_, i) => {
      const [row, column] = [Math.floor(i / inputs), i % inputs];
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b[row * rank + r] * a[r * inputs + column];
      return scale * sum;
    }),
  );
}

/** The golden pairs, each with an A of its own; k without a pair, and gate of another scale. */
const apart: readonly LoraPair[] = golden.pairs
  .filter(({ map }) => map !== 'k_proj')
  .map((pair, i) => ({
    ...pair,
    a: pair.a.map((value, k) => value + ((i * 7 + k) % 5) / 10),
    scale: pair.map === 'gate_proj' ? 2 * pair.scale : pair.scale,
  }));

test('PEFT’s adapter of packed modules is a pair for each map', async () => {
  const { pairs } = await readAdapter(given(), config);
  expect(pairs).toEqual(golden.pairs);
  const apartOnly = { ...config, architecture: 'llama' } as const;
  await expect(readAdapter(given(), apartOnly)).rejects.toMatchObject({ code: 'unsupported-adapter' });
});

test('patterns speak of the packed module', async () => {
  const { pairs } = await readAdapter(given({ alpha_pattern: { qkv_proj: 12 } }), config);
  expect([...new Set(pairs.map(({ map, scale }) => `${map} ${scale.toFixed(3)}`))]).toEqual([
    'q_proj 4.000',
    'k_proj 4.000',
    'v_proj 4.000',
    'o_proj 1.333',
    'gate_proj 1.333',
    'up_proj 1.333',
    'down_proj 1.333',
  ]);
});

test('what shares its A is written as it was read', async () => {
  const adapter = await readAdapter(given(), config);
  const files = await containers.PEFT(adapter);
  const written = await readSafetensors(files.find(({ name }) => name.endsWith('.safetensors'))!);
  const { tensors } = await readSafetensors(bytesSource(weights, 'x'));
  expect(new Set(written.tensors.keys())).toEqual(new Set(tensors.keys()));
  for (const [name, { shape, source: file, start, bytes }] of tensors) {
    const own = written.tensors.get(name)!;
    expect(own.shape).toEqual(shape);
    expect(await own.source.read(own.start, own.start + own.bytes)).toEqual(await file.read(start, start + bytes));
  }
  const said = files.find(({ name }) => name === 'adapter_config.json')!;
  expect(JSON.parse(new TextDecoder().decode(await said.read(0, said.size)))).toMatchObject({ r: 3, lora_alpha: 4 });
});

test.each(Object.entries(containers))('%s: pairs with A’s of their own come back', async (name, write) => {
  const adapter: Adapter = { ...(await readAdapter(given(), config)), pairs: apart };
  const { pairs } = await readAdapter(await write(adapter), config);
  expect(pairs.map(({ layer, map, rank }) => `${layer} ${map} ${rank}`)).toEqual(
    apart.map(({ layer, map, rank }) => `${layer} ${map} ${name === 'mlx-lm' && /^[od]/.test(map) ? 6 : rank}`),
  );
  expect(relative(products(pairs), products(apart))).toBeLessThan(1e-6);
  expect(relative(products(pairs), products(golden.pairs.filter(({ map }) => map !== 'k_proj')))).toBeGreaterThan(0.1);
});

test('magnitudes and biases are split and joined by rows', async () => {
  const vector = (length: number, from: number) => Float32Array.from({ length }, (_, i) => from + i / 8);
  const dora = golden.pairs.map((pair, i) => ({
    ...pair,
    magnitude: vector(pair.outputs, 1 + i),
    bias: vector(pair.outputs, -i),
  }));
  const adapter: Adapter = { ...(await readAdapter(given(), config)), pairs: dora };
  const back = await readAdapter(await containers.PEFT(adapter), config);
  expect(back.pairs).toEqual(dora);
  expect(back.config).toMatchObject({ use_dora: true, lora_bias: true });
  const some = { ...adapter, pairs: dora.filter(({ map }) => map !== 'k_proj') };
  expect(() => writePeft(some, config)).toThrow(/DoRA on some of the maps/);
});

test('a packed module of another height is named', async () => {
  const other = { ...config, numKeyValueHeads: 3 };
  await expect(readAdapter(given(), other)).rejects.toMatchObject({
    code: 'adapter-mismatch',
    message: expect.stringContaining('qkv_proj') as string,
  });
});
