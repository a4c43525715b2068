// Merged models in every format against what PEFT merged (tools/golden/), opened again as anybody's files.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAdapter } from '../../formats/adapters/index';
import { addPairs } from '../../formats/adapters/merge';
import { moduleName } from '../../formats/adapters/modules';
import type { Checkpoint } from '../../core/checkpoint';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { readSafetensors } from '../../formats/safetensors/safetensors';
import { fromHalfSplit } from '../../formats/checkpoint/permute';
import { bytesSource, readText, type Source } from '../../core/source';
import { readTorch } from '../../formats/torch/torch';
import { weightTensors } from '../../formats/checkpoint/weights';
import type { WeightTensor } from '../../core/weight-kinds';
import { promptTemplates } from '../../tokenizer/prompt-templates';
import { dequantizeRows, packRows } from '../../quant/repack';
import { adapterFiles } from './adapter';
import { type MergeOptions, mergedFiles } from './merge';
import { mergedTensors } from './merged';
import type { Base } from './origin';
import { sourcesOf } from '../../formats/testing/pieces';

const read = (path: string, name: string) => bytesSource(readFileSync(`src/${path}`), name);

const PIECES = '{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}';

async function golden(base: string, adapter: string, weights = 'adapter_model.safetensors') {
  const checkpoint = await openCheckpoint([
    read(`model/golden/${base}.config.json`, 'config.json'),
    read(`model/golden/${base}.safetensors`, 'model.safetensors'),
    bytesSource(new TextEncoder().encode(PIECES), 'tokenizer.json'),
  ]);
  return opened(checkpoint, `model/golden/adapters/${adapter}`, weights);
}

/** The base of the golden training run, whose heads are D / H wide. */
async function trained() {
  const checkpoint = await openCheckpoint([
    ...['config.json', 'model.safetensors'].map((name) => read(`training/golden/base/${name}`, name)),
    bytesSource(new TextEncoder().encode(PIECES), 'tokenizer.json'),
  ]);
  return opened(checkpoint, 'training/golden/f32/adapter', 'adapter_model.safetensors', 'training/golden/f32');
}

async function opened(checkpoint: Checkpoint, folder: string, weights: string, merged = folder) {
  const adapter = await readAdapter(
    ['adapter_config.json', weights].map((name) => read(`${folder}/${name}`, name)),
    checkpoint.config,
  );
  const base: Base = { ...checkpoint, source: 'golden', tensors: weightTensors(checkpoint, 'keep') };
  const { tensors } = await readSafetensors(read(`${merged}/merged.safetensors`, 'merged'));
  return { base, adapter, adapters: [{ adapter, strength: 1 }], peft: tensors };
}

const cases = {
  'all maps and the head': await golden('tiny-llama', 'llama'),
  'a tied head and biases': await golden('tiny-qwen2', 'qwen2'),
  'a trained one': await trained(),
};

async function values(tensor: WeightTensor): Promise<Float32Array> {
  const whole = new Float32Array(tensor.rows * tensor.columns);
  for await (const group of tensor.groups()) whole.set(dequantizeRows(group), group.rowStart * tensor.columns);
  return whole;
}

type Case = (typeof cases)['a trained one'];

/** What a base's tensors are after merging, in float32. */
async function expected({ base, adapter }: Case, strength = 1): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const tensor of base.tensors) {
    const own = await values(tensor);
    const pair = adapter.pairs.find((each) => `${moduleName(each)}.weight` === tensor.name);
    if (pair) addPairs(own, 0, [{ pair, strength }]);
    all.set(tensor.name, own);
  }
  return all;
}

const merge = async ({ base, adapters }: Pick<Case, 'base' | 'adapters'>, options: MergeOptions) =>
  sourcesOf(mergedFiles(base, adapters, options));

const reopen = async (files: readonly Source[]) =>
  openCheckpoint(files.filter(({ name }) => !/README|pronk/.test(name)));

/** The largest difference of a reopened model's weights. */
async function off(checkpoint: Checkpoint, wanted: ReadonlyMap<string, Float32Array>): Promise<number> {
  let worst = 0;
  const names = new Set(checkpoint.tensors.keys());
  expect([...wanted.keys()].filter((name) => !names.has(name))).toEqual([]);
  for (const tensor of weightTensors(checkpoint, 'keep')) {
    const should = wanted.get(tensor.name);
    const is = await values(tensor);
    should?.forEach((each, i) => (worst = Math.max(worst, Math.abs(each - is[i]))));
  }
  return worst;
}

describe.each(Object.entries(cases))('%s', (_, own) => {
  test('hf: f32 is the merge to the bit, as PEFT has it; f16 rounds it', async () => {
    const wanted = await expected(own);
    const files = await merge(own, { format: 'hf', dtype: 'f32', shardBytes: 40_000 });
    const shards = files.filter(({ name }) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name));
    expect(shards.length).toBeGreaterThan(2);
    const merged = await reopen(files);
    expect(merged.config).toEqual(own.base.config);
    expect(await off(merged, wanted)).toBe(0);
    for (const [name, { source, start, bytes }] of own.peft) {
      const is = await values(weightTensors(merged, 'keep').find((each) => each.name === name)!);
      const rows = await source.read(start, start + bytes);
      const { columns } = merged.tensors.get(name)!;
      const rotated = /[qk]_proj/.test(name);
      const should = rotated ? fromHalfSplit(rows, columns * 4, merged.config) : rows;
      new Float32Array(should.buffer).forEach((each, i) => expect(Math.abs(each - is[i])).toBeLessThan(3e-7));
    }
    const half = await reopen(await merge(own, { format: 'hf', dtype: 'f16' }));
    const rounding = await off(half, wanted);
    expect(rounding).toBeGreaterThan(0);
    expect(rounding).toBeLessThan(2e-3);
  });

  test('another strength is another model', async () => {
    const adapters = own.adapters.map((each) => ({ ...each, strength: 0.9 }));
    const merged = await reopen(await merge({ ...own, adapters }, { format: 'hf', dtype: 'f32' }));
    expect(await off(merged, await expected(own, 0.9))).toBe(0);
    expect(await off(merged, await expected(own))).toBeGreaterThan(1e-4);
  });

  test('gguf: f32 to the bit, the others as the merged weights quantize', async () => {
    const wanted = await expected(own);
    const reopened = async (dtype: MergeOptions['dtype']) => {
      const files = await merge(own, { format: 'gguf', dtype });
      expect(files[0].name).toBe(`model-${dtype}.gguf`);
      return reopen(files);
    };
    expect(await off(await reopened('f32'), wanted)).toBe(0);
    for (const [dtype, kind] of [
      ['f16', 'f16'],
      ['q8_0', 'q8'],
      ['q4_0', 'q4'],
    ] as const) {
      const rounded = new Map(
        Array.from(wanted, ([name, all]) => {
          const { rows, columns } = own.base.tensors.find((each) => each.name === name)!;
          const to = rows === 1 ? 'f32' : columns % 32 ? 'f16' : kind;
          return [name, dequantizeRows(packRows(Float32Array.from(all), to, rows, columns))];
        }),
      );
      expect(await off(await reopened(dtype), rounded)).toBe(0);
    }
  });

  test('what it was made of stands beside it', async () => {
    const files = await merge(own, { format: 'hf', dtype: 'f16' });
    const json = JSON.parse(await readText(files.find(({ name }) => name === 'pronk.json')!)) as object;
    expect(json).toMatchObject({
      format: 'hf, f16',
      base: { name: own.base.name, quantization: { f32: 1 } },
      adapters: [{ strength: 1, r: own.adapter.config.r, lora_alpha: own.adapter.config.lora_alpha }],
      stop_token_ids: own.base.tokenizer.eosIds,
    });
    expect(await readText(files.find(({ name }) => name === 'README.md')!)).toContain(own.adapter.name);
  });

  test.each(['peft', 'mlx', 'gguf'] as const)('%s: the adapter comes back with its README', async (format) => {
    const template = promptTemplates.find(({ name }) => name === 'alpaca_short')!;
    const files = await sourcesOf(await adapterFiles(own.adapter, own.base, format, template));
    const text = (name: string) => readText(files.find((file) => file.name === name)!);
    expect(await text('README.md')).toContain('template `alpaca_short`');
    expect(JSON.parse(await text('pronk.json'))).toMatchObject({ adapters: [{ prompt_template: template }] });
    const back = await readAdapter(
      files.filter(({ name }) => !/README|pronk/.test(name)),
      own.base.config,
    );
    const [merged, wanted] = [await expected({ ...own, adapter: back }), await expected(own)];
    let worst = 0;
    for (const [name, all] of wanted)
      all.forEach((each, i) => (worst = Math.max(worst, Math.abs(each - merged.get(name)![i]))));
    expect(worst).toBeLessThan(1e-6);
  });
});

describe('meta', () => {
  /** The trained one with a vocabulary of pieces, which Meta's program reads. */
  const { base, adapters, ...rest } = cases['a trained one'];
  const tokens = ['<unk>', '<s>', '</s>', ...Array.from({ length: base.config.vocabSize - 3 }, (_, i) => `▁${i}`)];
  const pieces: Base = {
    ...base,
    tokenizer: {
      ...base.tokenizer,
      bosId: 1,
      eosIds: [2],
      definition: { kind: 'gguf', model: 'llama', tokens, types: tokens.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : 1)) },
    },
  };
  const own = { base: pieces, adapters, ...rest };

  test('is the merge to the bit', async () => {
    const files = await merge(own, { format: 'meta', dtype: 'f32' });
    expect(files.map(({ name }) => name).slice(0, 3)).toEqual([
      'params.json',
      'tokenizer.model',
      'consolidated.00.pth',
    ]);
    const merged = await reopen(files);
    expect(merged.container).toBe('meta');
    expect(await off(merged, await expected(own))).toBe(0);
    expect(merged.tokenizer).toMatchObject({ bosId: 1, eosIds: [2] });
  });

  test('a tied head is there again', async () => {
    const tied = { ...pieces, config: { ...base.config, tieWordEmbeddings: true } };
    const without = tied.tensors.filter(({ name }) => name !== 'lm_head.weight');
    const files = await merge({ base: { ...tied, tensors: without }, adapters }, { format: 'meta', dtype: 'f16' });
    const { tensors } = await readTorch(files.find(({ name }) => name.endsWith('.pth'))!);
    expect(tensors.get('output.weight')!.shape).toEqual([base.config.vocabSize, base.config.hiddenSize]);
  });

  test('what it cannot say is refused before anything is written', () => {
    const meta = { format: 'meta', dtype: 'f16' } as const;
    const code = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return 'no error';
    };
    const qwen2 = cases['a tied head and biases'];
    expect(code(() => mergedFiles(pieces, adapters, meta))).toBe('no error');
    expect(code(() => mergedFiles(base, adapters, meta))).toBe('unsupported-tokenizer');
    expect(code(() => mergedFiles(qwen2.base, qwen2.adapters, meta))).toBe('unsupported-format');
    expect(code(() => mergedFiles(base, adapters, { format: 'hf', dtype: 'q8_0' }))).toBe('unsupported-format');
    expect(code(() => mergedFiles(base, qwen2.adapters, { format: 'hf', dtype: 'f16' }))).toBe('adapter-mismatch');
  });
});

test('a bias that LLaMA would want beside others is zero', async () => {
  const { base, adapters } = cases['a trained one'];
  const name = 'model.layers.0.self_attn.q_proj.bias';
  const rows = base.config.numHeads * base.config.headDim;
  const bias: WeightTensor = {
    name,
    kind: 'f32',
    rows: 1,
    columns: rows,
    async *groups() {
      yield {
        ...packRows(
          Float32Array.from({ length: rows }, (_, i) => i),
          'f32',
          1,
          rows,
        ),
        rowStart: 0,
      };
    },
  };
  const merged = await reopen(
    await merge({ base: { ...base, tensors: [...base.tensors, bias] }, adapters }, { format: 'hf', dtype: 'f32' }),
  );
  const all = new Map(weightTensors(merged, 'keep').map((tensor) => [tensor.name, tensor]));
  expect([...all.keys()].filter((each) => each.endsWith('bias'))).toHaveLength(4 * base.config.numLayers);
  expect(await values(all.get(name)!)).toEqual(Float32Array.from({ length: rows }, (_, i) => i));
  expect((await values(all.get('model.layers.1.self_attn.o_proj.bias')!)).every((each) => each === 0)).toBe(true);
});

test('a large group is worked on a part at a time; what is not to change is not touched', async () => {
  const [rows, columns] = [6000, 1024];
  const packed = packRows(new Float32Array(rows * columns).fill(0.5), 'q4', rows, columns);
  const whole: WeightTensor = {
    name: 'lm_head.weight',
    kind: 'q4',
    rows,
    columns,
    async *groups() {
      yield { ...packed, rowStart: 0 };
    },
  };
  const parts: number[] = [];
  const [merged] = mergedTensors([whole], [], () => 'f16');
  for await (const group of merged!.groups()) parts.push(group.rows);
  expect(parts).toEqual([4096, 1904]);
  expect(mergedTensors([whole], [], () => 'q4')).toEqual([whole]);
});

test('weights that f16 cannot hold are named', async () => {
  const large: WeightTensor = {
    name: 'lm_head.weight',
    kind: 'f32',
    rows: 2,
    columns: 4,
    async *groups() {
      yield { ...packRows(new Float32Array(8).fill(70_000), 'f32', 2, 4), rowStart: 0 };
    },
  };
  const [merged] = mergedTensors([large], [], () => 'f16');
  await expect(values(merged!)).rejects.toMatchObject({ code: 'weights-out-of-range' });
});
