// Families whose files differ in form from LLaMA's (packed matrices, heads that rotate in a part) through every export and back.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { weightTensors } from '../../formats/checkpoint/weights';
import { readGguf } from '../../formats/gguf/gguf';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors/safetensors';
import { bytesSource } from '../../core/source';
import { referenceWeights } from '../../model/testing/golden';
import { exportGguf } from './gguf';
import { huggingFaceFiles } from './hf';
import { metaFiles } from './meta';
import { sourceOf } from '../../formats/testing/pieces';

const read = (path: string, name: string) => bytesSource(readFileSync(`src/model/golden/${path}`), name);
const TOKENIZER =
  '{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}}';
const tokenizer = bytesSource(new TextEncoder().encode(TOKENIZER), 'tokenizer.json');

const open = (name: string, weights = name) =>
  openCheckpoint([
    read(`${name}.config.json`, 'config.json'),
    read(`${weights}.safetensors`, 'model.safetensors'),
    tokenizer,
  ]);
const [phi3, ministral3, gemma3] = await Promise.all([
  open('tiny-phi3'),
  open('tiny-ministral3', 'tiny-llama'),
  open('tiny-gemma3'),
]);

const folder = async (of: typeof phi3) => {
  const files = huggingFaceFiles(of.config, of.tokenizer, weightTensors(of, 'keep'), 'f32');
  return Promise.all(files.map(({ name, pieces }) => sourceOf(pieces(), name)));
};
const gguf = async (of: typeof phi3, config = of.config) =>
  sourceOf(exportGguf(config, of.tokenizer, weightTensors(of, 'keep'), { name: 'x' }), 'x.gguf');

/** Numbers to six digits, which f32 holds. */
const rounded = (config: object) =>
  JSON.parse(
    JSON.stringify(config, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value)),
  ) as object;

test.each([
  ['Phi-3', phi3],
  ['Ministral 3', ministral3],
])('%s comes back, value by value', async (_, of) => {
  const expected = await referenceWeights(of);
  const [hf, inGguf] = [await openCheckpoint(await folder(of)), await openCheckpoint([await gguf(of)])];
  expect(hf.config).toEqual(of.config);
  // numbers are f32 there
  expect(rounded(inGguf.config)).toEqual(rounded(of.config));
  for (const back of [hf, inGguf]) {
    expect(await referenceWeights(back)).toEqual(expected);
  }
});

test('Phi-3 is written as transformers saves it, tensor by tensor', async () => {
  const files = await folder(phi3);
  const written = await readSafetensors(files.find(({ name }) => name === 'model.safetensors')!);
  const saved = await readSafetensors(read('tiny-phi3.safetensors', 'model.safetensors'));
  expect(new Set(written.tensors.keys())).toEqual(new Set(saved.tensors.keys()));
  for (const [name, { shape, source: file, start, bytes }] of saved.tensors) {
    const own = written.tensors.get(name)!;
    expect(own.shape).toEqual(shape);
    expect(await own.source.read(own.start, own.start + own.bytes)).toEqual(await file.read(start, start + bytes));
  }
  const config = files.find(({ name }) => name === 'config.json')!;
  expect(JSON.parse(new TextDecoder().decode(await config.read(0, config.size)))).toMatchObject({
    architectures: ['Phi3ForCausalLM'],
    partial_rotary_factor: 0.75,
    original_max_position_embeddings: 64,
    sliding_window: 12,
  });
});

test('Phi-3 has llama.cpp’s names in GGUF', async () => {
  const { tensors, metadata } = await readGguf(await gguf(phi3));
  expect(tensors.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'rope_factors_long.weight',
      'rope_factors_short.weight',
      'blk.1.attn_qkv.weight',
      'blk.1.ffn_up.weight',
    ]),
  );
  expect(tensors.some(({ name }) => /attn_q\.|ffn_gate/.test(name))).toBe(false);
  expect(tensors.find(({ name }) => name === 'blk.0.ffn_up.weight')?.shape).toEqual([48, 88]);
  expect(metadata.get('phi3.rope.dimension_count')?.value).toBe(12);
});

test('a head that rotates as a whole has another order of rows', async () => {
  const json = { ...(JSON.parse(readFileSync('src/model/golden/tiny-phi3.config.json', 'utf8')) as object) };
  const whole = { ...json, partial_rotary_factor: 1, rope_parameters: { rope_type: 'default', rope_theta: 500 } };
  const config = bytesSource(new TextEncoder().encode(JSON.stringify(whole)), 'config.json');
  const other = await openCheckpoint([config, read('tiny-phi3.safetensors', 'model.safetensors'), tokenizer]);
  const [values, wrong] = [await referenceWeights(phi3), await referenceWeights(other)];
  for (const map of ['q_proj', 'v_proj']) {
    const name = `model.layers.0.self_attn.${map}.weight`;
    if (map === 'v_proj') expect(wrong.get(name)).toEqual(values.get(name));
    else expect(wrong.get(name)).not.toEqual(values.get(name));
  }
});

test('packed matrices that are too short are named, and Meta’s layout takes neither family', async () => {
  const config = JSON.parse(readFileSync('src/model/golden/tiny-phi3.config.json', 'utf8')) as object;
  const wider = bytesSource(
    new TextEncoder().encode(JSON.stringify({ ...config, num_key_value_heads: 3 })),
    'config.json',
  );
  const given = [wider, read('tiny-phi3.safetensors', 'model.safetensors'), tokenizer];
  await expect(openCheckpoint(given)).rejects.toMatchObject({
    code: 'corrupt-file',
    message: expect.stringContaining('qkv_proj') as string,
  });
  for (const { config: own, tokenizer: with_ } of [phi3, ministral3]) {
    expect(() => metaFiles(own, with_, [], 'f32')).toThrow(/Meta's layout/);
  }
});

describe('Gemma 3', () => {
  /** llama.cpp knows one scale of scores and windows that come in a rhythm. */
  const { attentionScale: _, ...inGguf } = gemma3.config;

  test('a folder comes back to the bit, and says what transformers does', async () => {
    const files = await folder(gemma3);
    const back = await openCheckpoint(files);
    expect(back.config).toEqual(gemma3.config);
    expect(await referenceWeights(back)).toEqual(await referenceWeights(gemma3));
    const config = files.find(({ name }) => name === 'config.json')!;
    const written = JSON.parse(new TextDecoder().decode(await config.read(0, config.size))) as object;
    expect(written).toMatchObject({
      architectures: ['Gemma3ForCausalLM'],
      model_type: 'gemma3_text',
      hidden_activation: 'gelu_pytorch_tanh',
      query_pre_attn_scalar: 30,
      rope_local_base_freq: 50,
      layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
    });
    expect(written).not.toHaveProperty('hidden_act');
  });

  test('a GGUF file has gains as they multiply, and becomes a folder again', async () => {
    await expect(gguf(gemma3)).rejects.toMatchObject({ code: 'unsupported-format', message: /scores.*safetensors/ });
    const back = await openCheckpoint([await gguf(gemma3, inGguf)]);
    const { unitOffsetNorm: __, ...multiplied } = inGguf;
    expect(rounded(back.config)).toEqual(rounded(multiplied));
    const [own, there] = [await referenceWeights(gemma3), await referenceWeights(back)];
    for (const [name, values] of own) {
      const plus = name.endsWith('norm.weight') ? 1 : 0;
      expect(there.get(name), name).toEqual(values.map((value) => Math.fround(value + plus)));
    }
    const again = await openCheckpoint(await folder(back));
    expect(again.config).toMatchObject({ unitOffsetNorm: true });
    for (const [name, values] of await referenceWeights(again)) {
      values.forEach((value, i) => expect(Math.abs(value - own.get(name)![i]!), name).toBeLessThan(1e-7));
    }
  });

  test('windows without a rhythm have no place in a GGUF file', async () => {
    const irregular = { ...inGguf, windowLayers: [0, 1] };
    expect((await openCheckpoint([await gguf(gemma3, irregular)])).config.windowLayers).toEqual([0, 1]);
    await expect(gguf(gemma3, { ...inGguf, windowLayers: [1, 2] })).rejects.toThrow(/rhythm/);
  });
});

test('Ministral 3 that reads images, too, is read as its text; one whose queries do not grow is a Mistral', async () => {
  const json = JSON.parse(readFileSync('src/model/golden/tiny-ministral3.config.json', 'utf8')) as object;
  const { tensors } = await readSafetensors(read('tiny-llama.safetensors', 'model.safetensors'));
  const folderOf = async (text: object, name: (own: string) => string) => {
    const config = {
      model_type: 'mistral3',
      architectures: ['Mistral3ForConditionalGeneration'],
      text_config: text,
      vision_config: { model_type: 'pixtral' },
    };
    const inputs = await Promise.all(
      [...tensors.values()].map(async ({ name: own, dtype, shape, source: file, start, bytes }) => {
        return { name: name(own), dtype, shape, bytes: await file.read(start, start + bytes) };
      }),
    );
    const image = { name: 'vision_tower.patch_conv.weight', dtype: 'F32', shape: [1], bytes: new Uint8Array(4) };
    return openCheckpoint([
      bytesSource(new TextEncoder().encode(JSON.stringify(config)), 'config.json'),
      await sourceOf(writeSafetensors([...inputs, image]), 'model.safetensors'),
      tokenizer,
    ]);
  };
  const expected = await referenceWeights(ministral3);
  const older = (own: string) => `language_model.${own}`;
  const newer = (own: string) => (own.startsWith('model.') ? own.replace('model.', 'model.language_model.') : own);
  for (const name of [older, newer]) {
    const checkpoint = await folderOf(json, name);
    expect(checkpoint.config).toEqual(ministral3.config);
    expect(await referenceWeights(checkpoint)).toEqual(expected);
    expect(checkpoint.notes?.join()).toContain('images');
  }
  const mistral = { ...json, model_type: 'mistral', rope_parameters: null, rope_theta: 1e6 };
  const checkpoint = await folderOf(mistral, older);
  expect(checkpoint.config).toMatchObject({ ropeTheta: 1e6 });
  expect(checkpoint.config.queryScaling).toBeUndefined();
  expect(checkpoint.config.ropeScaling).toBeUndefined();
  const files = await folder(checkpoint);
  const written = files.find(({ name }) => name === 'config.json')!;
  expect(JSON.parse(new TextDecoder().decode(await written.read(0, written.size)))).toMatchObject({
    architectures: ['MistralForCausalLM'],
  });
});
