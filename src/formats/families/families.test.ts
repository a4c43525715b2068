import { type ModelConfig, windowAt } from '../../core/model-config';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { expectedTensors, optionalBiases } from '../config/llama-config';
import { toGgufName, toMetaName } from '../checkpoint/tensor-names';
import { openCheckpoint } from '../checkpoint/open';
import { toHalfSplit } from '../checkpoint/permute';
import { writeSafetensors } from '../safetensors/safetensors';
import { type Source, bytesSource } from '../../core/source';

const utf8 = new TextEncoder();
const jsonSource = (json: object, name: string) => bytesSource(utf8.encode(JSON.stringify(json)), name);

const tokenizer = jsonSource(
  { model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] }, added_tokens: [] },
  'tokenizer.json',
);

const base = {
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  vocab_size: 7,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 64,
};
const config = {
  vocabSize: 7,
  hiddenSize: 12,
  intermediateSize: 20,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 6,
  tieWordEmbeddings: false,
} as ModelConfig;

type Matrix = { readonly shape: readonly [number, number]; readonly bytes: Uint8Array<ArrayBuffer> };

/** A model in Pronk's own order: every element its own number. */
function model(biases: readonly string[]): Map<string, Matrix> {
  const wanted = [...expectedTensors(config), ...optionalBiases(config)];
  let next = 0;
  return new Map(
    wanted
      .filter(([name]) => name.endsWith('.weight') || biases.some((stem) => name.includes(stem)))
      .map(([name, shape]) => {
        const values = Float32Array.from({ length: shape[0] * shape[1] }, () => next++);
        return [name, { shape, bytes: new Uint8Array(values.buffer) }];
      }),
  );
}

const isRotated = (name: string) => /\.[qk]_proj\./.test(name);

function halfSplit(name: string, { shape, bytes }: Matrix): Matrix {
  if (!isRotated(name)) return { shape, bytes };
  return { shape, bytes: toHalfSplit(bytes, shape[0] === 1 ? 4 : shape[1] * 4, config.headDim) };
}

function safetensors(tensors: Iterable<readonly [string, Matrix]>): Source {
  const pieces = writeSafetensors(
    Array.from(tensors, ([name, { shape, bytes }]) => ({
      name,
      dtype: 'F32',
      shape: shape[0] === 1 ? [shape[1]] : shape,
      bytes,
    })),
  );
  return bytesSource(Uint8Array.from(pieces.flatMap((piece) => Array.from(piece))), 'model.safetensors');
}

/** A GGUF file with the least that one needs. */
function gguf(architecture: string, tensors: ReadonlyMap<string, Matrix>, more: Record<string, number> = {}): Source {
  const out: number[] = [];
  const le = (value: number, bytes: number) => {
    for (let i = 0; i < bytes; i++) out.push(Math.floor(value / 2 ** (8 * i)) % 256);
  };
  const text = (value: string) => {
    const bytes = utf8.encode(value);
    le(bytes.length, 8);
    out.push(...bytes);
  };
  const numbers = {
    embedding_length: config.hiddenSize,
    feed_forward_length: config.intermediateSize,
    block_count: config.numLayers,
    context_length: 64,
    'attention.head_count': config.numHeads,
    'attention.head_count_kv': config.numKeyValueHeads,
    'attention.key_length': config.headDim,
    ...more,
  };
  const strings = { 'general.architecture': architecture, 'tokenizer.ggml.model': 'gpt2' };
  out.push(...utf8.encode('GGUF'));
  le(3, 4);
  le(tensors.size, 8);
  le(Object.keys(numbers).length + Object.keys(strings).length + 2, 8);
  for (const [key, value] of Object.entries(strings)) {
    text(key);
    le(8, 4);
    text(value);
  }
  for (const [key, value] of Object.entries(numbers)) {
    text(`${architecture}.${key}`);
    le(4, 4);
    le(value, 4);
  }
  text('tokenizer.ggml.tokens');
  le(9, 4);
  le(8, 4);
  le(2, 8);
  text('a');
  text('b');
  text('tokenizer.ggml.merges');
  le(9, 4);
  le(8, 4);
  le(0, 8);
  let offset = 0;
  for (const [name, { shape, bytes }] of tensors) {
    text(toGgufName(name)!);
    const sizes = shape[0] === 1 ? [shape[1]] : shape.toReversed();
    le(sizes.length, 4);
    for (const size of sizes) le(size, 8);
    le(0, 4);
    le(offset, 8);
    offset += Math.ceil(bytes.length / 32) * 32;
  }
  while (out.length % 32) out.push(0);
  for (const { bytes } of tensors.values()) {
    out.push(...bytes);
    while (out.length % 32) out.push(0);
  }
  return bytesSource(Uint8Array.from(out), `${architecture}.gguf`);
}

async function expectModel(checkpoint: Checkpoint, expected: ReadonlyMap<string, Matrix>) {
  expect([...checkpoint.tensors.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  for (const [name, { shape, bytes }] of expected) {
    const tensor = checkpoint.tensors.get(name) as Tensor;
    expect([tensor.rows, tensor.columns], name).toEqual(shape);
    expect(Buffer.compare(await tensor.readRows(0, tensor.rows), bytes), name).toBe(0);
    const [start, end] = [Math.floor(tensor.rows / 4), Math.ceil(tensor.rows / 2)];
    const rowBytes = bytes.length / tensor.rows;
    expect(await tensor.readRows(start, end), name).toEqual(bytes.slice(start * rowBytes, end * rowBytes));
  }
}

const QKV = ['q_proj', 'k_proj', 'v_proj'];

describe.each([
  ['llama', 'LlamaForCausalLM', [], {}],
  ['llama', 'LlamaForCausalLM', [...QKV, 'o_proj'], { attention_bias: true }],
  ['llama', 'LlamaForCausalLM', ['gate_proj', 'up_proj', 'down_proj'], { mlp_bias: true }],
  ['mistral', 'MistralForCausalLM', [], { sliding_window: null }],
  ['qwen2', 'Qwen2ForCausalLM', QKV, { use_sliding_window: false, sliding_window: 8, max_window_layers: 0 }],
] as const)('%s (%s, biases %j)', (type, className, biases, more) => {
  const tensors = model(biases);
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
  ] as const)('%s', async (architecture, biases) => {
    const tensors = model(biases);
    const inFile = new Map(
      Array.from(tensors, ([name, each]) => [name, architecture === 'qwen2' ? halfSplit(name, each) : each] as const),
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
    for (const type of ['mixtral', 'qwen2_moe', 'qwen3', 'gemma2', 'gpt_neox']) {
      await expect(open({ model_type: type })).rejects.toMatchObject({
        code: 'unsupported-architecture',
        message: expect.stringMatching(new RegExp(`${type}.*LLaMA.*Mistral.*Qwen2.*InternLM2`)),
      });
    }
    const classifier = { model_type: 'llama', architectures: ['LlamaForSequenceClassification'] };
    await expect(open(classifier)).rejects.toMatchObject({ code: 'unsupported-architecture' });
    await expect(open({ model_type: 'qwen2', rope_scaling: { type: 'yarn', factor: 4 } })).rejects.toThrow(/yarn/);
  });

  test('an empty configuration', async () => {
    const given = [bytesSource(new Uint8Array(0), 'config.json'), safetensors(model([])), tokenizer];
    await expect(openCheckpoint(given)).rejects.toMatchObject({ code: 'corrupt-file' });
  });
});

describe('folders as they are published', () => {
  const tensors = model([]);
  const weights = safetensors(Array.from(tensors, ([name, each]) => [name, halfSplit(name, each)] as const));
  const json = { ...base, model_type: 'llama', architectures: ['LlamaForCausalLM'] };
  const settings = jsonSource(json, 'config.json');

  test('other JSON files with like names or like contents are not the configuration', async () => {
    // ModelScope's and MLC's
    const others = [
      jsonSource({ framework: 'pytorch', task: 'text-generation' }, 'configuration.json'),
      jsonSource({ model_type: 'llama', quantization: 'q4f16_1' }, 'mlc-chat-config.json'),
    ];
    for (const files of [
      [settings, ...others],
      [...others, settings],
    ]) {
      await expectModel(await openCheckpoint([...files, weights, tokenizer]), tensors);
    }
    // a copy that a browser numbered is one
    const copy = jsonSource(json, 'config (1).json');
    await expectModel(await openCheckpoint([copy, others[0], weights, tokenizer]), tensors);
  });

  test('the same model under another name beside it is let be', async () => {
    const bytes = await weights.read(0, weights.size);
    const other = bytesSource(bytes, 'consolidated.safetensors');
    await expectModel(await openCheckpoint([settings, other, weights, tokenizer]), tensors);
    await expectModel(await openCheckpoint([settings, other, tokenizer]), tensors);
    const numbered = bytesSource(bytes, 'model (1).safetensors');
    await expectModel(await openCheckpoint([settings, other, numbered, tokenizer]), tensors);
  });

  test('matrices that another program quantized are named, with what to do', async () => {
    const packed = new Map(tensors);
    packed.delete('model.layers.0.self_attn.q_proj.weight');
    packed.set('model.layers.0.self_attn.q_proj.qweight', { shape: [2, 24], bytes: new Uint8Array(192) });
    const gptq = jsonSource({ ...json, quantization_config: { quant_method: 'gptq', bits: 4 } }, 'config.json');
    await expect(openCheckpoint([gptq, safetensors(packed), tokenizer])).rejects.toMatchObject({
      code: 'unsupported-tensor-type',
      message: expect.stringMatching(/by the method gptq .*GGUF/),
    });
  });

  test('numbers in quotes do not pass for missing ones', async () => {
    for (const change of [{ rms_norm_eps: '1e-5' }, { rope_theta: '1000000' }, { num_key_value_heads: '2' }]) {
      const files = [jsonSource({ ...json, ...change }, 'config.json'), weights, tokenizer];
      await expect(openCheckpoint(files)).rejects.toMatchObject({
        code: 'corrupt-file',
        message: expect.stringContaining(Object.keys(change)[0]),
      });
    }
    const nothing = jsonSource({ ...json, rope_theta: null, sliding_window: null }, 'config.json');
    await expectModel(await openCheckpoint([nothing, weights, tokenizer]), tensors);
  });

  test('an index may list what nobody needs: a tied head, rotary tables', async () => {
    const named = [...tensors.keys()];
    const index = (...more: string[]) => {
      const shards = [...named, ...more].map((name) => [name, 'model-00001-of-00001.safetensors']);
      return jsonSource({ weight_map: Object.fromEntries(shards) }, 'model.safetensors.index.json');
    };
    const shard = bytesSource(await weights.read(0, weights.size), 'model-00001-of-00001.safetensors');
    const rotary = 'model.layers.0.self_attn.rotary_emb.inv_freq';
    await expectModel(await openCheckpoint([settings, shard, index(rotary), tokenizer]), tensors);
    const without = new Map(tensors);
    without.delete('lm_head.weight');
    const headless = safetensors(Array.from(without, ([name, each]) => [name, halfSplit(name, each)] as const));
    const open = async (tied: boolean) => {
      const bytes = await headless.read(0, headless.size);
      const files = [bytesSource(bytes, shard.name), index(), tokenizer];
      return openCheckpoint([jsonSource({ ...json, tie_word_embeddings: tied }, 'config.json'), ...files]);
    };
    expect((await open(true)).config.tieWordEmbeddings).toBe(true);
    await expectModel(await open(true), without);
    // what is needed is still missed, by the name of its file
    const missing = { code: 'missing-tensor', message: expect.stringMatching(/00001-of-00001.*lm_head\.weight/) };
    await expect(open(false)).rejects.toMatchObject(missing);
    await expect(openCheckpoint([settings, shard, index('model.layers.7.x'), tokenizer])).rejects.toMatchObject({
      code: 'missing-tensor',
    });
  });

  test('one whole file goes before a stale index; where it is not whole, the index counts', async () => {
    const map = { 'model.norm.weight': 'model-00001-of-00002.safetensors' };
    const stale = jsonSource({ weight_map: map }, 'model.safetensors.index.json');
    await expectModel(await openCheckpoint([settings, stale, weights, tokenizer]), tensors);
    const [part] = Array.from(tensors, ([name, each]) => [name, halfSplit(name, each)] as const);
    const shard = bytesSource(await weights.read(0, weights.size), 'model-00001-of-00001.safetensors');
    const all = Object.fromEntries([...tensors.keys()].map((name) => [name, shard.name]));
    const index = jsonSource({ weight_map: all }, 'model.safetensors.index.json');
    await expectModel(await openCheckpoint([settings, index, shard, safetensors([part]), tokenizer]), tensors);
    await expect(openCheckpoint([settings, safetensors([part]), tokenizer])).rejects.toMatchObject({
      code: 'missing-tensor',
    });
  });
});
