// `train` on a device: its lines, its files, and that a killed run goes on to the same adapter, bit for bit.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slow } from '../../gpu/testing/slow';
import { headless, type Ran } from '../testing/headless';
import { TALES } from '../../testing/fixtures';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-train-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const config = {
  max_steps: 8,
  batch_size: 4,
  micro_batch_size: 2,
  learning_rate: 5e-3,
  warmup_steps: 2,
  lora_r: 4,
  lora_dropout: 0.1,
  lora_target_modules: ['q_proj', 'down_proj'],
  val_set_size: 2,
  eval_steps: 4,
  save_steps: 1,
};

describe.skipIf(slow)('train (skipped on SwiftShader but in test:long)', { timeout: 240_000 }, () => {
  const data = join(scratch, 'data.jsonl');
  const at = (name: string) => join(scratch, name);
  const argv = (out: string, settings: object = config, ...more: string[]) => {
    const path = at(`${out}.json`);
    writeFileSync(path, JSON.stringify(settings));
    return ['train', '--model', TALES, '--data', data, '--out', at(out), '--config', path, ...more];
  };
  const adapterOf = (out: string) => readFileSync(join(at(out), 'adapter_model.safetensors'));
  const steps = (lines: Ran['lines']) => lines.filter((line) => 'step' in line);
  let whole: Ran;

  beforeAll(() => {
    const rows = Array.from({ length: 10 }, (_, i) => {
      const ids = [1, ...Array.from({ length: 6 + (i % 4) }, (__, t) => 3 + ((i * 31 + t * t * 7) % 500))];
      return JSON.stringify({ input_ids: ids, labels: ids.map((id, t) => (t < 3 ? -100 : id)) });
    });
    writeFileSync(data, `${rows.join('\n')}\n`);
    whole = headless(...argv('whole'));
  }, 240_000);

  test('a line a step, a line a validation, and the adapter in PEFT’s form', () => {
    expect(whole.code).toBe(0);
    expect(whole.lines.map((line) => Object.keys(line).join())).toEqual([
      'validation',
      ...Array<string>(4).fill('step,loss,gradNorm,learningRate,tokens'),
      'validation',
      ...Array<string>(4).fill('step,loss,gradNorm,learningRate,tokens'),
      'validation',
      'done,adapter',
    ]);
    const validations = whole.lines.flatMap(({ validation }) => (validation ? [validation] : []));
    expect(validations).toMatchObject([{ step: 0, best: false }, { step: 4 }, { step: 8 }]);
    expect(steps(whole.lines).map(({ step, learningRate }) => [step, learningRate])).toEqual(
      [0, 0.5, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6].map((factor, i) => [i + 1, expect.closeTo(0.005 * factor, 12)]),
    );
    expect(whole.lines.at(-1)).toEqual({ done: true, adapter: at('whole') });
    expect(readdirSync(at('whole')).toSorted()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'checkpoint',
    ]);
    const written = JSON.parse(readFileSync(join(at('whole'), 'adapter_config.json'), 'utf8')) as object;
    expect(written).toMatchObject({ peft_type: 'LORA', r: 4, lora_alpha: 16, target_modules: ['q_proj', 'down_proj'] });
    expect(whole.stderr).toContain('fewer than 50');
  });

  test('killed at any moment and resumed: the same lines and the same adapter', async () => {
    for (const [n, lines] of [1, 4, 7].entries()) {
      const out = `killed ${n}`;
      const before = await killedAfter(argv(out), lines);
      const after = headless(...argv(out, config, '--resume'));
      expect(after.code).toBe(0);
      const kept = steps(before).filter(({ step }) => Number(step) < Number(steps(after.lines)[0]['step']));
      expect([...kept, ...steps(after.lines)]).toEqual(steps(whole.lines));
      expect(adapterOf(out).equals(adapterOf('whole'))).toBe(true);
      expect(readdirSync(join(at(out), 'checkpoint', 'shards'))).toHaveLength(4);
    }
  });

  test('interrupted, it says how to go on; a run that is done has nothing left to do', async () => {
    const out = 'interrupted';
    const before = await killedAfter(argv(out), 3, 'SIGTERM');
    expect(before.at(-1)).toMatchObject({
      error: { code: 'interrupted', message: expect.stringContaining('--resume') as string },
    });
    expect(existsSync(join(at(out), 'adapter_model.safetensors'))).toBe(false);
    const after = headless(...argv(out, config, '--resume'));
    expect(adapterOf(out).equals(adapterOf('whole'))).toBe(true);
    const again = headless(...argv(out, config, '--resume'));
    expect(again.lines).toEqual(after.lines.slice(-1));
    expect(adapterOf(out).equals(adapterOf('whole'))).toBe(true);
  });

  test('what was begun with other settings is not gone on with; without --resume it begins anew', () => {
    const other = headless(...argv('interrupted', { ...config, lora_dropout: 0.2 }, '--resume'));
    expect(other.lines).toEqual([
      { error: { code: 'checkpoint-mismatch', message: expect.stringContaining('lora_dropout') as string } },
    ]);
    // control: another seed is another adapter
    const anew = headless(...argv('interrupted', { ...config, seed: 7 }));
    expect(anew.code).toBe(0);
    expect(anew.stderr).toContain('begun anew');
    expect(adapterOf('interrupted').equals(adapterOf('whole'))).toBe(false);
  });

  test('nothing to resume is a start; two fresh runs are equal', () => {
    const run = headless(...argv('fresh', config, '--resume'));
    expect(run.lines.slice(0, -1)).toEqual(whole.lines.slice(0, -1));
    expect(adapterOf('fresh').equals(adapterOf('whole'))).toBe(true);
  });

  test('going on from an adapter: its loss, and what differs is named', () => {
    const on = headless(...argv('on', { ...config, max_steps: 1, lora_dropout: 0 }, '--init-adapter', at('whole')));
    const first = headless(...argv('first', { ...config, max_steps: 1, lora_dropout: 0 }));
    expect(on.code).toBe(0);
    expect(Number(steps(on.lines)[0]['loss'])).toBeLessThan(Number(steps(first.lines)[0]['loss']));
    for (const [change, word] of [
      [{ lora_r: 8 }, 'has r 4'],
      [{ lora_alpha: 8 }, 'lora_alpha 16'],
      [{ lora_target_modules: ['q_proj'] }, 'target_modules'],
      [{ layers_to_transform: [1] }, 'layers'],
    ] as const) {
      const { code, lines } = headless(...argv('differs', { ...config, ...change }, '--init-adapter', at('whole')));
      expect([code, lines]).toMatchObject([
        1,
        [{ error: { code: 'adapter-mismatch', message: expect.stringContaining(word) as string } }],
      ]);
    }
  });
});

/** Runs a command until it has printed so many lines, and kills it. */
async function killedAfter(argv: readonly string[], count: number, signal: NodeJS.Signals = 'SIGKILL') {
  const child = spawn(process.execPath, ['tools/headless.mjs', ...argv], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text.split('\n').length > count) child.kill(signal);
  });
  await new Promise((resolve) => child.once('close', resolve));
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
