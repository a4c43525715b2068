import type { ModelConfig } from '../../core/model-config';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { feedForwardFormula, metaParams } from './meta';
import { toMetaName } from '../checkpoint/tensor-names';
import { openCheckpoint } from '../checkpoint/open';
import { type Source, bytesSource } from '../../core/source';

const golden = (name: string) => readFileSync(`src/formats/golden/${name}`);
const jsonSource = (json: object, name: string) => bytesSource(new TextEncoder().encode(JSON.stringify(json)), name);
const params = JSON.parse(golden('meta-params.json').toString()) as Record<string, unknown>;
const tokenizer = jsonSource({ model: { type: 'BPE', vocab: { a: 0 }, merges: [] } }, 'tokenizer.json');
const part = (number: number) => bytesSource(golden(`meta-consolidated.0${number}.pth`), `consolidated.0${number}.pth`);
const open = (parts: readonly Source[], json: object = params) =>
  openCheckpoint([...parts, jsonSource(json, 'llama-2/params.json'), tokenizer]);

async function eighths(source: Promise<Uint8Array<ArrayBuffer>>): Promise<number[]> {
  const halves = new Uint16Array((await source).buffer);
  return Array.from(new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer), (each) => each * 8);
}

test('two parts that Python cut are whole again', async () => {
  const checkpoint = await open([part(1), part(0)]);
  const expected = JSON.parse(golden('meta.json').toString()) as Record<string, number[]>;
  expect(checkpoint.name).toBe('llama-2');
  expect([...checkpoint.tensors.keys()].map(toMetaName).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [name, tensor] of checkpoint.tensors) {
    expect(await eighths(tensor.readRows(0, tensor.rows)), name).toEqual(expected[toMetaName(name)!]);
    expect(tensor.place.file).toBe('consolidated.00.pth');
  }
  expect(checkpoint.config).toMatchObject({
    architecture: 'llama',
    hiddenSize: 16,
    numHeads: 4,
    numKeyValueHeads: 2,
    headDim: 4,
    intermediateSize: 48,
    vocabSize: 10,
    contextLength: 4096,
    tieWordEmbeddings: false,
  });
});

describe('what params.json says and leaves out', () => {
  const config = async (json: object) => (await open([part(0), part(1)], { ...params, ...json })).config;

  test('the context goes by the generation', async () => {
    expect((await config({ norm_eps: 1e-6, n_kv_heads: 2 })).contextLength).toBe(4096);
    expect((await config({ rope_theta: 500000 })).contextLength).toBe(8192);
    expect((await config({ rope_theta: 1000000 })).contextLength).toBe(16384);
    expect((await config({ use_scaled_rope: true, rope_theta: 500000 })).contextLength).toBe(131072);
    expect((await config({ max_seq_len: 777 })).contextLength).toBe(777);
  });

  test('scaled RoPE', async () => {
    expect((await config({ use_scaled_rope: true })).ropeScaling).toEqual({
      type: 'llama3',
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 8192,
    });
    expect((await config({ use_scaled_rope: true, rope_scaling_factor: 8 })).ropeScaling).toMatchObject({ factor: 8 });
    expect((await config({})).ropeScaling).toBeUndefined();
  });

  test('Mistral’s own files', async () => {
    const mistral = { hidden_dim: 48, sliding_window: 4096 };
    expect(await config(mistral)).toMatchObject({ architecture: 'mistral', contextLength: 32768, slidingWindow: 4096 });
  });

  test("Meta's feed-forward widths", () => {
    expect(feedForwardFormula({ multiple_of: 256 }, 4096)).toBe(11008);
    expect(feedForwardFormula({ multiple_of: 256 }, 5120)).toBe(13824);
    expect(feedForwardFormula({ multiple_of: 4096, ffn_dim_multiplier: 1.3 }, 8192)).toBe(28672);
    expect(feedForwardFormula({ multiple_of: 1024, ffn_dim_multiplier: 1.3 }, 4096)).toBe(14336);
    expect(feedForwardFormula({ multiple_of: 256, ffn_dim_multiplier: 1.5 }, 2048)).toBe(8192);
  });
});

describe('params.json for a configuration', () => {
  const seven: ModelConfig = {
    architecture: 'llama',
    vocabSize: 32000,
    hiddenSize: 4096,
    intermediateSize: 11008,
    numLayers: 32,
    numHeads: 32,
    numKeyValueHeads: 32,
    headDim: 128,
    contextLength: 2048,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    tieWordEmbeddings: false,
  };

  test('LLaMA 7B’s is the published one', () => {
    const published = { dim: 4096, multiple_of: 256, n_heads: 32, n_layers: 32, norm_eps: 1e-6, vocab_size: 32000 };
    expect(metaParams(seven)).toEqual(published);
  });

  test('the formula gives any F back', () => {
    const widths = [64, 2048, 3200, 4096, 5120, 8192];
    for (const width of widths) {
      for (const intermediateSize of [172, 8640, 5632, 11008, 13824, 14336, 28672, 999, 12345, 1]) {
        const wanted = { ...seven, hiddenSize: width, headDim: width / 32, intermediateSize };
        expect(feedForwardFormula(metaParams(wanted), width), `${width}, ${intermediateSize}`).toBe(intermediateSize);
      }
    }
  });

  test('what it cannot say is an error', () => {
    for (const change of [{ architecture: 'qwen2' }, { headDim: 64 }, { slidingWindow: 9 }] as const) {
      expect(() => metaParams({ ...seven, ...change })).toThrow(/safetensors/);
    }
  });
});

describe('what is wrong is named', () => {
  const failure = (...args: Parameters<typeof open>) => expect(open(...args)).rejects;

  test('a part that is missing', async () => {
    await failure([part(0)]).toMatchObject({
      code: 'missing-file',
      message: expect.stringContaining('consolidated.01.pth'),
    });
    await failure([part(1), { ...part(0), name: 'consolidated.02.pth' }]).toMatchObject({
      message: expect.stringContaining('consolidated.00.pth'),
    });
  });

  test('no params.json, whatever the part is called', async () => {
    for (const name of ['consolidated.00.pth', 'model.pt', 'download']) {
      const given = openCheckpoint([{ ...part(0), name }, tokenizer]);
      await expect(given).rejects.toMatchObject({
        code: 'missing-file',
        message: expect.stringContaining('params.json'),
      });
    }
  });

  test('a part without a number, and params.json of another model', async () => {
    await failure([part(0), { ...part(1), name: 'consolidated.pth' }]).toMatchObject({ code: 'unsupported-format' });
    await failure([part(0), part(1)], { ...params, n_layers: 2 }).toMatchObject({ code: 'missing-tensor' });
    await failure([part(0), part(1)], { ...params, dim: 32 }).toMatchObject({
      code: expect.stringMatching(/corrupt-file|missing-file/),
    });
    await failure([part(0), part(1)], { dim: 'x', n_layers: 1 }).toMatchObject({ code: 'corrupt-file' });
  });
});
