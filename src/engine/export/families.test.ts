// Models of the families that are more than LLaMA, through every export and back: what transformers computes of the tiny ones
// (tools/golden/llama.py) must be computed of what comes back, too.
import { describe, expect, test } from 'vitest';
import { readText } from '../../core/source';
import { readGgufAdapter, writeGgufAdapter } from '../../formats/adapters/gguf';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { weightTensors } from '../../formats/checkpoint/weights';
import { readGguf } from '../../formats/gguf/gguf';
import { GOLDEN, loraGolden, referenceWeights } from '../../model/testing/golden';
import { metaFiles } from './meta';
import { folderOf, ggufOf, off, opened } from './testing/golden-folders';
import { sourceOf } from '../../formats/testing/pieces';

describe.each([
  ['tiny-qwen3', 'Qwen3ForCausalLM', 'qwen3'],
  ['tiny-smollm3', 'SmolLM3ForCausalLM', 'smollm3'],
] as const)('%s', async (name, className, type) => {
  const checkpoint = await opened(name);
  const { config } = checkpoint;

  test('is what transformers computes, over 256 tokens', async () => {
    expect(await off(name, checkpoint)).toBeLessThan(1e-5);
  });

  test('a folder', async () => {
    const files = await folderOf(checkpoint, config);
    const json: unknown = JSON.parse(await readText(files.find((file) => file.name === 'config.json')!));
    expect(json).toMatchObject({ model_type: type, architectures: [className], tie_word_embeddings: true });
    const back = await openCheckpoint(files);
    expect(back.config).toEqual(config);
    expect(await off(name, back)).toBeLessThan(1e-5);
  });

  test('a GGUF file', async () => {
    const file = await ggufOf(checkpoint, config);
    expect((await readGguf(file)).metadata.get('general.architecture')?.value).toBe(type);
    const back = await openCheckpoint([file]);
    // its numbers are of 32 bits
    expect({ ...back.config, rmsNormEps: config.rmsNormEps }).toEqual(config);
    expect(await off(name, back)).toBeLessThan(1e-5);
  });

  test('Meta’s layout has no place for it', () => {
    expect(() => metaFiles(config, checkpoint.tokenizer, weightTensors(checkpoint, 'keep'), 'f32')).toThrow(
      expect.objectContaining({ code: 'unsupported-format' }),
    );
  });

  test('a LoRA adapter as GGUF', async () => {
    const { pairs } = await loraGolden(name);
    const adapter = { name: 'a', config: { base_model_name_or_path: '' }, pairs } as never;
    const file = await sourceOf(writeGgufAdapter(adapter, config), 'a.gguf');
    expect((await readGguf(file)).metadata.get('general.architecture')?.value).toBe(type);
    const back = await readGgufAdapter(file, config);
    expect(back.pairs.map(({ b }) => b)).toEqual(pairs.map(({ b }) => b));
  });
});

test('what is wrong shows: gains in the file’s order, gains exchanged, heads as they are, layers that rotate', async () => {
  const [qwen3, smollm3] = await Promise.all(['tiny-qwen3', 'tiny-smollm3'].map(opened));
  const weights = await referenceWeights(qwen3);
  const name = (each: string) => `model.layers.1.self_attn.${each}_norm.weight`;
  const inFile = new Map(weights);
  const [q, k] = ['q', 'k'].map((each) => weights.get(name(each))!);
  const half = q.length / 2;
  inFile.set(
    name('q'),
    q.map((_, i) => (i < half ? q[2 * i] : q[2 * (i - half) + 1])),
  );
  expect(await off('tiny-qwen3', qwen3, inFile)).toBeGreaterThan(1e-3);
  const exchanged = new Map(weights).set(name('q'), k).set(name('k'), q);
  expect(await off('tiny-qwen3', qwen3, exchanged)).toBeGreaterThan(1e-3);
  const { qkNorm: _, ...unnormed } = qwen3.config;
  expect(await off('tiny-qwen3', { ...qwen3, config: unnormed })).toBeGreaterThan(1e-2);
  for (const nopeLayers of [[], [0, 1, 2]]) {
    const config = { ...smollm3.config, nopeLayers };
    expect(await off('tiny-smollm3', { ...smollm3, config })).toBeGreaterThan(1e-2);
  }
});

test('a GGUF file cannot say which layers of SmolLM3 rotate', async () => {
  const checkpoint = await opened('tiny-smollm3');
  const config = { ...checkpoint.config, nopeLayers: [1] };
  await expect(ggufOf(checkpoint, config)).rejects.toMatchObject({
    code: 'unsupported-format',
    message: expect.stringMatching(/every fourth layer.*safetensors/),
  });
  const back = await openCheckpoint(await folderOf(checkpoint, config));
  expect(back.config.nopeLayers).toEqual([1]);
});

test('all are among the models whose gradients are checked', () => {
  expect(GOLDEN).toEqual(expect.arrayContaining(['tiny-qwen3', 'tiny-smollm3', 'tiny-opt']));
});
