import type { ElementType } from '../../core/weight-kinds';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import { openCheckpoint } from '../checkpoint/open';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors';
import { planShards, safetensorsStream, shardIndex, type StreamedTensor } from '../safetensors/writer';
import { type Source, bytesSource } from '../../core/source';
import { writeTorch } from '../torch/writer';
import { diffCheckpoint, diffTensors } from './weight-diff';
import { allTensors } from './weight-diff-tensors';

function floats(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 10 ** ((state % 7) - 3);
  });
}

function tensor(name: string, rows: number, columns: number, bytes: Uint8Array, type: ElementType = 'F32'): Tensor {
  const size = bytes.length / rows;
  const readRows = async (start: number, end: number) => new Uint8Array(bytes.subarray(start * size, end * size));
  return { name, type, rows, columns, place: { file: 'test', start: 0 }, readRows };
}

const f32 = (name: string, rows: number, columns: number, values: Float32Array) =>
  tensor(name, rows, columns, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

const byName = (...tensors: Tensor[]) => new Map(tensors.map((each) => [each.name, each]));

async function read(tensors: ReadonlyMap<string, Tensor>, name: string): Promise<Float32Array> {
  const each = tensors.get(name)!;
  expect(each.type).toBe('F32');
  return new Float32Array((await each.readRows(0, each.rows)).slice().buffer);
}

describe('sums of tensors', () => {
  const NAME = 'model.layers.0.mlp.up_proj.weight';

  test('are rounded once, as float32 sums are', async () => {
    const [a, b] = [floats(12, 1), floats(12, 2)];
    const [base, other] = [byName(f32(NAME, 4, 3, a)), byName(f32(NAME, 4, 3, b))];
    const plus = Float32Array.from(b, (value, i) => Math.fround(value + a[i]));
    const minus = Float32Array.from(b, (value, i) => Math.fround(value - a[i]));
    expect(await read(diffTensors(base, other, 'recover'), NAME)).toEqual(plus);
    expect(await read(diffTensors(base, other, 'make'), NAME)).toEqual(minus);
    expect(minus).not.toEqual(plus);
  });

  test('a base in f16 counts with its values', async () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001]);
    const base = byName(tensor(NAME, 2, 2, new Uint8Array(halves.buffer), 'F16'));
    const other = byName(f32(NAME, 2, 2, new Float32Array([0.5, 0.25, 1, 0])));
    const third = 1365 / 4096;
    expect(await read(diffTensors(base, other, 'recover'), NAME)).toEqual(
      new Float32Array([1.5, -1.75, Math.fround(1 + third), 2 ** -24]),
    );
  });

  test.each(['model.embed_tokens.weight', 'lm_head.weight'])('%s gets a row for [PAD]: the mean', async (name) => {
    const [rows, columns] = [1000, 6];
    const values = floats(rows * columns, 3);
    const diff = floats((rows + 1) * columns, 4);
    const made = diffTensors(
      byName(f32(name, rows, columns, values)),
      byName(f32(name, rows + 1, columns, diff)),
      'recover',
    );
    const mean = Float32Array.from({ length: columns }, (_, column) => {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += values[row * columns + column];
      return sum / rows;
    });
    const expected = diff.map((value, i) => value + (i < values.length ? values[i] : mean[i % columns]));
    expect(await read(made, name)).toEqual(expected);
    // any rows, the last alone too
    const last = await made.get(name)!.readRows(rows, rows + 1);
    expect(new Float32Array(last.buffer)).toEqual(expected.slice(-columns));
    expect((await made.get(name)!.readRows(3, 3)).length).toBe(0);
  });

  test('other shapes and missing tensors are refused', () => {
    const of = (name: string, rows: number, columns = 2) => byName(f32(name, rows, columns, floats(rows * columns, 1)));
    const code = (base: ReadonlyMap<string, Tensor>, other: ReadonlyMap<string, Tensor>) => {
      try {
        diffTensors(base, other, 'recover');
      } catch (error) {
        return (error as { code: string }).code;
      }
      return undefined;
    };
    expect(code(of(NAME, 4), of(NAME, 5))).toBe('shape-mismatch');
    expect(code(of('lm_head.weight', 4), of('lm_head.weight', 6))).toBe('shape-mismatch');
    expect(code(of('lm_head.weight', 5), of('lm_head.weight', 4))).toBe('shape-mismatch');
    expect(code(of('lm_head.weight', 4, 3), of('lm_head.weight', 5))).toBe('shape-mismatch');
    expect(code(byName(), of(NAME, 4))).toBe('missing-tensor');
    // what only the base has is nobody's business
    expect(code(new Map([...of(NAME, 4), ...of('more', 1)]), of(NAME, 4))).toBeUndefined();
  });

  test('RoPE’s frequencies, which newer files leave out, are known', async () => {
    const name = 'model.layers.0.self_attn.rotary_emb.inv_freq';
    const diff = byName(f32(name, 1, 64, new Float32Array(64)));
    const values = await read(diffTensors(byName(), diff, 'recover'), name);
    expect(values[0]).toBe(1);
    expect(values[32]).toBeCloseTo(0.01, 9);
    expect(values[63]).toBe(Math.fround(10_000 ** (-126 / 128)));
  });
});

test('a checkpoint’s view is the other’s, computed', async () => {
  const NAME = 'model.norm.weight';
  const as = (name: string, values: Float32Array) =>
    ({ name, tensors: byName(f32(NAME, 1, 4, values)), config: { name } }) as unknown as Checkpoint;
  const view = diffCheckpoint(as('base', new Float32Array([1, 2, 3, 4])), as('diff', new Float32Array(4)), 'make');
  expect(view).toMatchObject({ name: 'diff', config: { name: 'diff' } });
  expect(await read(view.tensors, NAME)).toEqual(new Float32Array([-1, -2, -3, -4]));
});

describe('files', () => {
  const bytes = (values: Float32Array<ArrayBuffer>) => new Uint8Array(values.buffer);
  const streamed = (name: string, shape: number[], values: Float32Array<ArrayBuffer>, pieces = 1): StreamedTensor => ({
    name,
    dtype: 'F32',
    shape,
    async *bytes() {
      const all = bytes(values);
      const size = Math.ceil(all.length / pieces);
      for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
    },
  });

  async function written(tensors: readonly StreamedTensor[]): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of safetensorsStream(tensors)) parts.push(part);
    return Buffer.concat(parts);
  }

  test('a stream has the bytes of the writer in memory', async () => {
    const [a, b] = [floats(15, 1), floats(3, 2)];
    const stream = await written([streamed('a', [5, 3], a, 4), streamed('b', [3], b)]);
    const memory = writeSafetensors([
      { name: 'a', dtype: 'F32', shape: [5, 3], bytes: bytes(a) },
      { name: 'b', dtype: 'F32', shape: [3], bytes: bytes(b) },
    ]);
    expect(stream.equals(Buffer.concat(memory))).toBe(true);
    expect([...(await readSafetensors(bytesSource(stream, 'x.safetensors'))).tensors.keys()]).toEqual(['a', 'b']);
    const short = { ...streamed('a', [5, 3], a), shape: [5, 4] };
    await expect(written([short])).rejects.toThrow(RangeError);
  });

  test('shards are filled in order, and the index says what is where', () => {
    const tensors = ['a', 'b', 'c', 'd'].map((name, i) => streamed(name, [10 * (i + 1)], floats(10 * (i + 1), i)));
    expect(planShards(tensors).map(({ file }) => file)).toEqual(['model.safetensors']);
    const shards = planShards(tensors, 130);
    expect(shards.map(({ file, tensors: held }) => [file, held.map(({ name }) => name).join('')])).toEqual([
      ['model-00001-of-00003.safetensors', 'ab'],
      ['model-00002-of-00003.safetensors', 'c'],
      ['model-00003-of-00003.safetensors', 'd'],
    ]);
    expect(JSON.parse(shardIndex(shards))).toEqual({
      metadata: { total_size: 400 },
      weight_map: {
        a: 'model-00001-of-00003.safetensors',
        b: 'model-00001-of-00003.safetensors',
        c: 'model-00002-of-00003.safetensors',
        d: 'model-00003-of-00003.safetensors',
      },
    });
  });

  test('all tensors of a folder, in the file’s order and shape', async () => {
    const [a, b] = [floats(15, 1), floats(3, 2)];
    const folder = async (name: string, ...tensors: StreamedTensor[]): Promise<Source> =>
      bytesSource(await written(tensors), `model/${name}`);
    const one = await folder('model-1.safetensors', streamed('model.layers.0.self_attn.q_proj.weight', [5, 3], a));
    const two = await folder('model-2.safetensors', streamed('extra', [3], b));
    const found = await allTensors([one, two, bytesSource(new TextEncoder().encode('{}'), 'model/config.json')]);
    expect(Array.from(found.values(), ({ name, shape }) => [name, shape])).toEqual([
      ['model.layers.0.self_attn.q_proj.weight', [5, 3]],
      ['extra', [3]],
    ]);
    const q = found.get('model.layers.0.self_attn.q_proj.weight')!;
    expect(new Float32Array((await q.readRows(1, 3)).buffer)).toEqual(a.slice(3, 9));
    await expect(allTensors([])).rejects.toMatchObject({ code: 'unsupported-format' });
  });

  test('PyTorch files too; beside safetensors they are let be', async () => {
    const values = floats(6, 1);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const input = { name: 'a', dtype: 'F32' as const, shape: [2, 3], bytes: () => [bytes(values)] };
    for await (const part of writeTorch([input])) parts.push(part);
    const torch = bytesSource(Buffer.concat(parts), 'm/pytorch_model.bin');
    const training = bytesSource(Buffer.concat(parts), 'm/training_args.bin');
    const found = await allTensors([training, torch]);
    expect(found.get('a')!.shape).toEqual([2, 3]);
    expect(new Float32Array((await found.get('a')!.readRows(0, 2)).buffer)).toEqual(values);
    const other = bytesSource(await written([streamed('b', [6], values)]), 'm/model.safetensors');
    expect([...(await allTensors([torch, other])).keys()]).toEqual(['b']);
  });

  test('Meta’s files, with q and k in Hugging Face’s order', async () => {
    const golden = (name: string) => readFileSync(`src/formats/golden/meta-${name}`);
    const text = (json: string, name: string) => bytesSource(new TextEncoder().encode(json), `7B/${name}`);
    const files = [
      ...['consolidated.00.pth', 'consolidated.01.pth'].map((name) => bytesSource(golden(name), `7B/${name}`)),
      bytesSource(golden('params.json'), '7B/params.json'),
      text('{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[]}', 'tokenizer.json'),
    ];
    const { tensors, config } = await openCheckpoint(files);
    const found = await allTensors(files);
    expect([...found.keys()]).toEqual([...tensors.keys()]);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const [own, ours] = [tensors.get(name)!, found.get(name)!];
    const all = await own.readRows(0, own.rows);
    const rowBytes = all.length / own.rows;
    const d = config.headDim;
    // in a head, rows 0, 2, 4, … and then 1, 3, 5, …
    const order = Array.from({ length: own.rows }, (_, row) => {
      const at = row % d;
      return row - at + (at < d / 2 ? 2 * at : 2 * (at - d / 2) + 1);
    });
    const expected = Buffer.concat(order.map((row) => all.subarray(row * rowBytes, (row + 1) * rowBytes)));
    expect(expected.equals(all)).toBe(false);
    for (const [start, end] of [
      [0, own.rows],
      [1, 6],
      [5, 5],
      [own.rows - 1, own.rows],
    ]) {
      const rows = await ours.readRows(start, end);
      expect(expected.subarray(start * rowBytes, end * rowBytes).equals(rows), `${start} to ${end}`).toBe(true);
    }
    const value = 'model.layers.0.self_attn.v_proj.weight';
    expect(await found.get(value)!.readRows(0, 2)).toEqual(await tensors.get(value)!.readRows(0, 2));
    expect(found.get('model.norm.weight')!.shape).toEqual([config.hiddenSize]);
  });
});
