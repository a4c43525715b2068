// The command `dataset`, as a script sees it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { startServer } from '../../hub/testing/server.mjs';
import { headless } from '../testing/headless';
import { DATASETS } from '../../testing/fixtures';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-dataset-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}
const rows = (...outputs: string[]) => outputs.map((output, i) => ({ instruction: `Say ${i}.`, input: '', output }));

describe('dataset', { timeout: 60_000 }, () => {
  test('counts, lengths, problems by row, counted from 1', () => {
    const path = file('a.json', JSON.stringify(rows('x', '', 'y')));
    const { code, lines } = headless('dataset', '--data', path);
    expect(code).toBe(0);
    expect(lines).toEqual([
      { row: 2, code: 'empty-output', message: 'Its output is empty: it teaches the model to say nothing.' },
      {
        done: true,
        format: 'Alpaca JSON',
        rows: 3,
        kept: 3,
        dropped: 0,
        withInput: 0,
        kinds: { instruct: 3 },
        problems: { 'empty-output': 1 },
        notes: [],
        lengths: { unit: 'characters', longest: 7, histogram: [{ from: 0, to: 8, rows: 3 }] },
      },
    ]);
  });

  test('rows are the file’s, also where some were left out or hold several', () => {
    const long = { instruction: 'a', context: 'w '.repeat(2001), response: 'b' };
    const empty = { instruction: 'a', context: '', response: '' };
    const dolly = file('d.jsonl', [long, empty, empty].map((row) => JSON.stringify(row)).join('\n'));
    const found = (...options: string[]) =>
      headless('dataset', '--data', ...options)
        .lines.slice(0, -1)
        .map(({ row, code, message }) => [row, code, /row \d+/.exec(String(message))?.[0]]);
    const expected = [
      [2, 'empty-output', undefined],
      [3, 'empty-output', undefined],
      [3, 'duplicate', 'row 2'],
    ];
    expect(found(dolly)).toEqual(expected);
    const inTokens = found(dolly, '--model', 'demo');
    expect(inTokens).toEqual(expected);
    const two = { instruction: 'Do.', instances: ['p', 'q'].map((input) => ({ input, output: 'r' })) };
    const seeds = file('s.json', JSON.stringify([two, { ...two, instances: [{ input: 'x', output: '' }] }]));
    expect(found(seeds)).toEqual([[2, 'empty-output', undefined]]);
  });

  test('a model’s tokenizer says what is read and learned, as a config has it', () => {
    const path = file('b.json', JSON.stringify(rows('one', 'two words '.repeat(60))));
    const config = file(
      'config.json',
      '{"cutoff_len":64,"train_on_inputs":false,"prompt_template_name":"alpaca_short"}',
    );
    const { code, lines } = headless('dataset', '--data', path, '--model', 'demo', '--config', config);
    expect(code).toBe(0);
    const last = lines.at(-1)!;
    expect(last).toMatchObject({ cutoff: 64, ended: 1, problems: { 'too-long': 1 }, coverage: { rows: 0.5 } });
    expect(lines[0]).toMatchObject({ row: 2, code: 'too-long' });
    const { tokens, labelled } = last as { tokens: number; labelled: number };
    expect(labelled).toBeGreaterThan(0);
    expect(labelled).toBeLessThan(tokens);
    const whole = headless('dataset', '--data', path, '--model', 'demo').lines.at(-1)!;
    expect(whole['labelled']).toBe((whole['tokens'] as number) - 2);
  });

  test('OpenAlpaca’s conversion of dolly, counted', () => {
    const out = join(scratch, 'made/openalpaca.json');
    const { code, lines } = headless('dataset', '--data', `${DATASETS}/dolly.jsonl`, '--from', 'dolly', '--out', out);
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ format: 'Dolly JSON', rows: 12, kept: 12, dropped: 0, out, unconverted: 0 });
    const text = readFileSync(out, 'utf8');
    const dolly = JSON.parse(readFileSync(`${DATASETS}/dolly.jsonl`, 'utf8')) as Record<string, string>[];
    expect(JSON.parse(text)).toEqual(
      dolly.map(({ instruction, context: input, response: output }) => ({ instruction, input, output })),
    );
    expect(text.startsWith('[\n    {\n        "instruction": "')).toBe(true);
    expect(/[^\n -~]/.test(text)).toBe(false);
  });

  test('a table whose columns are named becomes Alpaca JSON', () => {
    const data = ['--data', `${DATASETS}/plants.csv`];
    const unknown = headless('dataset', ...data);
    expect(unknown.code).toBe(1);
    expect(unknown.lines.at(-1)).toMatchObject({
      error: {
        code: 'bad-dataset',
        message: expect.stringMatching(/idx, plant, Signs.*--instruction COLUMN/) as string,
      },
    });
    const out = join(scratch, 'plants.json');
    const named = headless('dataset', ...data, '--instruction', 'plant', '--output', 'reason', '--out', out);
    expect([named.code, named.lines.at(-1)]).toMatchObject([0, { rows: 60, out }]);
    expect((JSON.parse(readFileSync(out, 'utf8')) as { instruction: string }[])[0].instruction).toBe('Tomato');
  });

  test('chats of one exchange become Alpaca’s rows, others keep their form; JSON Lines by the name', () => {
    const talk = (...turns: string[]) => ({
      conversations: turns.map((value, i) => ({ from: i % 2 ? 'gpt' : 'human', value })),
    });
    const path = file(
      'chats.jsonl',
      [talk('Hi', 'Hé'), talk('Hi', 'Hé', 'Bye', 'Bye')].map((row) => JSON.stringify(row)).join('\n'),
    );
    const out = join(scratch, 'chats-out.jsonl');
    const { lines } = headless('dataset', '--data', path, '--from', 'sharegpt', '--out', out);
    expect(lines.at(-1)).toMatchObject({ format: 'ShareGPT JSON Lines', kinds: { messages: 2 }, unconverted: 1 });
    const written = readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(written[0]).toEqual({ instruction: 'Hi', input: '', output: 'Hé' });
    expect(Object.keys(written[1])).toEqual(['messages']);
  });

  test('bad rows are lines, the others are kept; with --strict they are an end', () => {
    const text = '{"instruction":"a","output":"b"}\n{"instruction":"c"}\n{"instruction":5,"output":"d"}\n{"instruc\n';
    const path = file('mixed.jsonl', text);
    const out = join(scratch, 'mixed-out.json');
    const { code, lines } = headless('dataset', '--data', path, '--out', out);
    expect(code).toBe(0);
    expect(lines.slice(0, -1).map(({ row, code: problem }) => [row, problem])).toEqual([
      [2, 'missing-field'],
      [3, 'made-text'],
      [4, 'not-json'],
    ]);
    const problems = { 'missing-field': 1, 'made-text': 1, 'not-json': 1 };
    expect(lines.at(-1)).toMatchObject({ rows: 4, kept: 2, dropped: 0, problems });
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual([
      { instruction: 'a', input: '', output: 'b' },
      { instruction: '5', input: '', output: 'd' },
    ]);
    const strict = headless('dataset', '--data', path, '--strict', '--out', join(scratch, 'none.json'));
    expect(strict.code).toBe(1);
    expect(strict.lines).toHaveLength(4);
    expect(strict.lines.at(-1)).toMatchObject({
      error: {
        code: 'bad-dataset',
        message: expect.stringMatching(/has 2 rows .* the first of them row 2\./) as string,
      },
    });
    expect(existsSync(join(scratch, 'none.json'))).toBe(false);
    // text that was converted is no reason to stop
    expect(headless('dataset', '--data', file('5.json', '[{"instruction":5,"output":"d"}]'), '--strict').code).toBe(0);
  });

  test('an encoding is named', () => {
    const path = join(scratch, 'western.csv');
    writeFileSync(path, Buffer.from('instruction,output\nGr\xfc\xdfe,b\n', 'latin1'));
    const unknown = headless('dataset', '--data', path);
    expect([unknown.code, unknown.lines.at(-1)]).toMatchObject([
      1,
      { error: { code: 'bad-dataset', message: expect.stringMatching(/--encoding windows-1252/) as string } },
    ]);
    const out = join(scratch, 'western.json');
    expect(headless('dataset', '--data', path, '--encoding', 'windows-1252', '--out', out).code).toBe(0);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject([{ instruction: 'Grüße' }]);
  });

  test('what is wrong is said: the row, the file, the usage', () => {
    const none = headless('dataset', '--data', file('c.jsonl', '{"instruction":"a"}\n'));
    expect(none.code).toBe(1);
    expect(none.lines.at(-1)).toMatchObject({
      error: { code: 'bad-dataset', message: expect.stringMatching(/^Row 1 has no field output/) as string },
    });
    expect(headless('dataset', '--data', scratch, '--encoding', 'klingon').code).toBe(2);
    expect(headless('dataset', '--data', join(scratch, 'none.json')).lines.at(-1)).toMatchObject({
      error: { code: 'no-file' },
    });
    expect(headless('dataset').code).toBe(2);
    expect(headless('dataset', '--data', scratch, '--from', 'alpacca').code).toBe(2);
  });

  test('evaluation tasks come with a warning, and exit code 0', () => {
    const { code, stderr, lines } = headless('dataset', '--data', `${DATASETS}/evaluation-tasks.jsonl`);
    expect([code, lines.at(-1)]).toMatchObject([0, { rows: 20, withInput: 14 }]);
    expect(stderr).toMatch(/Do not train on them/);
  });

  test('rows of a dataset on the Hub, with its token, and what is wrong in a sentence', async () => {
    const server = await startServer({
      repositories: {
        'datasets/owner/rows': {
          files: { 'default/train/0000.parquet': readFileSync(`${DATASETS}/alpaca.parquet`) },
          revisions: ['refs/convert/parquet'],
          gated: 'auto',
          token: 'hf_x',
        },
      },
    });
    const run = async (env: Record<string, string>, ...options: string[]) => {
      const child = spawn(process.execPath, ['tools/headless.mjs', 'dataset', ...options], {
        env: { ...process.env, HF_ENDPOINT: server.url, ...env },
      });
      let out = '';
      child.stdout.on('data', (part: Buffer) => (out += part.toString()));
      const [code] = (await once(child, 'close')) as [number];
      const last = out.trim().split('\n').at(-1) ?? '';
      return { code, last: JSON.parse(last || '{}') as Record<string, unknown> };
    };
    try {
      const token = { HF_TOKEN: 'hf_x' };
      const { code, last } = await run(token, '--data', 'hf:owner/rows', '--rows', '3');
      expect([code, last]).toEqual([0, expect.objectContaining({ done: true, rows: 3, format: 'Alpaca Parquet' })]);
      const split = await run(token, '--data', 'hf:owner/rows', '--split', 'test');
      expect(split.last).toEqual({
        error: { code: 'not-found', message: expect.stringMatching(/no split test.*train/) },
      });
      const gated = await run({}, '--data', 'hf:owner/rows');
      expect(gated.last).toEqual({ error: { code: 'gated', message: expect.stringMatching(/HF_TOKEN/) } });
      expect((await run({}, '--data', `${DATASETS}/alpaca.json`, '--split', 'train')).code).toBe(2);
    } finally {
      await server.close();
    }
  });
});
