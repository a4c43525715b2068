// What is exported is read back by Pronk, and by another reader.
import { readFileSync, readdirSync } from 'node:fs';
import { gguf } from '@huggingface/gguf';
import { describe, expect, test } from 'vitest';
import type { WeightTensor } from '../../core/weight-kinds';
import { dequantizeRows, packRows, quantizeRows } from '../../quant/repack';
import { createTokenizer } from '../../tokenizer/index';
import type { TokenizerJson } from '../../tokenizer/tokenizer-json';
import type { Checkpoint, TokenizerSpec } from '../../core/checkpoint';
import { type GgufValue, readGguf } from '../../formats/gguf/gguf';
import { exportGguf } from './gguf';
import { tokenizerMetadata } from './gguf-tokenizer';
import { type GgufStream, writeGguf } from '../../formats/gguf/writer';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { type Source, bytesSource } from '../../core/source';
import { tokenizerFromGguf } from '../../formats/tokenizer/tokenizer-files';
import { weightTensors } from '../../formats/checkpoint/weights';
import { filesOf, TALES, TALES_CHAT } from '../../testing/fixtures';

const bundled = 'public/demo-model/pronk-6m-q8_0.gguf';

async function bytesOf(stream: GgufStream): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(stream.size);
  let at = 0;
  for await (const piece of stream) {
    bytes.set(piece, at);
    at += piece.length;
  }
  expect(at).toBe(stream.size);
  return bytes;
}

function exported({ config, tokenizer, ...meta }: Checkpoint, tensors: readonly WeightTensor[]): GgufStream {
  return exportGguf(config, tokenizer, tensors, meta);
}

async function reopened(checkpoint: Checkpoint, tensors = weightTensors(checkpoint, 'keep')) {
  return openCheckpoint([bytesSource(await bytesOf(exported(checkpoint, tensors)), 'exported.gguf')]);
}

async function values(tensors: readonly WeightTensor[]): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const all = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { name, rows, columns, groups } of tensors) {
    const whole = new Float32Array(rows * columns);
    for await (const group of groups()) whole.set(dequantizeRows(group), group.rowStart * columns);
    all.set(name, whole);
  }
  return all;
}

/** What a header makes of a tokenizer. */
async function throughHeader(spec: TokenizerSpec, vocabSize: number): Promise<TokenizerSpec> {
  const metadata = tokenizerMetadata(spec, vocabSize);
  const source = bytesSource(await bytesOf(writeGguf({ metadata, tensors: [] })), 'header.gguf');
  return tokenizerFromGguf(await readGguf(source));
}

function golden(name: string): Source[] {
  const path = `src/model/golden/${name}`;
  return [
    bytesSource(readFileSync(`${path}.config.json`), 'config.json'),
    bytesSource(readFileSync(`${path}.safetensors`), 'model.safetensors'),
    bytesSource(
      new TextEncoder().encode('{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}'),
      'tokenizer.json',
    ),
  ];
}

const MODELS: Readonly<Record<string, () => Source[]>> = {
  'tales-f16.gguf': () => filesOf(TALES, ['tales-f16.gguf']),
  'the folder tales': () =>
    filesOf(
      TALES,
      readdirSync(TALES).filter((name) => !name.endsWith('.gguf')),
    ),
  'a folder with a byte-level tokenizer': () => filesOf(TALES_CHAT, readdirSync(TALES_CHAT)),
  'the bundled model': () => [bytesSource(readFileSync(bundled), 'bundled.gguf')],
  'a LLaMA with scaled rotation': () => golden('tiny-llama'),
  'a Qwen2 with biases': () => golden('tiny-qwen2'),
};

describe.each(Object.entries(MODELS))('%s', (_, files) => {
  test('comes back with every bit of its weights, its configuration and its tokens', async () => {
    const checkpoint = await openCheckpoint(files());
    const back = await reopened(checkpoint);
    expect(back.name).toBe(checkpoint.name);
    expect(back.licence).toBe(checkpoint.licence);
    const epsilon = Math.fround(checkpoint.config.rmsNormEps);
    expect(back.config).toEqual({ ...checkpoint.config, rmsNormEps: epsilon });
    const [before, after] = [
      await values(weightTensors(checkpoint, 'keep')),
      await values(weightTensors(back, 'keep')),
    ];
    expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
    for (const [name, expected] of before) {
      const actual = after.get(name)!;
      expect(
        expected.findIndex((value, i) => !Object.is(value, actual[i])),
        name,
      ).toBe(-1);
    }
    const [old, now] = [createTokenizer(checkpoint.tokenizer), createTokenizer(back.tokenizer)];
    const text = 'a Once upon a time, there was 1 + 2 = 3.';
    if (old.vocabSize > 1) expect(now.encode(text)).toEqual(old.encode(text));
    expect(now.bosId).toBe(old.bosId);
    expect(now.eosIds).toEqual(old.eosIds);
    expect(now.chatTemplate).toBe(old.chatTemplate);
  });
});

test("Hugging Face's reader finds the same header", async () => {
  const checkpoint = await openCheckpoint(MODELS['the bundled model']());
  const bytes = await bytesOf(exported(checkpoint, weightTensors(checkpoint, 'keep')));
  const serve = async (_: unknown, init?: RequestInit) => {
    const [, start, end] = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '') ?? [];
    return new Response(bytes.slice(Number(start), Number(end) + 1));
  };
  const { metadata, tensorInfos, tensorDataOffset } = await gguf('https://example.test/a.gguf', { fetch: serve });
  expect(metadata).toMatchObject({ 'general.architecture': 'llama', 'llama.block_count': checkpoint.config.numLayers });
  const { tensors } = await readGguf(bytesSource(bytes));
  expect(tensorInfos.map(({ name, offset }) => [name, Number(tensorDataOffset + offset)])).toEqual(
    tensors.map(({ name, start }) => [name, start]),
  );
});

describe('q and k', () => {
  test("of a Qwen2 are in its publisher's order, and its biases too, however the groups are cut", async () => {
    const checkpoint = await openCheckpoint(golden('tiny-qwen2'));
    const source = bytesSource(await bytesOf(exported(checkpoint, weightTensors(checkpoint, 'keep', 1000))));
    const { tensors, metadata } = await readGguf(source);
    expect(metadata.get('general.architecture')?.value).toBe('qwen2');
    const [model] = golden('tiny-qwen2').slice(1);
    const published = Buffer.from(await model.read(0, model.size));
    const found = async (name: string) => {
      const { start, bytes } = tensors.find((tensor) => tensor.name === name)!;
      return published.includes(Buffer.from(await source.read(start, start + bytes)));
    };
    expect(await found('blk.1.attn_q.weight')).toBe(true);
    expect(await found('blk.0.attn_k.bias')).toBe(true);
  });

  test('of a LLaMA are in adjacent pairs, which its safetensors are not', async () => {
    const checkpoint = await openCheckpoint(golden('tiny-llama'));
    const source = bytesSource(await bytesOf(exported(checkpoint, weightTensors(checkpoint, 'keep'))));
    const { tensors } = await readGguf(source);
    const [model] = golden('tiny-llama').slice(1);
    const published = Buffer.from(await model.read(0, model.size));
    const found = async (name: string) => {
      const { start, bytes } = tensors.find((tensor) => tensor.name === name)!;
      return published.includes(Buffer.from(await source.read(start, start + bytes)));
    };
    expect(await found('blk.0.attn_q.weight')).toBe(false);
    expect(await found('blk.0.attn_v.weight')).toBe(true);
  });
});

test('kinds that ggml has no type for become F16', async () => {
  const checkpoint = await openCheckpoint(golden('tiny-qwen2'));
  const gate = 'model.layers.1.mlp.gate_proj.weight';
  const tensors = weightTensors(checkpoint, 'keep').map((tensor): WeightTensor => {
    if (tensor.name !== gate) return tensor;
    return {
      ...tensor,
      kind: 'q4ox16',
      async *groups() {
        for await (const group of tensor.groups()) {
          yield { ...quantizeRows(group, 'q4ox16'), rowStart: group.rowStart };
        }
      },
    };
  });
  const back = await reopened(checkpoint, tensors);
  expect(back.tensors.get(gate)?.type).toBe('F16');
  const [stored, read] = [await values(tensors), await values(weightTensors(back, 'keep'))];
  const codes = stored.get(gate)!;
  expect(read.get(gate)).toEqual(dequantizeRows(packRows(codes, 'f16', 1, codes.length)));
});

describe('tokenizers', () => {
  const path = new URL('../../tokenizer/golden/tokenizers.json', import.meta.url);
  const all = JSON.parse(readFileSync(path, 'utf8')) as Record<
    string,
    { json?: TokenizerJson; cases: [string, number[]][] }
  >;
  const jsons = Object.entries(all).filter(([, { json }]) => json);

  test.each(jsons)('a tokenizer.json like %s, as metadata, gives the golden ids', async (_, { json, cases }) => {
    const definition = { kind: 'huggingface', json: JSON.stringify(json) } as const;
    const size = createTokenizer({ definition, eosIds: [], addBos: false, specialTokens: {} }).vocabSize;
    const back = await throughHeader({ definition, eosIds: [], addBos: false, specialTokens: {} }, size + 3);
    expect(back.definition).toMatchObject({ kind: 'gguf' });
    const tokenizer = createTokenizer(back);
    for (const [text, ids] of cases) expect(tokenizer.encode(text), text).toEqual(ids);
  });

  test('a split that has no name in GGUF is refused', () => {
    const json = JSON.stringify({
      model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
      pre_tokenizer: { type: 'Split', pattern: { Regex: 'x+' }, behavior: 'Isolated', invert: false },
    });
    const spec = { definition: { kind: 'huggingface', json }, eosIds: [], addBos: false, specialTokens: {} } as const;
    expect(() => tokenizerMetadata(spec, 1)).toThrow('no name for');
  });
});

describe('the writer', () => {
  const metadata = new Map([['general.architecture', { type: 'string', value: 'llama' }]] as const);
  const one = (type: 'F32' | 'Q4_K', shape: readonly number[], bytes: number) =>
    writeGguf({
      metadata,
      tensors: [
        {
          name: 'a',
          type,
          shape,
          async *pieces() {
            yield new Uint8Array(bytes);
          },
        },
      ],
    });

  test('writes every type of value as it is read', async () => {
    const scalars = [
      ['u8', 200],
      ['i8', -3],
      ['u16', 60_000],
      ['i16', -300],
      ['u32', 4e9],
      ['i32', -2e9],
      ['f32', 0.5],
      ['bool', true],
      ['string', 'ä ▁'],
      ['u64', 2n ** 63n],
      ['i64', -5],
      ['f64', 0.1],
    ] as const;
    const nested = { type: 'array', of: 'array', value: [{ type: 'array', of: 'i16', value: [1, -2] }] } as const;
    const written = new Map<string, GgufValue>([
      ...scalars.map(([type, value]) => [`a.${type}`, { type, value }] as const),
      ['b', nested],
    ]);
    const file = await readGguf(bytesSource(await bytesOf(writeGguf({ metadata: written, tensors: [] }))));
    expect([...file.metadata]).toEqual([...written]);
  });

  test('refuses tensors that are not what they say', async () => {
    await expect(bytesOf(one('F32', [3, 2], 20))).rejects.toThrow('size of its shape');
    await expect(bytesOf(one('F32', [3, 2], 24))).resolves.toHaveLength(128 + 32);
  });

  test('rows of a super-block type that are not whole blocks are refused by the reader', async () => {
    const good = bytesSource(await bytesOf(one('Q4_K', [512, 2], 576)), 'k.gguf');
    expect((await readGguf(good)).tensors[0]).toMatchObject({ type: 'Q4_K', bytes: 576 });
    const bytes = await bytesOf(one('Q4_K', [512, 2], 576));
    // the width stands after the tensor's name and its number of dimensions
    const at = Buffer.from(bytes).indexOf(Buffer.from(BigUint64Array.of(512n).buffer));
    new DataView(bytes.buffer).setBigUint64(at, 172n, true);
    await expect(readGguf(bytesSource(bytes, 'k.gguf'))).rejects.toThrow(
      /rows of 172, and Q4_K comes in whole blocks of 256/,
    );
  });
});
