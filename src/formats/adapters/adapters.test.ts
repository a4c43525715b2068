// Adapters of all three kinds against PEFT's own (tools/golden/adapter.py): what is read is what PEFT merged, what is
// written is read back, and what cannot be used is named.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dequantizeElements } from '../../quant/elements';
import type { Adapter, LoraPair } from '../../core/adapter';
import type { Checkpoint } from '../../core/checkpoint';
import { PronkError } from '../../core/errors';
import { writeGguf } from '../gguf/writer';
import { openCheckpoint } from '../checkpoint/open';
import { fromHalfSplit } from '../checkpoint/permute';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors';
import { bytesSource, readText, type Source } from '../../core/source';
import { jsonSource } from '../testing/containers';
import { weightTensors } from '../checkpoint/weights';
import { type AdapterFile, isGgufAdapter, readAdapter, writeGgufAdapter, writeMlx, writePeft } from './index';
import { addPairs } from './merge';
import { moduleName } from './modules';

const golden = (path: string, name = path) =>
  bytesSource(readFileSync(new URL(`../../model/golden/${path}`, import.meta.url)), name);

const base = (name: string) =>
  openCheckpoint([
    golden(`${name}.config.json`, 'config.json'),
    golden(`${name}.safetensors`, 'model.safetensors'),
    jsonSource({ model: { vocab: { a: 0 }, merges: [] } }, 'tokenizer.json'),
  ]);
const [llama, qwen2] = await Promise.all(['tiny-llama', 'tiny-qwen2'].map(base));

const folder = (name: string, weights = 'adapter_model.safetensors') =>
  ['adapter_config.json', weights].map((file) => golden(`adapters/${name}/${file}`, `${name}/${file}`));

const same = (name: string) => name;

const sources = (files: readonly AdapterFile[]): Promise<Source[]> =>
  Promise.all(
    files.map(async ({ name, pieces }) =>
      bytesSource(new Uint8Array(await new Blob([...pieces]).arrayBuffer()), `back/${name}`),
    ),
  );

/** The largest difference between base + adapter and what PEFT merged, over the adapted weights. */
async function fromMerged(checkpoint: Checkpoint, name: string, pairs: readonly LoraPair[]): Promise<number> {
  const { tensors } = await readSafetensors(golden(`adapters/${name}/merged.safetensors`));
  expect(pairs.map((pair) => `${moduleName(pair)}.weight`).toSorted()).toEqual([...tensors.keys()].toSorted());
  let worst = 0;
  for (const pair of pairs) {
    const tensor = checkpoint.tensors.get(`${moduleName(pair)}.weight`)!;
    const values = dequantizeElements(tensor.type, await tensor.readRows(0, tensor.rows));
    addPairs(values, 0, [{ pair, strength: 1 }]);
    const { source, start, bytes } = tensors.get(tensor.name)!;
    const rows = await source.read(start, start + bytes);
    const rotated = /[qk]_proj/.test(tensor.name);
    const expected = rotated ? fromHalfSplit(rows, tensor.columns * 4, checkpoint.config) : rows;
    new Float32Array(expected.buffer).forEach((each, i) => (worst = Math.max(worst, Math.abs(each - values[i]))));
  }
  return worst;
}

const merges = [
  ['llama', llama, 'adapter_model.safetensors'],
  ['llama-2023', llama, 'adapter_model.bin'],
  ['qwen2', qwen2, 'adapter_model.safetensors'],
] as const;

describe.each(merges)('%s', (name, checkpoint, weights) => {
  const read = () => readAdapter(folder(name, weights), checkpoint.config);

  test('merges to what PEFT merged', async () => {
    const { pairs } = await read();
    // weights near 1: the last bit of an f32
    expect(await fromMerged(checkpoint, name, pairs)).toBeLessThan(2.5e-7);
  });

  test('a wrong order of rows, a dropped scale and a transposed A show', async () => {
    const { pairs } = await read();
    const changed = (change: (pair: LoraPair) => Partial<LoraPair>) =>
      fromMerged(
        checkpoint,
        name,
        pairs.map((pair) => ({ ...pair, ...change(pair) })),
      );
    const wrongRows = ({ map, b, rank }: LoraPair) =>
      /^[qk]_/.test(map)
        ? { b: new Float32Array(fromHalfSplit(new Uint8Array(b.buffer), rank * 4, checkpoint.config).buffer) }
        : {};
    expect(await changed(wrongRows)).toBeGreaterThan(0.05);
    expect(await changed(() => ({ scale: 1 }))).toBeGreaterThan(0.05);
    expect(
      await changed(({ a, rank, inputs }) => ({
        a: a.map((_, i) => a[(i % rank) * inputs + Math.floor(i / rank)]),
      })),
    ).toBeGreaterThan(0.05);
  });

  test('comes back from PEFT’s, mlx-lm’s and GGUF’s files', async () => {
    const adapter = await read();
    const peft = await readAdapter(await sources(writePeft(adapter, checkpoint.config)), checkpoint.config);
    expect(peft.pairs).toEqual(adapter.pairs);
    expect(peft.config).toMatchObject({
      lora_dropout: adapter.config.lora_dropout,
      use_rslora: adapter.config.use_rslora,
      lora_alpha: adapter.config.lora_alpha,
    });
    // one rank, scale and alpha for all: equal after merging
    const mlx = await readAdapter(await sources(writeMlx(adapter, checkpoint.config)), checkpoint.config);
    expect(await fromMerged(checkpoint, name, mlx.pairs)).toBeLessThan(1e-6);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of writeGgufAdapter(adapter, checkpoint.config)) pieces.push(piece);
    const file = bytesSource(new Uint8Array(await new Blob(pieces).arrayBuffer()), 'a.gguf');
    const gguf = await readAdapter([file], checkpoint.config);
    expect(await fromMerged(checkpoint, name, gguf.pairs)).toBeLessThan(1e-6);
    // an alpha of 0 would be a scale of 1 to llama.cpp
    const off = { ...adapter, pairs: adapter.pairs.map((pair) => ({ ...pair, scale: 0 })) };
    const still: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of writeGgufAdapter(off, checkpoint.config)) still.push(piece);
    const nothing = bytesSource(new Uint8Array(await new Blob(still).arrayBuffer()), 'a.gguf');
    for (const { b, scale } of (await readAdapter([nothing], checkpoint.config)).pairs) {
      expect(scale * Math.max(...b.map(Math.abs))).toBe(0);
    }
    // what tells it from a model is inside
    expect(await isGgufAdapter(file)).toBe(true);
    const model: Uint8Array<ArrayBuffer>[] = [];
    const metadata = new Map([['general.type', { type: 'string', value: 'model' }]] as const);
    for await (const piece of writeGguf({ metadata, tensors: [] })) model.push(piece);
    expect(await isGgufAdapter(bytesSource(new Uint8Array(await new Blob(model).arrayBuffer()), 'a.gguf'))).toBe(false);
    expect(await isGgufAdapter(bytesSource(new Uint8Array(3), 'a.gguf'))).toBe(false);
  });
});

test('names as they are in memory, and float16, are the same adapter', async () => {
  const plain = await readAdapter(folder('llama-2023', 'adapter_model.bin'), llama.config);
  const inMemory = await readAdapter(folder('llama-default'), llama.config);
  expect(inMemory.pairs).toEqual(plain.pairs);
  expect(inMemory).toMatchObject({ name: 'llama-default', config: { r: 4, lora_alpha: 16, lora_dropout: 0.05 } });
  expect(inMemory.pairs.map(({ layer, map }) => `${layer} ${map}`)).toEqual([
    '0 q_proj',
    '0 v_proj',
    '1 q_proj',
    '1 v_proj',
  ]);
});

test('of several patterns the first that fits is taken, as in PEFT', async () => {
  const patterns = { rank_pattern: { q_proj: 4, 'model.layers.0.self_attn.q_proj': 7 }, r: 9 };
  const [pair] = (await readAdapter(await onePair(patterns), llama.config)).pairs;
  expect(pair.rank).toBe(4);
  const turned = { rank_pattern: { 'model.layers.0.self_attn.q_proj': 7, q_proj: 4 }, r: 9 };
  expect(await failure(await onePair(turned))).toMatch(/says 7/);
});

test('what a folder holds beside its adapter is let be', async () => {
  const files = [
    ...folder('llama-2023', 'adapter_model.bin'),
    golden('adapters/llama/adapter_model.safetensors', 'llama-2023/checkpoint-200/adapter_model.safetensors'),
    golden('adapters/llama-2023/merged.safetensors', 'llama-2023/merged.safetensors'),
    bytesSource(Uint8Array.of(0x50, 0x4b, 3, 4), 'llama-2023/optimizer.pt'),
    bytesSource(new Uint8Array(3), 'llama-2023/README.md'),
  ];
  expect((await readAdapter(files, llama.config)).pairs).toHaveLength(4);
});

/** A PEFT folder of one pair, q of layer 0, some of it changed. */
async function onePair(
  config: object,
  rename: (name: string) => string = same,
  more: readonly { name: string; shape: readonly number[]; bytes?: Uint8Array<ArrayBuffer> }[] = [],
): Promise<Source[]> {
  const { config: known, pairs } = await readAdapter(folder('llama-2023', 'adapter_model.bin'), llama.config);
  const adapter: Adapter = { name: 'x', config: known, pairs: pairs.slice(0, 1) };
  const [json, weights] = await sources(writePeft(adapter, llama.config));
  const { tensors } = await readSafetensors(weights);
  const inputs = await Promise.all(
    Array.from(tensors.values(), async ({ name, dtype, shape, source, start, bytes }) => ({
      name: rename(name),
      dtype,
      shape,
      bytes: await source.read(start, start + bytes),
    })),
  );
  const added = more.map(({ name, shape, bytes }) => ({
    name,
    dtype: 'F32',
    shape,
    bytes: bytes ?? new Uint8Array(4 * shape.reduce((product, each) => product * each, 1)),
  }));
  const pieces = writeSafetensors([...inputs, ...added]);
  const text = JSON.parse(await readText(json)) as object;
  return [
    jsonSource({ ...text, ...config }, 'x/adapter_config.json'),
    bytesSource(new Uint8Array(await new Blob(pieces).arrayBuffer()), 'x/adapter_model.safetensors'),
  ];
}

const failure = (files: readonly Source[], of: Checkpoint = llama) =>
  readAdapter(files, of.config).then(
    () => 'no error',
    (error: unknown) => (error instanceof PronkError ? `${error.code}: ${error.message}` : String(error)),
  );

describe('what cannot be used is named', () => {
  test('the file of 443 bytes, and tensors without elements, are empty', async () => {
    const files = folder('empty', 'adapter_model.bin');
    expect(files[1].size).toBe(443);
    expect(await failure(files)).toMatch(/^adapter-empty: adapter_model\.bin is an empty adapter/);
    const none = bytesSource(
      new Uint8Array(
        await new Blob(
          writeSafetensors([
            { name: 'base_model.model.lm_head.lora_A.weight', dtype: 'F32', shape: [0], bytes: new Uint8Array(0) },
          ]),
        ).arrayBuffer(),
      ),
      'empty/adapter_model.safetensors',
    );
    expect(await failure([files[0], none])).toMatch(/^adapter-empty/);
    // a model of that name is still no model
    await expect(openCheckpoint([files[1]])).rejects.toThrow();
  });

  test.each([
    [{ peft_type: 'IA3' }, 'IA3'],
    [{ use_bdlora: {} }, 'use_bdlora'],
    [{ bias: 'some' }, 'bias: some'],
    [{ trainable_token_indices: [1, 2] }, 'trainable_token_indices'],
    [{ init_lora_weights: 'pissa_niter_4' }, 'pissa'],
    [{ rank_pattern: { '(a+)+b': 3 } }, '(a+)+b'],
  ])('%j', async (config, said) => {
    const message = await failure(await onePair(config));
    expect(message).toMatch(/^unsupported-adapter/);
    expect(message).toContain(said);
  });

  test('what such keys say of nothing does not matter', async () => {
    const nothing = { modules_to_save: [], use_dora: false, use_bdlora: null, init_lora_weights: 'gaussian' };
    expect(await failure(await onePair(nothing))).toBe('no error');
  });

  test('fan_in_fan_out is ignored, as PEFT does for linear maps', async () => {
    const read = async (flag: boolean) =>
      (await readAdapter(await onePair({ fan_in_fan_out: flag }), llama.config)).pairs;
    expect(await read(true)).toEqual(await read(false));
  });

  test("an embedding and a head are let be where they are the base's own", async () => {
    const own = async (tensor: string, change = 0) => {
      const base = llama.tensors.get(tensor)!;
      const values = dequantizeElements(base.type, await base.readRows(0, base.rows)).slice();
      values[values.length - 7] += change;
      const name = `base_model.model.${tensor}`;
      return { name, shape: [base.rows, base.columns], bytes: new Uint8Array(values.buffer) };
    };
    const both = async (change = 0) => [await own('model.embed_tokens.weight'), await own('lm_head.weight', change)];
    for (const quantize of ['keep', 'f16', 'q8'] as const) {
      const tensors = weightTensors(llama, quantize);
      const { pairs } = await readAdapter(await onePair({}, same, await both()), llama.config, tensors);
      expect(pairs, quantize).toHaveLength(1);
    }
    const kept = weightTensors(llama, 'keep');
    const trained = readAdapter(await onePair({}, same, await both(0.01)), llama.config, kept);
    expect((await trained).whole).toMatchObject([{ name: 'lm_head.weight', rows: 131 }]);
    // without the base nobody knows, so the adapter's are taken
    const { whole } = await readAdapter(await onePair({}, same, await both()), llama.config);
    expect(whole).toMatchObject([{ name: 'model.embed_tokens.weight' }, { name: 'lm_head.weight' }]);
  });

  test('tensors that are no pairs', async () => {
    const q = 'base_model.model.model.layers.0.self_attn.q_proj';
    const magnitude = { name: `${q}.lora_magnitude_vector`, shape: [60] };
    expect(await failure(await onePair({}, same, [magnitude]))).toMatch(/^corrupt-file: .*q_proj.*brings a magnitude/);
    expect(await failure(await onePair({ use_dora: true }))).toMatch(/^corrupt-file: .*q_proj.*has no magnitude/);
    expect(await failure(await onePair({ use_dora: true }, same, [{ ...magnitude, shape: [61] }]))).toMatch(
      /^corrupt-file: .*61.*60 outputs/,
    );
    expect(await failure(await onePair({}, same, [{ name: `${q}.weight`, shape: [60, 36] }]))).toMatch(
      /^unsupported-adapter: .*whole matrix/,
    );
    const tall = [{ name: 'base_model.model.lm_head.weight', shape: [140, 36] }];
    expect(await failure(await onePair({}, same, tall))).toMatch(/^adapter-mismatch: .*131 tokens and its head 140/);
    const wide = [{ name: 'base_model.model.lm_head.weight', shape: [131, 37] }];
    expect(await failure(await onePair({}, same, wide))).toMatch(/^adapter-mismatch: .*131 × 37.*rows of 36/);
    expect(await failure(await onePair({}, (name) => name.replace('q_proj', 'wqkv')))).toMatch(
      /^unsupported-adapter: .*wqkv/,
    );
    expect(await failure(await onePair({}, (name) => name.replace('lora_B', 'lora_C')))).toMatch(/lora_C/);
    expect(
      await failure(
        await onePair({}, (name) => name.replace('0.self_attn.q_proj.lora_B', '1.self_attn.q_proj.lora_B')),
      ),
    ).toMatch(/^missing-tensor: .*lora_B/);
  });

  test('another base', async () => {
    expect(await failure(folder('llama-2023', 'adapter_model.bin'), qwen2)).toMatch(
      /^adapter-mismatch: .*layers\.0\.self_attn\.q_proj\.lora_A.*36 inputs and 60 outputs.*48 inputs/,
    );
    expect(await failure(await onePair({}, (name) => name.replace('layers.0', 'layers.2')))).toMatch(
      /^adapter-mismatch: .*layer 2.*2 layers/,
    );
    expect(await failure(await onePair({ r: 8 }))).toMatch(/^adapter-mismatch: .*rank 4.*says 8/);
    const tied = { ...llama, config: { ...llama.config, tieWordEmbeddings: true } };
    expect(await failure(folder('llama'), tied)).toMatch(/^adapter-mismatch: .*lm_head.*embedding/);
    const { pairs, config } = await readAdapter(folder('llama-2023', 'adapter_model.bin'), llama.config);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of writeGgufAdapter({ name: 'x', config, pairs }, llama.config)) pieces.push(piece);
    const gguf = bytesSource(new Uint8Array(await new Blob(pieces).arrayBuffer()), 'x.gguf');
    expect(await failure([gguf], qwen2)).toMatch(/^adapter-mismatch: .*architecture llama/);
  });

  test('a half of a folder', async () => {
    const [json, weights] = folder('llama');
    expect(await failure([json!])).toMatch(/^missing-file: .*adapter_model/);
    expect(await failure([weights!])).toMatch(/^missing-file: .*adapter_config\.json/);
    expect(await failure([jsonSource({}, 'x.json')])).toMatch(/^unsupported-format/);
  });
});

test('pairs that differ are written with patterns that every PEFT takes', async () => {
  const adapter = await readAdapter(folder('llama'), llama.config);
  const [json] = await sources(writePeft(adapter, llama.config));
  const written = JSON.parse(await readText(json)) as Record<string, unknown>;
  expect(written).toMatchObject({ r: 3, lora_alpha: 8, use_rslora: false, peft_type: 'LORA', bias: 'none' });
  expect(written['rank_pattern']).toEqual({
    'model.layers.0.self_attn.k_proj': 1,
    'model.layers.1.self_attn.k_proj': 1,
    'model.layers.1.mlp.up_proj': 5,
  });
  expect(written['alpha_pattern']).toEqual({
    'model.layers.0.self_attn.o_proj': 2,
    'model.layers.1.self_attn.o_proj': 2,
    lm_head: 9,
  });
  const one = { ...adapter, pairs: adapter.pairs.filter(({ layer }) => layer === 1) };
  const [other] = await sources(writePeft(one, llama.config));
  expect(JSON.parse(await readText(other))).toMatchObject({ layers_to_transform: [1] });
});
