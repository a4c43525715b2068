// `weight-diff` as a script sees it: a tiny model's diff is made and recovered, and what is written is what was summed.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors/safetensors';
import { bytesSource } from '../../core/source';
import { writeTorch } from '../../formats/torch/writer';
import { saveWeightDiff } from '../../engine/patches/weight-diff';
import { folderFiles } from '../node-store/files';
import { directory } from '../node-store/folder';
import { headless } from '../testing/headless';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-diff-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]) => join(scratch, ...names);

const WIDTH = 4;
const SHAPES: Record<string, [number, number]> = {
  'model.embed_tokens.weight': [7, WIDTH],
  'model.layers.0.self_attn.q_proj.weight': [WIDTH, WIDTH],
  'model.norm.weight': [1, WIDTH],
  'lm_head.weight': [7, WIDTH],
};
const FREQUENCIES = 'model.layers.0.self_attn.rotary_emb.inv_freq';

type Weights = Record<string, Float32Array<ArrayBuffer>>;

function floats(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const base: Weights = Object.fromEntries(
  Object.entries(SHAPES).map(([name, [rows, columns]], i) => [name, floats(rows * columns, i + 1)]),
);
/** One more token, and RoPE's frequencies as a buffer, as models of that time have them. */
const tuned: Weights = {
  ...Object.fromEntries(
    Object.entries(base).map(([name, values], i) => {
      const more = /embed|head/.test(name) ? WIDTH : 0;
      return [name, floats(values.length + more, i + 100)];
    }),
  ),
  [FREQUENCIES]: new Float32Array([1, 0.01]),
};

/** The base as the fine-tuned model has it: a row more where there is a token more. */
function resized(name: string): Float32Array {
  if (name === FREQUENCIES) return new Float32Array([1, Math.fround(0.01)]);
  const values = base[name];
  if (tuned[name].length === values.length) return values;
  const rows = values.length / WIDTH;
  const mean = Array.from({ length: WIDTH }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * WIDTH + column];
    return sum / rows;
  });
  return Float32Array.from([...values, ...mean]);
}

const diff: Weights = Object.fromEntries(
  Object.entries(tuned).map(([name, values]) => [
    name,
    Float32Array.from(values, (value, i) => Math.fround(value - resized(name)[i])),
  ]),
);
const recovered: Weights = Object.fromEntries(
  Object.entries(diff).map(([name, values]) => [
    name,
    Float32Array.from(values, (value, i) => Math.fround(value + resized(name)[i])),
  ]),
);
const sumOf = (weights: Weights) =>
  Object.values(weights)
    .flatMap((values) => [...values])
    .reduce((a, b) => a + b, 0);

const shapeOf = (name: string, values: Float32Array) =>
  /norm|inv_freq/.test(name) ? [values.length] : [values.length / WIDTH, WIDTH];

async function model(name: string, weights: Weights, torch = false): Promise<string> {
  mkdirSync(at(name));
  const tensors = Object.entries(weights).map(([key, values]) => ({
    name: key,
    dtype: 'F32' as const,
    shape: shapeOf(key, values),
    bytes: new Uint8Array(values.buffer),
  }));
  if (torch) {
    const parts: Uint8Array[] = [];
    for await (const part of writeTorch(tensors.map((each) => ({ ...each, bytes: () => [each.bytes] }))))
      parts.push(part);
    writeFileSync(at(name, 'pytorch_model.bin'), Buffer.concat(parts));
  } else writeFileSync(at(name, 'model.safetensors'), Buffer.concat(writeSafetensors(tensors)));
  writeFileSync(at(name, 'config.json'), `{"model_type":"llama","torch_dtype":"float16","of":"${name}"}`);
  writeFileSync(at(name, 'tokenizer.model'), `tokenizer of ${name}`);
  writeFileSync(at(name, 'added_tokens.json'), '{"[PAD]":7}');
  writeFileSync(at(name, 'README.md'), 'not needed');
  return at(name);
}

async function weightsIn(folder: string): Promise<Weights> {
  const found: Weights = {};
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.safetensors'))) {
    const { tensors } = await readSafetensors(bytesSource(readFileSync(join(folder, name)), name));
    for (const { name: key, dtype, shape, source, start, bytes } of tensors.values()) {
      expect(dtype).toBe('F32');
      found[key] = new Float32Array((await source.read(start, start + bytes)).buffer);
      expect(shape).toEqual(shapeOf(key, found[key]));
    }
  }
  return found;
}

beforeAll(async () => {
  await model('base', base);
  await model('base-torch', base, true);
  await model('tuned', tuned);
  await model('diff', diff);
});

test('make and recover, each to the bit', { timeout: 60_000 }, async () => {
  const made = headless('weight-diff', 'make', '--base', at('base'), '--tuned', at('tuned'), '--out', at('made'));
  expect(made).toMatchObject({ code: 0, lines: [{ done: true, ok: null }] });
  expect(made.lines[0]['sum']).toBeCloseTo(sumOf(diff), 9);
  expect(await weightsIn(at('made'))).toEqual(diff);
  expect(readdirSync(at('made'))).toEqual(['added_tokens.json', 'config.json', 'model.safetensors', 'tokenizer.model']);
  expect(JSON.parse(readFileSync(at('made/config.json'), 'utf8'))).toEqual({
    model_type: 'llama',
    torch_dtype: 'float32',
    of: 'tuned',
  });
  expect(readFileSync(at('made/tokenizer.model'), 'utf8')).toBe('tokenizer of tuned');

  const argv = ['--base', at('base-torch'), '--diff', at('made'), '--expect-sum', String(sumOf(recovered) + 0.009)];
  const back = headless('weight-diff', 'recover', ...argv, '--out', at('back'));
  expect(back).toMatchObject({ code: 0, lines: [{ done: true, ok: true }] });
  expect(await weightsIn(at('back'))).toEqual(recovered);
});

test('another sum warns', { timeout: 60_000 }, () => {
  const argv = ['--base', at('base'), '--diff', at('diff'), '--expect-sum', String(sumOf(recovered) + 0.011)];
  const { code, lines, stderr } = headless('weight-diff', 'recover', ...argv, '--out', at('warned'));
  expect({ code, lines }).toMatchObject({ code: 0, lines: [{ done: true, ok: false }] });
  expect(stderr).toContain('The sum of all weights');
});

test('weights that are not numbers warn, with and without an expected sum', { timeout: 60_000 }, async () => {
  const broken = await model('broken', { ...diff, 'model.norm.weight': new Float32Array(WIDTH).fill(NaN) });
  for (const [more, ok] of [
    [[], null],
    [['--expect-sum', '1'], false],
  ] as const) {
    const argv = ['--base', at('base'), '--diff', broken, '--out', at('not-numbers'), ...more];
    const { code, lines, stderr } = headless('weight-diff', 'recover', ...argv);
    expect({ code, lines }).toEqual({ code: 0, lines: [{ done: true, sum: null, ok }] });
    expect(stderr).toContain('are not numbers');
  }
});

test('wrong usage and folders that do not belong together', { timeout: 60_000 }, async () => {
  const run = (...argv: string[]) => headless('weight-diff', ...argv);
  expect(run().code).toBe(2);
  expect(run('apply', '--base', at('base')).code).toBe(2);
  expect(run('recover', '--base', at('base'), '--out', at('none')).code).toBe(2);
  const refused = (code: string) => ({ code: 1, lines: [{ error: { code } }] });
  const swapped = run('recover', '--base', at('tuned'), '--diff', at('base'), '--out', at('none'));
  expect(swapped).toMatchObject(refused('shape-mismatch'));
  expect(run('recover', '--base', at('base'), '--diff', at('nowhere'), '--out', at('none'))).toMatchObject(
    refused('no-file'),
  );
  const own = run('recover', '--base', at('base'), '--diff', at('diff'), '--out', at('diff'));
  expect(own).toMatchObject(refused('would-overwrite'));
  expect(await weightsIn(at('diff'))).toEqual(diff);
});

test('several shards with their index; progress to the end', async () => {
  const [files, others] = [await folderFiles(at('base')), await folderFiles(at('diff'))];
  let last = [0, 1];
  const { sum, files: written } = await saveWeightDiff('recover', files, others, await directory(at('shards')), {
    shardBytes: 150,
    onProgress: (done, total) => (last = [done, total]),
  });
  expect(sum).toBeCloseTo(sumOf(recovered), 9);
  expect(last[0]).toBe(last[1]);
  expect(written.filter(({ name }) => name.endsWith('.safetensors')).length).toBe(3);
  expect(readdirSync(at('shards'))).toEqual(written.map(({ name }) => name).toSorted());
  expect(await weightsIn(at('shards'))).toEqual(recovered);
  const { weight_map: map } = JSON.parse(readFileSync(at('shards/model.safetensors.index.json'), 'utf8')) as {
    weight_map: Record<string, string>;
  };
  expect(Object.keys(map).toSorted()).toEqual(Object.keys(recovered).toSorted());
});
