// `--adapter` on the commands that compute, against the same adapter merged.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { slow } from '../gpu/testing/slow';
import { writePeft } from '../formats/adapters/index';
import { openCheckpoint } from '../formats/checkpoint/open';
import { madeUp } from '../formats/testing/adapter';
import { relative } from '../ops/testing/numbers';
import { modelFiles } from './node-store/files';
import { headless } from './testing/headless';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-adapters-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const BASE = 'src/training/golden/base';
const ADAPTER = 'src/training/golden/q4/adapter';

function logits(...argv: string[]): Float32Array {
  const file = join(scratch, 'logits.bin');
  expect(headless('logits', '--ids', '1,5,9,30,12,44', '--out', file, ...argv).code).toBe(0);
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}

test.skipIf(slow)(
  'logits: an adapter, half of it, two halves, and a quantized base are what merging makes (skipped on SwiftShader but in test:long)',
  () => {
    const base = ['--model', BASE, '--quantize', 'q4'];
    const merged = (name: string, ...argv: string[]) => {
      const out = join(scratch, name);
      const run = headless('merge', ...base, ...argv, '--format', 'hf', '--dtype', 'f32', '--out', out);
      expect(run.code).toBe(0);
      return logits('--model', out);
    };
    const whole = logits(...base, '--adapter', ADAPTER);
    expect(relative(whole, merged('whole', '--adapter', ADAPTER))).toBeLessThan(1e-4);
    expect(relative(whole, logits(...base))).toBeGreaterThan(1e-3);
    const half = logits(...base, '--adapter', `${ADAPTER}=0.5`);
    expect(relative(half, merged('half', '--adapter', `${ADAPTER}=0.5`))).toBeLessThan(1e-4);
    expect(relative(half, whole)).toBeGreaterThan(1e-3);
    expect(relative(logits(...base, '--adapter', `${ADAPTER}=0.5`, '--adapter', `${ADAPTER}=0.5`), whole)).toBeLessThan(
      1e-5,
    );
  },
);

test.skipIf(slow)(
  'generate and bench take it too; one that does not fit is named before a device is opened (skipped on SwiftShader but in test:long)',
  async () => {
    const own = join(scratch, 'own');
    mkdirSync(own);
    const { config } = await openCheckpoint(await modelFiles('public/demo-model/pronk-6m-q8_0.gguf'));
    for (const { name, pieces } of writePeft(madeUp(config, 3), config))
      writeFileSync(join(own, name), Buffer.concat(pieces));
    const text = (...argv: string[]) =>
      headless('generate', '--model', 'demo', '--prompt', 'The', '--max-tokens', '12', ...argv).lines.at(-1)!;
    expect(text('--adapter', own)).toMatchObject({ done: true });
    expect(text('--adapter', own)['text']).not.toBe(text()['text']);
    expect(text('--adapter', `${own}=0`)['text']).toBe(text()['text']);
    const bench = headless('bench', '--model', 'demo', '--adapter', own, '--prompt-tokens', '8', '--tokens', '4');
    const { memory } = bench.lines.at(-1) as { memory: Record<string, number> };
    expect(memory['adapters']).toBeGreaterThan(0);
    const wrong = headless('logits', '--model', 'demo', '--ids', '1', '--adapter', ADAPTER);
    expect(wrong).toMatchObject({ code: 1, lines: [{ error: { code: 'adapter-mismatch' } }] });
    expect(wrong.stderr).not.toContain('Adapter:');
    expect(headless('logits', '--model', BASE, '--ids', '1', '--adapter', `${ADAPTER}=much`).code).toBe(2);
  },
);
