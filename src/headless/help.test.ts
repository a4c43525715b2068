// What --help says of each command, and how a command ends that nobody listens to.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { HelpWanted, number, type OptionTypes, parseOptions, UsageError } from './arguments';
import { COMMANDS } from './commands/index';
import { type Help, helpOf, helpText } from './help';
import { DEFAULT_CONFIG } from '../training/config';
import { headless } from './testing/headless';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-help-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('every command has its help: what it does, and an example of it', () => {
  for (const [name, { about, example }] of Object.entries(COMMANDS)) {
    expect(about).toMatch(/^[A-Z].+\.$/);
    expect(example.split(' ')[0]).toBe(name);
  }
});

/** The options that a command reads. */
async function typesOf(command: string): Promise<OptionTypes> {
  const refused = await COMMANDS[command]?.run(['--help'], () => {}).catch((error: unknown) => error);
  if (refused instanceof HelpWanted) return refused.types;
  throw new Error(`${command} --help ended otherwise`, { cause: refused });
}

test.each(Object.keys(COMMANDS))('%s --help: each option with its meaning, and an example of them', async (command) => {
  const types = await typesOf(command);
  const help = helpOf(command, types);
  expect(help.options.map(({ name }) => name)).toEqual(Object.keys(types));
  expect(help.options.every(({ about }) => /^\S.+\.$/.test(about))).toBe(true);
  const words = [...help.example.matchAll(/ --([\w-]+)/g)].map(([, name = '']) => name);
  expect(words.filter((name) => !Object.hasOwn(types, name))).toEqual([]);
  expect(help.example).toContain(` ${command} `);
});

test('defaults and bounds are those that the command reads by', async () => {
  const { options } = helpOf('generate', await typesOf('generate'));
  const found = Object.fromEntries(options.map((option) => [option.name, option]));
  expect(found['max-tokens']).toMatchObject({ value: 'N', default: 128, bounds: 'a whole number of at least 1' });
  expect(found['precision']).toMatchObject({ value: 'exact|fast|int8', default: 'fast' });
  expect(found['prompt']).not.toHaveProperty('default');
  expect(helpText(helpOf('generate', await typesOf('generate')))).toContain('--top-p N\n');
  // control: an option that nothing is said of
  expect(() => helpOf('generate', { unknown: 'text' })).toThrow(RangeError);
});

test('commands that read a config say what each setting is', async () => {
  const { settings = [] } = helpOf('train', await typesOf('train'));
  expect(settings.map(({ name }) => name)).toEqual(Object.keys(DEFAULT_CONFIG));
  expect(settings.find(({ name }) => name === 'r')).toMatchObject({
    aliases: ['lora_r'],
    default: 8,
    takes: 'a whole number from 1 to 1024',
  });
  expect(settings.every(({ about }) => /^\S.+\.$/.test(about))).toBe(true);
  expect(helpText(helpOf('dataset', await typesOf('dataset')))).toContain(
    '\n  cutoff_len, max_length, max_seq_length\n',
  );
  expect(helpOf('generate', await typesOf('generate'))).not.toHaveProperty('settings');
});

test('numbers: bounds, whole ones, and what is none', () => {
  const types = { n: number({ min: 1, max: 5, whole: true, default: 2 }), x: number({ min: 0 }) };
  expect(parseOptions([], types)).toEqual({ n: 2 });
  expect(parseOptions(['--n', '5', '--x=0.5'], types)).toEqual({ n: 5, x: 0.5 });
  for (const bad of ['0', '6', '1.5', '-5', '1e300', 'NaN', 'Infinity', '', 'two']) {
    expect(() => parseOptions(['--n', bad], types)).toThrow(UsageError);
  }
  expect(() => parseOptions(['--x', '-0.1'], types)).toThrow('--x needs a number of at least 0, not -0.1.');
  expect(() => parseOptions(['--__proto__', '1'], types)).toThrow(UsageError);
  // after an option it is a value
  expect(parseOptions(['--text', '--help'], { text: 'text' })).toEqual({ text: '--help' });
});

describe('as a script sees it', { timeout: 60_000 }, () => {
  test('--help ends with 0 and a line of JSON, wrong usage with 2 and none', () => {
    const { code, lines, stderr } = headless('train', '--model', 'demo', '--help');
    expect([code, lines.length]).toEqual([0, 1]);
    const [help] = lines as unknown as [Help];
    expect(help).toMatchObject({ command: 'train', usage: 'npm run -s headless -- train [options]' });
    expect(stderr).toContain('--init-adapter DIR');
    expect(headless('tokenize', '--model', 'demo', '--text', '--help').lines).toMatchObject([
      { ids: expect.any(Array) },
    ]);
    for (const bad of ['-5', '1e300', '0', '1.5']) {
      const ran = headless('generate', '--model', 'demo', '--prompt', 'x', '--max-tokens', bad);
      expect(ran).toMatchObject({ code: 2, lines: [] });
      expect(ran.stderr).toContain('generate --help');
    }
    expect(headless('--help').code).toBe(0);
  });

  test.skipIf(process.platform === 'win32')(
    'a reader that goes away ends a command quietly (skipped on Windows)',
    async () => {
      const argv = ['tools/headless.mjs', 'import', '--model', 'demo', '--out', join(scratch, 'piped')];
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.once('data', () => child.stdout.destroy());
      let stderr = '';
      child.stderr.on('data', (text) => (stderr += String(text)));
      expect(await once(child, 'close')).toEqual([141, null]);
      expect(stderr).not.toMatch(/error|EPIPE|at /i);
    },
  );

  test.skipIf(process.platform === 'win32')(
    'links that lead to themselves, and names too long (skipped on Windows)',
    () => {
      const loop = join(scratch, 'loop');
      symlinkSync(loop, loop);
      const long = 'x'.repeat(5000);
      expect(headless('info', '--model', loop).lines).toMatchObject([{ error: { code: 'no-file' } }]);
      expect(headless('info', '--model', long).lines).toMatchObject([{ error: { code: 'no-file' } }]);
      for (const out of [loop, join(loop, 'inner'), join(scratch, long)]) {
        const ran = headless('import', '--model', 'demo', '--out', out);
        expect(ran).toMatchObject({ code: 1, lines: [{ error: { code: 'not-a-folder' } }] });
      }
      expect(spawnSync('ls', [scratch], { encoding: 'utf8' }).stdout).not.toContain(long.slice(0, 100));
    },
  );
});
