// `merge` and `export-adapter` as a script sees them: what they print and write, and their exit codes. No device is opened.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { whileLocked } from '../node-store/lock';
import { headless } from '../testing/headless';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-adapters-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const BASE = 'src/training/golden/base';
const ADAPTER = 'src/training/golden/f32/adapter';
const EMPTY = 'src/model/golden/adapters/empty';
const OTHER = 'src/model/golden/adapters/qwen2';

const out = (name: string) => join(scratch, name);
const merge = (...argv: string[]) => headless('merge', '--model', BASE, '--adapter', ADAPTER, ...argv);

/** A safetensors file's data, without its header. */
function data(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
}

describe('merge', { timeout: 60_000 }, () => {
  test('hf: shards of the size that is asked for, and what they were made of', () => {
    const run = merge('--format', 'hf', '--dtype', 'f32', '--max-shard-size', '200KB', '--out', out('hf'));
    const files = readdirSync(out('hf'));
    expect(run).toMatchObject({ code: 0, lines: [{ done: true }] });
    expect((run.lines[0]['files'] as string[]).toSorted()).toEqual(files.toSorted());
    expect(files.filter((name) => name.startsWith('model-')).length).toBeGreaterThan(1);
    const record = JSON.parse(readFileSync(join(out('hf'), 'pronk.json'), 'utf8')) as {
      base: { files: { name: string; sha256: string }[] };
    };
    const weights = record.base.files.find(({ name }) => name === 'model.safetensors');
    expect(weights?.sha256).toMatch(/^[0-9a-f]{64}$/);
    // it is a model like any other
    expect(headless('info', '--model', out('hf')).lines).toEqual(headless('info', '--model', BASE).lines);
  });

  test('a strength, several adapters, a base that is quantized while it is read', () => {
    const one = (name: string, ...argv: string[]) => {
      const run = headless('merge', '--model', BASE, '--format', 'hf', '--dtype', 'f32', '--out', out(name), ...argv);
      expect(run.code).toBe(0);
      return data(join(out(name), 'model.safetensors'));
    };
    const whole = one('one', '--adapter', ADAPTER);
    const halves = one('halves', '--adapter', `${ADAPTER}=0.5`, '--adapter', `${ADAPTER}=0.5`);
    expect(halves.equals(whole)).toBe(true);
    expect(one('half', '--adapter', `${ADAPTER}=0.5`).equals(whole)).toBe(false);
    expect(one('q4', '--adapter', ADAPTER, '--quantize', 'q4').equals(whole)).toBe(false);
  });

  test('what cannot be is said', () => {
    expect(merge('--format', 'hf', '--dtype', 'q8_0', '--out', out('x')).code).toBe(2);
    expect(merge('--format', 'onnx', '--out', out('x')).code).toBe(2);
    expect(merge('--format', 'hf').code).toBe(2);
    expect(merge('--format', 'hf', '--max-shard-size', 'big', '--out', out('x')).code).toBe(2);
    expect(headless('merge', '--model', BASE, '--format', 'hf', '--out', out('x')).code).toBe(2);
    const code = (...argv: string[]) => {
      const { code: exit, lines } = headless('merge', '--format', 'hf', ...argv);
      return [exit, (lines.at(-1)?.['error'] as { code: string } | undefined)?.code];
    };
    expect(code('--model', BASE, '--adapter', EMPTY, '--out', out('x'))).toEqual([1, 'adapter-empty']);
    expect(code('--model', BASE, '--adapter', OTHER, '--out', out('x'))).toEqual([1, 'adapter-mismatch']);
    expect(code('--model', BASE, '--adapter', out('nowhere'), '--out', out('x'))).toEqual([1, 'no-file']);
    expect(existsSync(out('x'))).toBe(false);
    const folder = out('itself');
    mkdirSync(folder);
    for (const name of readdirSync(BASE)) copyFileSync(join(BASE, name), join(folder, name));
    expect(code('--model', folder, '--adapter', ADAPTER, '--out', folder)).toEqual([1, 'would-overwrite']);
    expect(readdirSync(folder).toSorted()).toEqual(readdirSync(BASE).toSorted());
  });

  test('of two that write one folder, the second says that it is in use', async () => {
    const folder = out('taken');
    await whileLocked(folder, async () => {
      const { code, lines } = merge('--format', 'hf', '--out', folder);
      expect([code, lines]).toMatchObject([1, [{ error: { code: 'busy' } }]]);
      expect(readdirSync(folder)).toEqual(['.pronk-lock']);
    });
    expect(merge('--format', 'hf', '--out', folder).code).toBe(0);
  });
});

describe('mix', { timeout: 60_000 }, () => {
  const mix = (...argv: string[]) =>
    headless('mix', '--model', BASE, '--adapter', `${ADAPTER}=0.7`, '--adapter', `${ADAPTER}=-0.2`, ...argv);

  test('one adapter, merged, is what both are', () => {
    const merged = (name: string, ...adapters: string[]) => {
      const named = adapters.flatMap((adapter) => ['--adapter', adapter]);
      const to = ['--format', 'hf', '--dtype', 'f32', '--out', out(name)];
      expect(headless('merge', '--model', BASE, ...named, ...to).code).toBe(0);
      return new Float32Array(Uint8Array.from(data(join(out(name), 'model.safetensors'))).buffer);
    };
    expect(mix('--out', out('both'))).toMatchObject({ code: 0, lines: [{ done: true }] });
    const live = merged('live', `${ADAPTER}=0.7`, `${ADAPTER}=-0.2`);
    const off = merged('mixed', out('both')).map((value, i) => Math.abs(value - live[i]));
    expect(Math.max(...off)).toBeLessThan(1e-6);
    expect(Math.max(...merged('other', ADAPTER).map((value, i) => Math.abs(value - live[i])))).toBeGreaterThan(1e-3);
  });

  test('svd says how far it is, and what cannot be is said', () => {
    const { code, lines } = mix('--method', 'svd', '--rank', '1', '--out', out('svd'));
    expect([code, lines.length]).toEqual([0, 2]);
    const { error, maps } = lines[0]['mix'] as { error: number; maps: Record<string, number> };
    expect(error).toBeGreaterThan(0.01);
    expect(Object.values(maps).every((each) => each > 0 && each < 1)).toBe(true);
    expect(mix('--rank', '3', '--out', out('no')).code).toBe(2);
    expect(mix('--method', 'ties', '--density', '0', '--out', out('no'))).toMatchObject({
      code: 1,
      lines: [{ error: { code: 'bad-mix' } }],
    });
  });
});

describe('export-adapter', { timeout: 60_000 }, () => {
  const take = (from: string, format: string, to: string) =>
    headless('export-adapter', '--model', BASE, '--adapter', from, '--format', format, '--out', out(to));

  test('there and back through each format is the same adapter', () => {
    for (const format of ['peft', 'gguf', 'mlx']) {
      const run = take(ADAPTER, format, format);
      expect(run).toMatchObject({ code: 0, lines: [{ done: true }] });
      expect((run.lines[0]['files'] as string[]).toSorted()).toEqual(readdirSync(out(format)).toSorted());
      const back = format === 'gguf' ? join(out(format), 'adapter.gguf') : out(format);
      expect(take(back, 'peft', `${format}-back`).code).toBe(0);
      const bytes = data(join(out(`${format}-back`), 'adapter_model.safetensors'));
      expect(bytes.equals(data(join(out('peft'), 'adapter_model.safetensors')))).toBe(true);
    }
    const half = take(`${ADAPTER}=0.5`, 'peft', 'half');
    expect(half.code).toBe(0);
    const alpha = (name: string) =>
      (JSON.parse(readFileSync(join(out(name), 'adapter_config.json'), 'utf8')) as { lora_alpha: number }).lora_alpha;
    expect(alpha('half')).toBe(alpha('peft') / 2);
  });

  test('an empty one is called empty', () => {
    const { code, lines } = take(EMPTY, 'peft', 'x');
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ error: { code: 'adapter-empty', message: expect.stringContaining('empty') } });
  });
});
