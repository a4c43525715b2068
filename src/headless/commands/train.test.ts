// What `train` refuses, before it asks for a device.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { headless } from '../testing/headless';
import { TALES } from '../../testing/fixtures';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-train-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
function file(content: unknown, name = `${files++}.json`): string {
  const path = join(scratch, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const row = (ids: readonly number[]) => `${JSON.stringify({ input_ids: ids, labels: ids })}\n`;
const data = file(row([1, 5, 6, 7]).repeat(4), 'data.jsonl');

test('wrong usage', { timeout: 60_000 }, () => {
  expect(headless('train', '--model', TALES, '--data', data)).toMatchObject({ code: 2, lines: [] });
  const argv = ['--model', TALES, '--data', data, '--out', join(scratch, 'out')];
  const { code, stderr } = headless('train', ...argv, '--adapter', 'x');
  expect([code, stderr.includes('--init-adapter')]).toEqual([2, true]);
  expect(headless('train', ...argv, '--resume=no')).toMatchObject({ code: 2, lines: [] });
});

describe('with the model tales', { timeout: 60_000 }, () => {
  const train = (config: unknown, ...more: string[]) =>
    headless(
      'train',
      '--model',
      TALES,
      '--out',
      join(scratch, 'out'),
      '--config',
      file(config),
      ...(more.includes('--data') ? more : ['--data', data, ...more]),
    );

  test.each<[string, unknown, string]>([
    ['a field that is wrong', { lora_dropout: 2 }, 'lora_dropout'],
    ['lm_head', { target_modules: ['lm_head'] }, 'lm_head'],
    ['a validation set that leaves nothing', { val_set_size: 4 }, 'val_set_size'],
    ['layers that the model has not', { layers_to_transform: [5] }, 'layers_to_transform'],
    ['no JSON', '{"r": 8,}', 'JSON'],
  ])('%s is bad-config, and named', (_, config, word) => {
    const { code, lines } = train(config);
    expect(code).toBe(1);
    expect(lines).toEqual([{ error: { code: 'bad-config', message: expect.stringContaining(word) as string } }]);
    expect(existsSync(join(scratch, 'out'))).toBe(false);
  });

  test('data without labels, damaged data, a token that the model has not', () => {
    const none = file(`${JSON.stringify({ input_ids: [1, 2], labels: [-100, -100] })}\n`, 'none.jsonl');
    expect(train({}, '--data', none).lines).toMatchObject([{ error: { code: 'no-labels' } }]);
    const broken = file(`${row([1, 2])}{"input_ids": [1`, 'broken.jsonl');
    // the row that is whole would be trained on
    const refused = [{ row: 2, code: 'not-json' }, { error: { code: 'bad-dataset' } }];
    expect(train({}, '--data', broken, '--strict').lines).toMatchObject(refused);
    const foreign = file(row([1, 512]), 'foreign.jsonl');
    expect(train({}, '--data', foreign).lines).toMatchObject([
      { error: { code: 'bad-dataset', message: expect.stringMatching(/Row 1.*512/s) } },
    ]);
    expect(train({}, '--data', join(scratch, 'nowhere')).lines).toMatchObject([{ error: { code: 'no-file' } }]);
  });

  test('an adapter to begin from that is none', () => {
    const { code, lines } = train({}, '--init-adapter', join(scratch, 'nowhere'));
    expect([code, lines]).toMatchObject([1, [{ error: { code: 'no-file' } }]]);
  });
});
