// What a model scales its positions by, and where it has a window, through every export and back; and what other programs'
// GGUF files say of it.
import type { ModelConfig, RopeScaling } from '../../core/model-config';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../core/checkpoint';
import { type GgufValue, readGguf } from '../../formats/gguf/gguf';
import { writeGguf } from '../../formats/gguf/writer';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { bytesSource, type Source } from '../../core/source';
import { weightTensors } from '../../formats/checkpoint/weights';
import { ropeFrequencies } from '../../ops/rope/rotation';
import { relative } from '../../ops/testing/numbers';
import { exportGguf } from './gguf';
import { ggufNote } from './gguf-note';
import { huggingFaceFiles } from './hf';
import { metaFiles } from './meta';
import { sourceOf } from '../../formats/testing/pieces';

const read = (path: string, name: string) => bytesSource(readFileSync(`src/model/golden/${path}`), name);
const text = (value: string, name: string) => bytesSource(new TextEncoder().encode(value), name);

const golden = (name: string) =>
  openCheckpoint([
    read(`${name}.config.json`, 'config.json'),
    read(`${name}.safetensors`, 'model.safetensors'),
    text(
      '{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}}',
      'tokenizer.json',
    ),
  ]);
const [llama, qwen2] = await Promise.all([golden('tiny-llama'), golden('tiny-qwen2')]);

async function throughHf(of: Checkpoint, config: ModelConfig): Promise<Checkpoint> {
  const files = huggingFaceFiles(config, of.tokenizer, weightTensors(of, 'keep'), 'f32');
  return openCheckpoint(await Promise.all(files.map(({ name, pieces }) => sourceOf(pieces(), name))));
}

const gguf = (of: Checkpoint, config: ModelConfig) =>
  sourceOf(exportGguf(config, of.tokenizer, weightTensors(of, 'keep'), { name: 'x' }), 'x.gguf');

/** A GGUF file with other metadata; undefined takes a key away. */
async function changed(file: Source, change: Readonly<Record<string, GgufValue | undefined>>): Promise<Source> {
  const { metadata, tensors } = await readGguf(file);
  const kept = [...metadata].filter(([key]) => !(key in change));
  const added = Object.entries(change).filter((entry): entry is [string, GgufValue] => entry[1] !== undefined);
  const contents = tensors.map(({ start, bytes, ...tensor }) => ({
    ...tensor,
    async *pieces() {
      yield await file.read(start, start + bytes);
    },
  }));
  return sourceOf(writeGguf({ metadata: new Map([...kept, ...added]), tensors: contents }), 'changed.gguf');
}

const f32 = (value: number): GgufValue => ({ type: 'f32', value });
const u32s = (...value: number[]): GgufValue => ({ type: 'array', of: 'u32', value });

const scalings: Readonly<Record<string, RopeScaling>> = {
  linear: { type: 'linear', factor: 4 },
  dynamic: { type: 'dynamic', factor: 3.3 },
  "Llama 3's": {
    type: 'llama3',
    factor: 5,
    lowFrequencyFactor: 1.7,
    highFrequencyFactor: 2.9,
    originalContextLength: 40,
  },
  YaRN: {
    type: 'yarn',
    factor: 4,
    originalContextLength: 32,
    betaFast: 16,
    betaSlow: 2,
    truncate: true,
    attentionFactor: 1.25,
  },
  LongRoPE: {
    type: 'longrope',
    short: Array.from({ length: 10 }, (_, i) => 1 + i / 8),
    long: Array.from({ length: 10 }, (_, i) => 1 + i / 2),
    originalContextLength: 16,
    attentionFactor: 1.25,
  },
  divisors: { type: 'divisors', divisors: Array.from({ length: 10 }, (_, i) => 1 + i / 4) },
};

describe.each(Object.entries(scalings))('%s', (_, ropeScaling) => {
  const config = { ...llama.config, ropeScaling };

  test('survives', async () => {
    expect((await throughHf(llama, config)).config.ropeScaling).toEqual(ropeScaling);
    const back = (await openCheckpoint([await gguf(llama, config)])).config.ropeScaling;
    // YaRN's factor is the product of what llama.cpp makes and what the file says, in f32
    if (ropeScaling.type !== 'yarn') expect(back).toEqual(ropeScaling);
    else expect(back).toEqual({ ...ropeScaling, attentionFactor: expect.closeTo(1.25, 6) as number });
  });

  test('is written to Meta’s layout where that has words for it, else refused', () => {
    const write = () => metaFiles({ ...config, hiddenSize: 60 }, llama.tokenizer, [], 'f32');
    if (ropeScaling.type === 'llama3') expect(write).not.toThrow(/scaling of positions/);
    else expect(write).toThrow(/no scaling of positions but Llama 3's/);
  });

  test('llama.cpp is told by its own words, or not at all', async () => {
    const { metadata, tensors } = await readGguf(await gguf(llama, config));
    const keys = [...metadata.keys()].filter((key) => key.startsWith('llama.rope.scaling'));
    const own: Record<RopeScaling['type'], string[]> = {
      linear: ['type', 'factor'],
      dynamic: [],
      llama3: ['original_context_length'],
      divisors: [],
      yarn: ['type', 'factor', 'original_context_length', 'yarn_beta_fast', 'yarn_beta_slow', 'attn_factor'],
      longrope: ['type', 'original_context_length', 'attn_factor'],
    };
    expect(keys).toEqual(own[ropeScaling.type].map((key) => `llama.rope.scaling.${key}`));
    const divisors: Partial<Record<RopeScaling['type'], string[]>> = {
      llama3: ['rope_freqs.weight'],
      divisors: ['rope_freqs.weight'],
      longrope: ['rope_factors_long.weight', 'rope_factors_short.weight'],
    };
    expect(tensors.map(({ name }) => name).filter((name) => name.startsWith('rope'))).toEqual(
      divisors[ropeScaling.type] ?? [],
    );
  });
});

test('of Llama 3’s scaling the divisors are enough', async () => {
  const config = { ...llama.config, ropeScaling: scalings["Llama 3's"] };
  const keys = ['factor', 'low_freq_factor', 'high_freq_factor'].map((key) => [`pronk.rope.llama3_${key}`, undefined]);
  const bare = await changed(await gguf(llama, config), Object.fromEntries(keys) as Record<string, undefined>);
  const { config: found } = await openCheckpoint([bare]);
  expect(found.ropeScaling?.type).toBe('divisors');
  expect(relative(ropeFrequencies(found), ropeFrequencies(config))).toBeLessThan(1e-7);
  expect(relative(ropeFrequencies(llama.config), ropeFrequencies(config))).toBeGreaterThan(1e-3);
});

test('a window in some layers survives, and GGUF of Qwen2 has no place for divisors', async () => {
  const config = { ...qwen2.config, slidingWindow: 4, windowLayers: [1] };
  for (const back of [await throughHf(qwen2, config), await openCheckpoint([await gguf(qwen2, config)])]) {
    expect(back.config).toMatchObject({ slidingWindow: 4, windowLayers: [1] });
  }
  const all = { ...qwen2.config, slidingWindow: 4 };
  expect((await throughHf(qwen2, all)).config).toEqual(all);
  expect(() => gguf(qwen2, { ...qwen2.config, ropeScaling: scalings['divisors'] })).toThrow(/Qwen2/);
});

test('an export to GGUF says what llama.cpp has no place for', async () => {
  const note = (config: Partial<ModelConfig>) =>
    ggufNote({ ...llama.config, contextLength: 64, ...config }, llama.tokenizer);
  const { ropeScaling: _, slidingWindow: __, ...plain } = llama.config;
  const bundled = bytesSource(readFileSync('public/demo-model/pronk-6m-q8_0.gguf'), 'demo.gguf');
  expect(ggufNote(plain, (await openCheckpoint([bundled])).tokenizer)).toBeUndefined();
  expect(note({ slidingWindow: 8 })).toContain('the last 8 tokens');
  expect(note({ slidingWindow: 64 }) ?? '').not.toContain('attends');
  expect(note({ ropeScaling: { type: 'dynamic', factor: 2 } })).toContain('beyond 64 tokens');
  expect(note({ ropeScaling: { type: 'linear', factor: 2 } }) ?? '').not.toContain('dynamically');
  expect(note({ ropeScaling: scalings['LongRoPE'] as RopeScaling })).toContain('more than 16 tokens');
  const yarn = scalings['YaRN'] as Extract<RopeScaling, { type: 'yarn' }>;
  expect(note({ ropeScaling: yarn }) ?? '').not.toContain('truncate');
  expect(note({ ropeScaling: { ...yarn, truncate: false } })).toContain('truncate');
});

describe('other programs’ GGUF files', async () => {
  const { ropeScaling: _, ...plain } = llama.config;
  const file = await gguf(llama, plain);
  const config = async (change: Parameters<typeof changed>[1]) =>
    (await openCheckpoint([await changed(file, change)])).config;

  test('a factor counts without a type and under its older name, and not with the type none', async () => {
    const linear = { type: 'linear', factor: 4 };
    const type = (value: string) => ({ 'llama.rope.scaling.type': { type: 'string', value } as const });
    expect((await config({})).ropeScaling).toBeUndefined();
    expect((await config({ 'llama.rope.scale_linear': f32(4) })).ropeScaling).toEqual(linear);
    expect((await config({ 'llama.rope.scaling.factor': f32(4) })).ropeScaling).toEqual(linear);
    expect((await config({ 'llama.rope.scale_linear': f32(4), ...type('linear') })).ropeScaling).toEqual(linear);
    expect((await config({ 'llama.rope.scaling.factor': f32(4), ...type('none') })).ropeScaling).toBeUndefined();
    expect((await config({ 'llama.rope.scaling.factor': f32(0) })).ropeScaling).toBeUndefined();
    const both = { 'llama.rope.scale_linear': f32(2), 'llama.rope.scaling.factor': f32(4) };
    expect((await config(both)).ropeScaling).toEqual(linear);
    await expect(config({ 'llama.rope.scaling.factor': f32(4), ...type('su') })).rejects.toThrow(/ su/);
  });

  test('YaRN has llama.cpp’s attention factor, and divisors beside it are refused', async () => {
    const yarn = (change: Parameters<typeof changed>[1]) => {
      const type = { 'llama.rope.scaling.type': { type: 'string', value: 'yarn' } } as const;
      return config({ ...type, 'llama.rope.scaling.factor': f32(8), ...change });
    };
    const attention = async (change: Parameters<typeof changed>[1]) => {
      const { ropeScaling: found } = await yarn(change);
      return found?.type === 'yarn' ? found.attentionFactor : undefined;
    };
    const usual = 1 + 0.1 * Math.log(8);
    expect(await attention({})).toBeCloseTo(usual, 6);
    expect(await attention({ 'llama.rope.scaling.attn_factor': f32(0.5) })).toBeCloseTo(usual / 2, 6);
    expect(await attention({ 'llama.rope.scaling.yarn_log_multiplier': f32(1) })).toBeCloseTo(1, 6);
    expect((await yarn({})).ropeScaling).toMatchObject({ factor: 8, betaFast: 32, betaSlow: 1 });
    await expect(yarn({ 'llama.rope.scaling.yarn_ext_factor': f32(0.5) })).rejects.toThrow(/yarn_ext_factor/);
  });

  test('heads that rotate in a part alone are read, and written where there is a word for them', async () => {
    const part = (value: number) => config({ 'llama.rope.dimension_count': { type: 'u32', value } });
    const rotated = await part(10);
    expect(rotated).toEqual({ ...(await config({})), rotaryDim: 10 });
    expect((await config({})).rotaryDim).toBeUndefined();
    await expect(part(7)).rejects.toMatchObject({ code: 'corrupt-file' });
    await expect(part(22)).rejects.toMatchObject({ code: 'corrupt-file' });
    const tensors = weightTensors(llama, 'keep');
    expect(() => huggingFaceFiles(rotated, llama.tokenizer, tensors, 'f32')).toThrow(/part of each head/);
  });

  test('a list of one number for each layer is that number; layers that differ are called that', async () => {
    const counts = { 'llama.attention.head_count': u32s(3, 3), 'llama.feed_forward_length': u32s(44, 44) };
    expect(await config(counts)).toMatchObject({ numHeads: 3, intermediateSize: 44 });
    await expect(config({ 'llama.attention.head_count': u32s(3, 6) })).rejects.toMatchObject({
      code: 'unsupported-architecture',
      message: expect.stringMatching(/layers that differ from each other in attention\.head_count \(3, 6/) as string,
    });
    await expect(config({ 'llama.attention.head_count': { type: 'string', value: '3' } })).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('attention.head_count') as string,
    });
  });
});
