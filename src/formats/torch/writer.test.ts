import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { metaParams } from '../meta/meta';
import { openCheckpoint } from '../checkpoint/open';
import { type Source, bytesSource } from '../../core/source';
import { readTorch } from './torch';
import { jsonSource, metaParts, torchFile, torchIndex, torchInput, torchShards } from '../testing/containers';
import { writeTorch } from './writer';
import { TALES } from '../../testing/fixtures';

test('what is written is read back, aligned', async () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i);
  const source = await torchFile('x.pth', [
    torchInput('a', 'F32', [2, 3], bytes),
    torchInput('b', 'BF16', [12], bytes),
    torchInput('ü', 'F16', [4, 3], bytes),
  ]);
  const { tensors } = await readTorch(source);
  expect(Array.from(tensors.values(), ({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
    ['a', 'F32', [2, 3]],
    ['b', 'BF16', [12]],
    ['ü', 'F16', [4, 3]],
  ]);
  for (const { start, bytes: length } of tensors.values()) {
    expect(start % 64).toBe(0);
    expect(await source.read(start, start + length)).toEqual(bytes);
  }
});

test('bytes that are not those of the shape are an error', async () => {
  await expect(torchFile('x', [torchInput('a', 'F32', [2], new Uint8Array(7))])).rejects.toThrow(RangeError);
});

/** A source whose bytes are made when they are read, so that it can be larger than memory. */
function sparse(parts: readonly (Uint8Array | number)[], name: string): Source & { readonly total: number } {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += typeof part === 'number' ? part : part.length;
  }
  let total = 0;
  return {
    name,
    size,
    get total() {
      return total;
    },
    async read(start, end) {
      if (!(start >= 0 && start <= end && end <= size)) throw new RangeError('out of range');
      total += end - start;
      const result = new Uint8Array(end - start);
      for (const [i, part] of parts.entries()) {
        if (typeof part === 'number') continue;
        const [from, to] = [Math.max(start, starts[i]), Math.min(end, starts[i] + part.length)];
        if (from < to) result.set(part.subarray(from - starts[i], to - starts[i]), from - start);
      }
      return result;
    },
  };
}

const D = 4096;
const F = 11008;
const V = 32001;

test('323 tensors in 27 GB of float32 are opened by reading less than 0.5 MB', async () => {
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [V, D]]];
  for (let i = 0; i < 32; i++) {
    const layer = `model.layers.${i}`;
    for (const each of ['q', 'k', 'v', 'o']) shapes.push([`${layer}.self_attn.${each}_proj.weight`, [D, D]]);
    shapes.push([`${layer}.mlp.gate_proj.weight`, [F, D]], [`${layer}.mlp.up_proj.weight`, [F, D]]);
    shapes.push([`${layer}.mlp.down_proj.weight`, [D, F]], [`${layer}.input_layernorm.weight`, [D]]);
    shapes.push([`${layer}.post_attention_layernorm.weight`, [D]]);
    shapes.push([`${layer}.self_attn.rotary_emb.inv_freq`, [64]]);
  }
  shapes.push(['model.norm.weight', [D]], ['lm_head.weight', [V, D]]);
  expect(shapes).toHaveLength(323);

  const parts = await hollow(shapes);
  const source = sparse(parts, 'pytorch_model.bin');
  expect(source.size).toBeGreaterThan(26_953_000_000);
  const config = {
    model_type: 'llama',
    architectures: ['LLaMAForCausalLM'],
    hidden_size: D,
    intermediate_size: F,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    vocab_size: V,
    rms_norm_eps: 1e-6,
  };
  const json = jsonSource(config, 'config.json');
  const vocab = Object.fromEntries(['<unk>', '<s>', '</s>', 'a'].map((token, id) => [token, id]));
  const tokenizer = { model: { type: 'BPE', vocab, merges: [] }, added_tokens: [] };
  const tokens = jsonSource(tokenizer, 'tokenizer.json');
  const checkpoint = await openCheckpoint([source, json, tokens]);
  expect(checkpoint.tensors.size).toBe(291);
  expect(checkpoint.config.vocabSize).toBe(V);
  // some 167 kB: the zip's tail and directory, the pickle, and each entry's local header
  expect(source.total).toBeLessThan(500_000);
});

/** A file of float32 tensors whose data is left out: pieces of it, and lengths of zeros. */
async function hollow(shapes: readonly (readonly [string, number[]])[]): Promise<(Uint8Array | number)[]> {
  const parts: (Uint8Array | number)[] = [];
  const writer = writeTorch(
    shapes.map(([name, shape]) => ({
      name,
      dtype: 'F32',
      shape,
      bytes: () => [lengthOnly(shape.reduce((product, each) => product * each, 4))],
    })),
    'pytorch_model',
  );
  for await (const piece of writer) parts.push(piece.constructor === Uint8Array ? piece : piece.length);
  return parts;
}

/** Stands for zeros without having them: the writer asks for a length and a checksum. */
function lengthOnly(length: number): Uint8Array<ArrayBuffer> {
  class Hollow extends Uint8Array<ArrayBuffer> {
    override get length() {
      return length;
    }
  }
  return new Hollow(new ArrayBuffer(0));
}

describe('the model tales in every layout', () => {
  const sources = (...names: string[]) => names.map((name) => bytesSource(readFileSync(`${TALES}/${name}`), name));
  const bytes = (tensor: Tensor) => tensor.readRows(0, tensor.rows);
  const open = () => openCheckpoint(sources('model.safetensors', 'config.json', 'tokenizer.model'));
  async function expectSame(actual: Checkpoint, expected: Checkpoint) {
    expect([...actual.tensors.keys()]).toEqual([...expected.tensors.keys()]);
    for (const [name, tensor] of expected.tensors) {
      const other = actual.tensors.get(name)!;
      expect([other.type, other.rows, other.columns], name).toEqual([tensor.type, tensor.rows, tensor.columns]);
      expect(Buffer.compare(await bytes(other), await bytes(tensor)), name).toBe(0);
      // any range of rows, through whatever view it is
      const [start, end] = [Math.floor(tensor.rows / 3), Math.ceil(tensor.rows * 0.7)];
      expect(Buffer.compare(await other.readRows(start, end), await tensor.readRows(start, end)), name).toBe(0);
    }
  }

  test.each([true, false])('PyTorch shards with an index, names with “model.”: %s', async (prefix) => {
    const expected = await open();
    const { files, map } = await torchShards(expected, prefix);
    const beside = [
      ...sources('config.json', 'tokenizer.model'),
      bytesSource(Uint8Array.of(0x50, 0x4b, 3, 4), 'training_args.bin'),
      bytesSource(new Uint8Array(0), 'optimizer.pt'),
    ];
    const torch = await openCheckpoint([...files, torchIndex(map), ...beside]);
    expect(torch.container).toBe('torch');
    expect(torch.config).toEqual(expected.config);
    await expectSame(torch, expected);
    for (const { place } of torch.tensors.values()) expect(place.file).toMatch(/^pytorch_model-0000[12]/);
    // safetensors go before PyTorch files
    const both = await openCheckpoint([...files, torchIndex(map), ...beside, ...sources('model.safetensors')]);
    expect(both.container).toBe('safetensors');
    // a browser's second download
    const [first, second] = files;
    const renamed = { ...second, name: 'pytorch_model-00002-of-00002 (1).bin' };
    await expectSame(await openCheckpoint([first, renamed, torchIndex(map), ...beside]), expected);
    // without an index
    await expectSame(await openCheckpoint([...files, ...beside]), expected);
  });

  test('an index that promises too much, and shards that are missing, empty or double', async () => {
    const { files, map } = await torchShards(await open(), true);
    const beside = sources('config.json', 'tokenizer.model');
    const failing = (...given: Source[]) => openCheckpoint([...given, ...beside]);
    const [first, second] = files;
    const missing = { code: 'missing-file', message: expect.stringContaining('pytorch_model-00002-of-00002.bin') };
    await expect(failing(first, torchIndex(map))).rejects.toMatchObject(missing);
    const promised = { ...map, 'model.layers.9.mlp.up_proj.weight': first.name };
    await expect(failing(...files, torchIndex(promised))).rejects.toMatchObject({
      code: 'missing-tensor',
      message: expect.stringContaining('model.layers.9.mlp.up_proj.weight'),
    });
    const empty = bytesSource(new Uint8Array(0), second.name);
    await expect(failing(first, empty, torchIndex(map))).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(/00002-of-00002.*empty/),
    });
    await expect(failing(first, { ...first, name: 'pytorch_model-00003.bin' })).rejects.toMatchObject({
      code: 'corrupt-file',
    });
    await expect(failing(first)).rejects.toMatchObject({ code: 'missing-tensor' });
    await expect(openCheckpoint(files)).rejects.toMatchObject({
      code: 'missing-file',
      message: expect.stringContaining('config.json'),
    });
  });

  test.each([
    [1, false],
    [2, false],
    [2, true],
    [4, false],
  ])("Meta's layout in %i parts, the embedding by rows: %s", async (count, byRows) => {
    const expected = await open();
    const parts = await metaParts(expected, count, byRows);
    const beside = [jsonSource(metaParams(expected.config), 'params.json'), ...sources('tokenizer.model')];
    const meta = await openCheckpoint([...parts, ...beside]);
    expect(meta.container).toBe('meta');
    expect(meta.config).toEqual({ ...expected.config, contextLength: 4096 });
    await expectSame(meta, expected);
    await expectSame(await openCheckpoint([...parts.toReversed(), ...beside]), expected);
    await expect(openCheckpoint(parts)).rejects.toMatchObject({
      code: 'missing-file',
      message: expect.stringContaining('params.json'),
    });
    if (count === 1) return;
    await expect(openCheckpoint([...parts.slice(0, -1), ...beside])).rejects.toMatchObject({
      code: 'missing-file',
      message: expect.stringContaining(`consolidated.0${count - 1}.pth`),
    });
    // parts under each other's names are joined wrongly: the order matters
    const swapped = parts.map((part, i) => ({ ...part, name: parts[(i + 1) % count].name }));
    const wrong = await openCheckpoint([...swapped, ...beside]);
    const name = 'model.layers.0.mlp.gate_proj.weight';
    expect(Buffer.compare(await bytes(wrong.tensors.get(name)!), await bytes(expected.tensors.get(name)!))).not.toBe(0);
  });
});
