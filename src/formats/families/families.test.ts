// Families in their own files: which tensors have biases, how rows are ordered, what configurations say.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import { openCheckpoint } from '../checkpoint/open';
import { toMetaName } from '../checkpoint/tensor-names';
import { windowAt } from '../../core/model-config';
import {
  jsonSource,
  tokenizer,
  base,
  config,
  type Matrix,
  model,
  halfSplit,
  safetensors,
  gguf,
  expectModel,
} from '../testing/family-models';

const QKV = ['q_proj', 'k_proj', 'v_proj'];

describe.each([
  ['llama', 'LlamaForCausalLM', [], {}],
  ['llama', 'LlamaForCausalLM', [...QKV, 'o_proj'], { attention_bias: true }],
  ['llama', 'LlamaForCausalLM', ['gate_proj', 'up_proj', 'down_proj'], { mlp_bias: true }],
  ['mistral', 'MistralForCausalLM', [], { sliding_window: null }],
  ['qwen2', 'Qwen2ForCausalLM', QKV, { use_sliding_window: false, sliding_window: 8, max_window_layers: 0 }],
  ['qwen3', 'Qwen3ForCausalLM', [], { use_sliding_window: false, sliding_window: null, attention_bias: false }],
  ['qwen3', 'Qwen3ForCausalLM', [...QKV, 'o_proj'], { attention_bias: true }],
  ['smollm3', 'SmolLM3ForCausalLM', [], { use_sliding_window: false, mlp_bias: false }],
] as const)('%s (%s, biases %j)', (type, className, biases, more) => {
  const tensors = model(biases, type === 'qwen3' ? { qkNorm: true } : {});
  const files = (json: object, weights = tensors) => [
    jsonSource({ ...base, model_type: type, architectures: [className], ...json }, 'config.json'),
    safetensors(Array.from(weights, ([name, each]) => [name, halfSplit(name, each)] as const)),
    tokenizer,
  ];

  test('a folder', async () => {
    const checkpoint = await openCheckpoint(files(more));
    expect(checkpoint.config).toMatchObject({ ...config, architecture: type });
    expect(checkpoint.config.slidingWindow).toBeUndefined();
    await expectModel(checkpoint, tensors);
  });

  test('a bias that the configuration promises is missed', async () => {
    const [name] = [...tensors.keys()].filter((each) => each.endsWith('.bias'));
    if (name === undefined) return;
    const lacking = new Map(tensors);
    lacking.delete(name);
    const error = { code: 'missing-tensor', message: expect.stringContaining(name) };
    await expect(openCheckpoint(files(more, lacking))).rejects.toMatchObject(error);
  });
});

describe('GGUF', () => {
  test.each([
    ['llama', []],
    ['llama', QKV],
    ['internlm2', []],
    ['qwen2', QKV],
    ['qwen3', []],
    ['smollm3', []],
  ] as const)('%s', async (architecture, biases) => {
    const tensors = model(biases, architecture === 'qwen3' ? { qkNorm: true } : {});
    const isHalfSplit = architecture === 'qwen2' || architecture === 'qwen3';
    const inFile = new Map(
      Array.from(tensors, ([name, each]) => [name, isHalfSplit ? halfSplit(name, each) : each] as const),
    );
    const checkpoint = await openCheckpoint([gguf(architecture, inFile)]);
    expect(checkpoint.config).toMatchObject({ ...config, architecture });
    await expectModel(checkpoint, tensors);
    // negative control: the other order is another model
    const other = new Map(Array.from(inFile, ([name, each]) => [name, halfSplit(name, each)] as const));
    await expect(expectModel(await openCheckpoint([gguf(architecture, other)]), tensors)).rejects.toThrow();
  });

  test('qwen2 needs its biases, and a window is kept', async () => {
    await expect(openCheckpoint([gguf('qwen2', model([]))])).rejects.toMatchObject({ code: 'missing-tensor' });
    const { config: windowed } = await openCheckpoint([gguf('llama', model([]), { 'attention.sliding_window': 16 })]);
    expect(windowed.slidingWindow).toBe(16);
  });

  test('an architecture that Pronk does not run', async () => {
    await expect(openCheckpoint([gguf('gemma', model([]))])).rejects.toMatchObject({
      code: 'unsupported-architecture',
      message: expect.stringMatching(/gemma.*LLaMA.*Mistral.*Qwen2.*InternLM2/),
    });
  });
});

describe('layers without rotary positions', () => {
  const layers = { ...config, numLayers: 8 };
  const weights = safetensors(model([], { numLayers: 8 }));
  const open = (json: object) =>
    openCheckpoint([
      jsonSource({ ...base, num_hidden_layers: 8, model_type: 'smollm3', ...json }, 'config.json'),
      weights,
      tokenizer,
    ]);
  const of = async (json: object) => (await open(json)).config;

  test('a 1 is for a layer that rotates; every fourth does not where nothing is said', async () => {
    expect((await of({})).nopeLayers).toEqual([3, 7]);
    expect((await of({ no_rope_layer_interval: 3 })).nopeLayers).toEqual([2, 5]);
    const marks = [1, 0, 1, 1, 1, 1, 1, 0];
    expect((await of({ no_rope_layers: marks, no_rope_layer_interval: 3 })).nopeLayers).toEqual([1, 7]);
    expect((await of({ no_rope_layers: [...marks, 1, 0] })).nopeLayers).toEqual([1, 7]);
    expect((await of({ no_rope_layers: Array<number>(8).fill(1) })).nopeLayers).toBeUndefined();
    expect(await of({})).toMatchObject({ ropeTheta: 2e6, headDim: layers.headDim });
  });

  test('a window without a list is of the layers that do not rotate', async () => {
    const windowed = { use_sliding_window: true, sliding_window: 5 };
    expect(await of(windowed)).toMatchObject({ slidingWindow: 5, windowLayers: [3, 7] });
    expect((await of({ ...windowed, use_sliding_window: false })).slidingWindow).toBeUndefined();
  });

  test.each([
    { no_rope_layers: [1, 0] },
    { no_rope_layers: [1, 1, 1, 2, 1, 1, 1, 0] },
    { no_rope_layers: 'all' },
    { no_rope_layer_interval: 0 },
  ])('%j is refused', async (json) => {
    await expect(of(json)).rejects.toMatchObject({ code: 'corrupt-file' });
  });
});

test('Qwen3 has heads of 128 where nothing is said, and needs its norms', async () => {
  const open = (json: object, more = {}) =>
    openCheckpoint([
      jsonSource({ ...base, model_type: 'qwen3', ...json }, 'config.json'),
      safetensors(model([], more)),
      tokenizer,
    ]);
  const { config: wide } = await open({ head_dim: undefined }, { headDim: 128, qkNorm: true });
  expect(wide).toMatchObject({ headDim: 128, qkNorm: true });
  await expect(open({})).rejects.toMatchObject({
    code: 'missing-tensor',
    message: expect.stringContaining('self_attn.q_norm.weight'),
  });
});

describe('InternLM2', () => {
  const files = (json: object, more: readonly (readonly [string, Matrix])[] = []) => {
    const tensors = model(json && 'bias' in json ? [...QKV, 'o_proj'] : []);
    const packed = new Map<string, Matrix>(more);
    for (const [name, each] of tensors) {
      if (/\.[qkv]_proj\./.test(name)) continue;
      const meta = toMetaName(name)!;
      packed.set(name === 'lm_head.weight' ? meta : `model.${meta}`, each);
    }
    for (let layer = 0; layer < config.numLayers; layer++) {
      for (const kind of ['weight', 'bias']) {
        const [q, k, v] = QKV.map((stem) => {
          const name = `model.layers.${layer}.self_attn.${stem}.${kind}`;
          const found = tensors.get(name);
          return found && halfSplit(name, found).bytes;
        });
        if (!q || !k || !v) continue;
        const head = config.headDim * 4 * (kind === 'weight' ? config.hiddenSize : 1);
        const bytes: number[] = [];
        for (let group = 0; group < 2; group++) {
          bytes.push(...q.slice(group * 2 * head, (group + 1) * 2 * head));
          bytes.push(...k.slice(group * head, (group + 1) * head), ...v.slice(group * head, (group + 1) * head));
        }
        const rows = (4 + 2 * 2) * config.headDim;
        const shape = kind === 'weight' ? ([rows, config.hiddenSize] as const) : ([1, rows] as const);
        packed.set(`model.layers.${layer}.attention.wqkv.${kind}`, { shape, bytes: Uint8Array.from(bytes) });
      }
    }
    const scaling = { type: 'dynamic', factor: 2 };
    const all = { ...base, model_type: 'internlm2', architectures: ['InternLM2ForCausalLM'], rope_scaling: scaling };
    return { tensors, given: [jsonSource({ ...all, ...json }, 'config.json'), safetensors(packed), tokenizer] };
  };

  test.each([{}, { bias: true }])('%j', async (json) => {
    const { tensors, given } = files(json);
    const checkpoint = await openCheckpoint(given);
    expect(checkpoint.config).toMatchObject({ ...config, architecture: 'internlm2' });
    expect(checkpoint.config.ropeScaling).toEqual({ type: 'dynamic', factor: 2 });
    await expectModel(checkpoint, tensors);
  });

  test('what Python unpacks from a PyTorch file', async () => {
    const golden = (name: string) => readFileSync(`src/formats/golden/${name}`);
    const json = {
      model_type: 'internlm2',
      hidden_size: 16,
      intermediate_size: 48,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 10,
    };
    const checkpoint = await openCheckpoint([
      bytesSource(golden('internlm2.bin'), 'pytorch_model.bin'),
      jsonSource(json, 'config.json'),
      tokenizer,
    ]);
    const expected = JSON.parse(golden('internlm2.json').toString()) as Record<'q' | 'k' | 'v', number[]>;
    for (const key of ['q', 'k', 'v'] as const) {
      const tensor = checkpoint.tensors.get(`model.layers.0.self_attn.${key}_proj.weight`)!;
      const halves = new Uint16Array((await tensor.readRows(0, tensor.rows)).buffer);
      const values = new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
      expect(Array.from(values, (each) => each * 8)).toEqual(expected[key]);
    }
  });
});

describe('config.json', () => {
  const open = (json: object) => {
    const weights = safetensors(model(QKV));
    return openCheckpoint([jsonSource({ ...base, ...json }, 'config.json'), weights, tokenizer]);
  };

  test("Mistral's window, also where only a longer context than the trained one is larger", async () => {
    const window = async (json: object) => (await open({ model_type: 'mistral', ...json })).config.slidingWindow;
    expect(await window({ sliding_window: 32 })).toBe(32);
    expect(await window({ sliding_window: 64 })).toBe(64);
    expect(await window({ sliding_window: null })).toBeUndefined();
    expect(await window({})).toBe(4096);
  });

  test("Qwen2's window: in the layers where transformers 5 has it", async () => {
    const layers = async (json: object) => {
      const found = (await open({ model_type: 'qwen2', sliding_window: 8, ...json })).config;
      return [0, 1].map((layer) => windowAt(found, layer));
    };
    const on = { use_sliding_window: true };
    const types = (...own: string[]) => ({ layer_types: own.map((type) => `${type}_attention`) });
    expect(await layers({ ...on, max_window_layers: 0 })).toEqual([8, 8]);
    expect(await layers({ ...on, max_window_layers: 1 })).toEqual([undefined, 8]);
    expect(await layers({ ...on, max_window_layers: 2 })).toEqual([undefined, undefined]);
    expect(await layers({ ...on })).toEqual([undefined, undefined]);
    expect(await layers({ ...on, max_window_layers: 0, sliding_window: null })).toEqual([undefined, undefined]);
    expect(await layers({ max_window_layers: 0 })).toEqual([undefined, undefined]);
    expect(await layers({ ...on, max_window_layers: 0, ...types('sliding', 'full') })).toEqual([8, undefined]);
    expect(await layers({ ...on, max_window_layers: 0, ...types('full', 'full') })).toEqual([undefined, undefined]);
    for (const wrong of [
      types('sliding', 'full'),
      { ...on, ...types('full') },
      { ...on, ...types('chunked', 'full') },
    ]) {
      await expect(layers(wrong)).rejects.toMatchObject({ code: 'corrupt-file' });
    }
  });

  test('what Pronk does not run is named, with what it runs', async () => {
    for (const type of ['mixtral', 'qwen2_moe', 'qwen3_moe', 'gemma2', 'gpt_neox']) {
      await expect(open({ model_type: type })).rejects.toMatchObject({
        code: 'unsupported-architecture',
        message: expect.stringMatching(new RegExp(`${type}.*LLaMA.*Mistral.*Qwen2.*InternLM2`)),
      });
    }
    const classifier = { model_type: 'llama', architectures: ['LlamaForSequenceClassification'] };
    await expect(open(classifier)).rejects.toMatchObject({ code: 'unsupported-architecture' });
    await expect(open({ model_type: 'qwen2', rope_scaling: { type: 'su', factor: 4 } })).rejects.toThrow(/ su /);
  });

  test('an empty configuration', async () => {
    const given = [bytesSource(new Uint8Array(0), 'config.json'), safetensors(model([])), tokenizer];
    await expect(openCheckpoint(given)).rejects.toMatchObject({ code: 'corrupt-file' });
  });
});
