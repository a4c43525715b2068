import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, Tensor } from './checkpoint';
import { metaParams } from './meta';
import { openCheckpoint } from './open';
import { toMetaName } from './names';
import { toHalfSplit } from './permute';
import { type Source, bytesSource } from './source';
import { readTorch } from './torch';
import { type TorchInput, writeTorch } from './torch-writer';

async function file(name: string, tensors: readonly TorchInput[]): Promise<Source> {
  return bytesSource(new Uint8Array(await new Blob(await pieces(tensors)).arrayBuffer()), name);
}

async function pieces(tensors: readonly TorchInput[]): Promise<Uint8Array<ArrayBuffer>[]> {
  const all: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of writeTorch(tensors)) all.push(piece);
  return all;
}

const input = (name: string, dtype: TorchInput['dtype'], shape: number[], bytes: Uint8Array): TorchInput => ({
  name,
  dtype,
  shape,
  bytes: () => [Uint8Array.from(bytes)],
});

test('what is written is read back, aligned', async () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i);
  const source = await file('x.pth', [
    input('a', 'F32', [2, 3], bytes),
    input('b', 'BF16', [12], bytes),
    input('ü', 'F16', [4, 3], bytes),
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
  await expect(file('x', [input('a', 'F32', [2], new Uint8Array(7))])).rejects.toThrow(RangeError);
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
  expect(checkpoint.config.vocabularySize).toBe(V);
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

const jsonSource = (json: object, name: string) => bytesSource(new TextEncoder().encode(JSON.stringify(json)), name);
const index = (weights: object) => jsonSource({ weight_map: weights }, 'pytorch_model.bin.index.json');

const folder = '../shared/data/stories260K';

describe.skipIf(!existsSync(folder))('stories260K in every layout (skipped where ../shared/data is absent)', () => {
  const sources = (...names: string[]) => names.map((name) => bytesSource(readFileSync(`${folder}/${name}`), name));
  const bytes = (tensor: Tensor) => tensor.readRows(0, tensor.rows);
  const open = () => openCheckpoint(sources('model.safetensors', 'config.json', 'tokenizer.model'));
  const dtype = ({ type }: Tensor) => type as TorchInput['dtype'];
  const shape = ({ rows, columns }: Tensor) => (rows === 1 ? [columns] : [rows, columns]);

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

  async function shards(checkpoint: Checkpoint, prefix: boolean) {
    const inputs: TorchInput[] = [];
    for (const [name, tensor] of checkpoint.tensors) {
      const plain = await bytes(tensor);
      const rotated = /\.[qk]_proj\./.test(name);
      const data = rotated ? toHalfSplit(plain, plain.length / tensor.rows, checkpoint.config.headWidth) : plain;
      inputs.push(input(prefix ? name : name.replace(/^model\./, ''), dtype(tensor), shape(tensor), data));
    }
    inputs.push(input('model.layers.0.self_attn.rotary_emb.inv_freq', 'F32', [4], new Uint8Array(16)));
    const half = inputs.length >> 1;
    const names = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'];
    const halves = [inputs.slice(0, half), inputs.slice(half)];
    const map = Object.fromEntries(halves.flatMap((each, i) => each.map(({ name }) => [name, names[i]])));
    return { files: await Promise.all(halves.map((each, i) => file(names[i], each))), map };
  }

  test.each([true, false])('PyTorch shards with an index, names with “model.”: %s', async (prefix) => {
    const expected = await open();
    const { files, map } = await shards(expected, prefix);
    const beside = [
      ...sources('config.json', 'tokenizer.model'),
      bytesSource(Uint8Array.of(0x50, 0x4b, 3, 4), 'training_args.bin'),
      bytesSource(new Uint8Array(0), 'optimizer.pt'),
    ];
    const torch = await openCheckpoint([...files, index(map), ...beside]);
    expect(torch.container).toBe('torch');
    expect(torch.config).toEqual(expected.config);
    await expectSame(torch, expected);
    for (const { place } of torch.tensors.values()) expect(place.file).toMatch(/^pytorch_model-0000[12]/);
    // safetensors go before PyTorch files
    const both = await openCheckpoint([...files, index(map), ...beside, ...sources('model.safetensors')]);
    expect(both.container).toBe('safetensors');
    // a browser's second download
    const [first, second] = files;
    const renamed = { ...second, name: 'pytorch_model-00002-of-00002 (1).bin' };
    await expectSame(await openCheckpoint([first, renamed, index(map), ...beside]), expected);
    // without an index
    await expectSame(await openCheckpoint([...files, ...beside]), expected);
  });

  test('an index that promises too much, and shards that are missing, empty or double', async () => {
    const { files, map } = await shards(await open(), true);
    const beside = sources('config.json', 'tokenizer.model');
    const failing = (...given: Source[]) => openCheckpoint([...given, ...beside]);
    const [first, second] = files;
    const missing = { code: 'missing-file', message: expect.stringContaining('pytorch_model-00002-of-00002.bin') };
    await expect(failing(first, index(map))).rejects.toMatchObject(missing);
    const promised = { ...map, 'model.layers.9.mlp.up_proj.weight': first.name };
    await expect(failing(...files, index(promised))).rejects.toMatchObject({
      code: 'missing-tensor',
      message: expect.stringContaining('model.layers.9.mlp.up_proj.weight'),
    });
    const empty = bytesSource(new Uint8Array(0), second.name);
    await expect(failing(first, empty, index(map))).rejects.toMatchObject({
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

  /** Cut as fairscale cuts. */
  async function metaParts(checkpoint: Checkpoint, count: number, embeddingByRows: boolean): Promise<Source[]> {
    const parts: TorchInput[][] = Array.from({ length: count }, () => []);
    for (const [name, tensor] of checkpoint.tensors) {
      const data = await bytes(tensor);
      const size = data.length / tensor.rows / tensor.columns;
      const byColumns = /o_proj|down_proj/.test(name) || (name.includes('embed_tokens') && !embeddingByRows);
      for (const [i, part] of parts.entries()) {
        const { rows, columns } = tensor;
        const rowRange = rows === 1 || byColumns ? [0, rows] : [(i * rows) / count, ((i + 1) * rows) / count];
        const columnRange = rows > 1 && byColumns ? [(i * columns) / count, ((i + 1) * columns) / count] : [0, columns];
        const cut: number[] = [];
        for (let row = rowRange[0]; row < rowRange[1]; row++) {
          for (let at = columnRange[0] * size; at < columnRange[1] * size; at++)
            cut.push(data[row * columns * size + at]);
        }
        const sizes = [rowRange[1] - rowRange[0], columnRange[1] - columnRange[0]];
        part.push(input(toMetaName(name)!, dtype(tensor), rows === 1 ? [columns] : sizes, Uint8Array.from(cut)));
      }
    }
    for (const part of parts) part.push(input('rope.freqs', 'F32', [4], new Uint8Array(16)));
    return Promise.all(parts.map((part, i) => file(`consolidated.0${i}.pth`, part)));
  }

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
